# SPDX-License-Identifier: GPL-3.0-or-later
"""A take laid onto a scene's frames: which frames get keys, and the control values there."""

from __future__ import annotations

import numpy as np

from .actor.example_pairs import ExampleLibrary
from .actor.example_solving import fit_to_rig_map, retarget_with_examples
from .arrays import FloatArray
from .gaze.gaze_angles import NO_NEUTRAL, Neutral, find_neutral
from .rig_maps.retargeting import SolveResult, retarget
from .rig_maps.rig_map import RigMap
from .take import Take
from .take_edits import mirror_take, trim_take
from .timebase import FRAME_SLACK, SceneClock


def solve_on_frames(  # noqa: PLR0913 - each is a choice of the person's
    take: Take,
    rig_map: RigMap,
    clock: SceneClock,
    *,
    start_frame: float = 1.0,
    range_s: tuple[float | None, float | None] = (None, None),
    mirror: bool = False,
    on_capture_times: bool = False,
    raw: bool = False,
    examples: ExampleLibrary | None = None,
    neutral: Neutral | None = None,
) -> tuple[SolveResult, FloatArray]:
    """Control values and the scene frames they belong to.

    Parameters
    ----------
    take, rig_map
    clock : SceneClock
        The scene's rate.
    start_frame : float
        Scene frame on which the take's first sample, or the start of ``range_s``, falls.
    range_s : (float or None, float or None)
        Part of the take, seconds after its first sample.
    mirror : bool
        Left and right change places.
    on_capture_times : bool
        One key per sample where it was taken; else one on every whole frame, from the first at or
        after ``start_frame`` to the first at or after the end, which holds the last value.
    raw : bool
        As `retargeting.retarget` has it; gaze keeps what else is taken for straight ahead
        (`gaze_angles.find_neutral`).
    examples : ExampleLibrary, optional
        Example pairs that correct what the rig map gives (`actor.example_solving`).
    neutral : Neutral, optional
        What the eyes come back to in the take as it is played, where its own gaze does not say
        that any more: something aimed them.

    Returns
    -------
    solved : SolveResult, n rows
    frames : (n,) float64
    """
    played = mirror_take(take) if mirror else take
    # of the whole take, so that every part of it looks the same way
    own = NO_NEUTRAL if raw else neutral or find_neutral(played)
    played, start_s, end_s = trim_take(played, *range_s)
    mapping = fit_to_rig_map(examples, rig_map, neutral=own) if examples else None

    def play(times_s: FloatArray | None) -> SolveResult:
        if mapping is None:
            return retarget(played, rig_map, times_s, raw=raw, neutral=own)
        return retarget_with_examples(played, rig_map, mapping, times_s, raw=raw, neutral=own)

    if on_capture_times:
        solved = play(None)
        solved = solved.rows((played.times >= start_s) & (played.times <= end_s))
        return solved, clock.frames(solved.times - start_s, start_frame)
    first = np.ceil(start_frame - FRAME_SLACK)
    late_s = (first - start_frame) / clock.rate_hz
    frames = first + np.arange(max(clock.span(end_s - start_s - late_s), 0) + 1, dtype=np.float64)
    times = np.minimum(start_s + clock.seconds(frames, start_frame), end_s)
    return play(times), frames
