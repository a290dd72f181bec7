# SPDX-License-Identifier: GPL-3.0-or-later
"""A solve as a take: of the character's own controls, by ARKit's names where they have them.

So what was solved can be stored, cleaned, retimed and applied like anything that was recorded; on
other characters it plays by the coefficients.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..channels import Channel, arkit_schema
from ..formats.head_pose import HEAD_ANGLES, HEAD_POSITION, head_from_matrices, position_channels
from ..rig_maps.carried_map import DETAIL, carried_detail
from ..rig_maps.rig_map import RigMap, RigMapEntry, Source
from ..rotations import continuous_head_angles
from ..take import Take, TakeSource
from ..take_sampling import sample_channels
from .outcome import PointSolve
from .performing import has_points

FORMAT = "face_mocap_solve"
#: Of a solved take's name, as a file's: what people read of a name ends before its last dot, and
#: characters may have dots in theirs.
ENDING = ".solve"
#: Where it is told, among a take's details, how it was solved.
SOLVE = "solve"
#: A frame whose points are this many times as far off as allowed is half to be trusted.
_DOUBTFUL = 3.0


def is_solved_first(take: Take) -> bool:
    """Whether a take says nothing of a face but by points in space."""
    weights = any(c.kind == "weight" and c.name in arkit_schema() for c in take.channels)
    return has_points(take) and not weights


def solved_take(source: Take, solve: PointSolve, rig_map: RigMap, character: str) -> Take:
    """The take of a solve.

    Parameters
    ----------
    source : Take
        The take of points. Its own eye angles, and what else is no point and was not solved, go
        along.
    solve : PointSolve
    rig_map : RigMap
        The character's, for the offsets and limits of its controls.
    character : str
        Its name.
    """
    channels = list(solve.unknowns.channels)
    values: list[FloatArray] = [solve.values]
    valid = [np.repeat(solve.known[:, None], len(channels), axis=1)]
    own_head = all(source.has(name) for name in HEAD_ANGLES)
    if not own_head:
        head, angles = _head(solve)
        channels += head
        values.append(angles)
        valid.append(np.ones(angles.shape, np.bool_))
    taken = {channel.name for channel in channels}
    other = [c for c in source.channels if c.kind not in ("point", "pixel") and c.name not in taken]
    other = [channel for channel in other if source.has(channel.name)]
    if other:
        channels += other
        values.append(sample_channels(source, [c.name for c in other], solve.times))
        valid.append(_near_valid(source, other, solve.times))
    table, there = np.hstack(values), np.hstack(valid)
    step = float(np.median(np.diff(solve.times))) if len(solve.times) > 1 else 1 / 60
    rate = source.timebase.rate
    if abs(float(rate) * step - 1.0) > 0.02:
        rate = Fraction(1 / step).limit_denominator(1001)
    return Take(
        times=solve.times,
        channels=tuple(channels),
        values=np.where(there, table, 0.0),
        valid=there,
        timebase=replace(source.timebase, rate=rate),
        source=TakeSource(
            f"{source.label} on {character}{ENDING}",
            FORMAT,
            {
                SOLVE: _told(source, solve, character),
                DETAIL: carried_detail(solve_map(solve, rig_map)),
            },
        ),
        confidence=_confidence(solve, table.shape),
        assumptions=source.assumptions,
        warnings=solve.sentences(),
        history=(*source.history, f'solved on "{character}"'),
    )


def solve_map(solve: PointSolve, rig_map: RigMap) -> RigMap:
    """What plays a solved take on the character: its controls by their own values."""
    entries = {entry.control: entry for entry in rig_map.entries}
    out: list[RigMapEntry] = []
    for channel, part in zip(solve.unknowns.channels, solve.unknowns.parts, strict=True):
        for key, amount in part:
            former = entries[key]
            source = Source(channel.name, float(amount))
            out.append(replace(former, sources=(source,), response=(), how="hand", confidence=1.0))
    low = solve.unknowns.changes(np.minimum(solve.unknowns.low, 0.0)[None])[0]
    high = solve.unknowns.changes(np.maximum(solve.unknowns.high, 0.0)[None])[0]
    reach = dict(zip(solve.unknowns.controls, zip(low, high, strict=True), strict=True))
    return RigMap(rig_map.rig, tuple(_widened(entry, reach[entry.control]) for entry in out))


def _widened(entry: RigMapEntry, reach: tuple[float, float]) -> RigMapEntry:
    """Limits that let through what the solve may find."""
    ends = [entry.offset + float(end) for end in reach]
    low, high = entry.limits
    return replace(entry, limits=(min(low, *ends), max(high, *ends)))


def _head(solve: PointSolve) -> tuple[list[Channel], FloatArray]:
    angles = continuous_head_angles(head_from_matrices(solve.turns))
    schema = arkit_schema()
    channels = [schema[name] for name in HEAD_ANGLES] + list(position_channels(HEAD_POSITION))
    return channels, np.hstack([angles, solve.moved])


def _near_valid(source: Take, channels: list[Channel], times: FloatArray) -> Any:
    after = np.clip(np.searchsorted(source.times, times), 1, max(source.samples - 1, 1))
    before = after - 1
    after = np.minimum(after, source.samples - 1)
    nearer = times - source.times[before] < source.times[after] - times
    columns = [source.column(channel.name) for channel in channels]
    return source.valid[np.where(nearer, before, after)][:, columns]


def _confidence(solve: PointSolve, shape: tuple[int, int]) -> FloatArray:
    off = solve.residual_mm / max(_DOUBTFUL * solve.noise_mm, 1e-9)
    sure = np.where(solve.known, 1.0 / (1.0 + off**2), 0.0)
    out = np.ones(shape)
    out[:, : len(solve.unknowns)] = sure[:, None]
    return out


def _told(source: Take, solve: PointSolve, character: str) -> dict[str, Any]:
    """How it was solved and how well: plain values that the panel and reports show."""
    return {
        "character": character,
        "points": source.digest,
        "points_name": source.source.name,
        "settings": solve.settings.to_json(),
        "fit": solve.fit().to_json(),
        "gains": {name: round(gain, 3) for name, gain in solve.gains.items()},
        "trust_mm": round(solve.noise_mm, 3),
        "residual_mm": np.round(solve.residual_mm, 3).tolist(),
        "look_at_s": [round(at, 4) for at in solve.look_at()],
        "clipped": [[name, round(share, 4)] for name, share in solve.most_clipped()],
        "repairs": solve.repairs.counts(),
    }
