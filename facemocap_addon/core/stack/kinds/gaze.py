# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaze: rests are held, darts are as quick as eyes are, lids follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...events.gaze.edits import EditedGaze, GazeEdit, edited
from ...events.gaze.events import GazeEvents
from ...events.gaze.finding import find_gaze
from ...events.gaze.micro import add_micro_saccades
from ...events.gaze.shaping import GazeShape, shape_gaze
from ...events.gaze.targets import scale_head, set_vergence
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import Pairs, param, record_param

#: A dart found again after an edit lies within this time (seconds) of where it was put.
_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Gaze:
    """What is done to rests, darts and targets."""

    hold: float = param(
        1.0,
        label="Hold",
        what="How much of the jitter goes while the eyes rest on something",
        low=0.0,
        high=1.0,
    )
    drift: float = param(
        1.0,
        label="Drift",
        what="How much of the slow drift stays while the eyes rest on something",
        low=0.0,
        high=2.0,
    )
    sharpen: bool = param(
        True,
        label="Sharpen Darts",
        what="Darts that a camera blurred go as fast as eyes do, from and to the same gaze with "
        "the same middle",
    )
    speed: float = param(
        1.0,
        label="Speed",
        what="How fast sharpened darts go, in parts of what eyes do",
        low=0.2,
        high=2.0,
    )
    lids: bool = param(True, label="Lids Follow", what="Lids go with sharpened darts")
    micro_hz: float = param(
        0.0,
        label="Micro-saccades",
        what="Small darts a second while the eyes rest, drawn by chance; 1 to 2 are usual",
        unit="Hz",
        low=0.0,
        high=4.0,
    )
    head_scale: float = param(
        1.0,
        label="Head",
        what="Turns of the head are scaled by this, and the eyes stay on what they look at",
        low=0.0,
        high=3.0,
    )
    vergence: float = param(
        1.0,
        label="Vergence",
        what="How far the angle between the eyes goes from its usual one, in parts of the recorded",
        low=0.0,
        high=3.0,
    )
    distances: Pairs = param(  # noqa: RUF009
        (),
        label="Distances",
        what="Seconds from the first sample on, and how many metres away the eyes meet from then "
        "on; none leaves that as recorded",
        low=0.0,
        high=100_000.0,
    )
    edits: tuple[GazeEdit, ...] = record_param(
        GazeEdit,
        label="Edits",
        what="Changes of single darts",
        example={"op": "move", "at_s": 1.25, "by_s": 0.1},
    )

    def __post_init__(self) -> None:
        if any(metres <= 0.0 for _, metres in self.distances):
            raise ValueError("distances holds one of 0 metres")


def apply(take: Take, params: Gaze, context: StepContext) -> Outcome:
    """Edit, then shape, then aim."""
    events = find_gaze(take)
    held = 0
    done = EditedGaze(take, (), 0, ())
    if params.edits:
        done = edited(take, events, params.edits)
        take = done.take
        events = find_gaze(take)
    remarks = [*_told_edits(done)]
    counts = {"saccades": len(events.saccades), "fixations": len(events.fixations)}
    if params.edits:
        counts["edits_unmatched"] = len(done.unmatched)
    shape = GazeShape(params.hold, params.drift, params.sharpen, params.speed, params.lids)
    take, counts["sharpened"] = shape_gaze(take, events, shape, own_speeds(events, done))
    if params.micro_hz:
        take, counts["micro_saccades"] = add_micro_saccades(
            take, events, params.micro_hz, context.seed
        )
    if params.vergence != 1.0 or params.distances:
        rests = np.zeros(take.samples, np.bool_)
        for fixation in events.fixations:
            rests[fixation.first : fixation.last + 1] = True
        take = set_vergence(take, params.vergence, params.distances, rests)
    take, held = scale_head(take, params.head_scale)
    if held:
        remarks.append(f"The eyes cannot stay on their target in {_samples(held)}.")
    return Outcome(take, tuple(remarks), counts)


def own_speeds(events: GazeEvents, done: EditedGaze) -> dict[int, float]:
    """Speeds of darts that have their own, by their place among those found after the edits."""
    middles = np.array([saccade.apex_s for saccade in events.saccades])
    found: dict[int, float] = {}
    for at, speed in done.speeds:
        if len(middles):
            place = int(np.argmin(np.abs(middles - at)))
            if abs(middles[place] - at) <= _AGAIN_S:
                found[place] = speed
    return found


def _told_edits(done: EditedGaze) -> list[str]:
    said: list[str] = []
    if done.unmatched:
        times = ", ".join(f"{edit.at_s:.2f}" for edit in done.unmatched[:5])
        many = len(done.unmatched) > 1
        said.append(
            f"{len(done.unmatched)} {'edits find' if many else 'edit finds'} no dart any more "
            f"(at {times} s) and {'are' if many else 'is'} left out."
        )
    if done.held:
        dart = "1 dart goes" if done.held == 1 else f"{done.held} darts go"
        said.append(f"{dart} only as far as the next one leaves room.")
    return said


def _samples(count: int) -> str:
    return "1 sample" if count == 1 else f"{count} samples"


KIND = Kind(
    "gaze",
    "Gaze",
    "Hold the eyes still while they rest, and make their darts as quick as eyes are",
    Gaze,
    apply,
)
