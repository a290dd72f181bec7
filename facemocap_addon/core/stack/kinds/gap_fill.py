# SPDX-License-Identifier: GPL-3.0-or-later
"""Missing samples are filled, by how long they are missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray
from ...cleaning.adaptive import adaptive, bridged
from ...cleaning.gaps import Gap, fill_gaps, find_gaps
from ...cleaning.samples import Samples, samples_of
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import param

#: Noise is taken off this near to gaps (seconds).
_AROUND_S = 1.5
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class GapFill:
    """How gaps are filled."""

    short_s: float = param(
        0.1,
        label="Short",
        what="Up to this length a gap is bridged by the channel's own course alone",
        unit="s",
        low=0.0,
        high=1.0,
    )
    flagged_s: float = param(
        0.5,
        label="Flagged From",
        what="Longer gaps are filled too, and named in the report so that they are looked at",
        unit="s",
        low=0.05,
        high=60.0,
    )
    longest_s: float = param(
        10.0,
        label="Longest",
        what="Gaps longer than this stay",
        unit="s",
        low=0.0,
        high=36000.0,
    )


def apply(take: Take, params: GapFill, context: StepContext) -> Take | Outcome:
    """Fill the gaps of all channels."""
    del context
    if take.samples < 2 or take.valid.all():
        return Outcome(take, counts={"samples_filled": 0})
    samples = samples_of(take)
    filled = fill_gaps(
        samples,
        _course(samples, params.short_s),
        short_s=params.short_s,
        longest_s=params.longest_s,
    )
    counts = {
        "samples_filled": int(filled.filled.sum()),
        "gaps": len(filled.gaps),
        "gaps_flagged": sum(gap.seconds > params.flagged_s for gap in filled.gaps),
        "gaps_left": len(filled.left),
    }
    remarks = _remarks(take, filled.gaps, params.flagged_s, "was filled by guessing: look at it")
    recorded = set(np.flatnonzero(take.valid.any(axis=0)).tolist())
    left = [gap for gap in filled.left if recorded & set(gap.columns)]
    remarks += _remarks(take, left, 0.0, "stays")
    if not filled.filled.any():
        return Outcome(take, tuple(remarks), counts)
    out = np.where(filled.filled, filled.values.astype(np.float32), take.values)
    valid = take.valid | filled.filled
    return Outcome(take.changed("gap fill", values=out, valid=valid), tuple(remarks), counts)


def _course(samples: Samples, short_s: float) -> FloatArray:
    """Values ``(n, c)`` bridged by straight lines, without their noise near the longer gaps."""
    times, values, valid = samples.times, samples.values, samples.valid
    out = bridged(values, valid)
    near = np.zeros(len(times), np.bool_)
    for gap in find_gaps(valid, times):
        if gap.seconds > short_s or gap.last - gap.first > 1:
            near |= (times > times[gap.first] - _AROUND_S) & (times < times[gap.last] + _AROUND_S)
    if near.any():
        # all that is near gaps at once: what lies between counts as a pause of the recording
        out[near] = adaptive(
            times[near], values[near], valid[near], samples.noise, regions=samples.roles.regions
        ).values
    return out


def _remarks(take: Take, gaps: list[Gap] | tuple[Gap, ...], over_s: float, what: str) -> list[str]:
    """A sentence for each of the gaps that are longer than that, the longest first."""
    told = sorted((gap for gap in gaps if gap.seconds > over_s), key=lambda gap: -gap.seconds)
    recorded = int(take.valid.any(axis=0).sum())
    out: list[str] = []
    for gap in told[:_SHOWN]:
        who = f"{len(gap.columns)} channels"
        if len(gap.columns) == 1:
            who = take.names[gap.columns[0]]
        elif len(gap.columns) >= recorded:
            who = "the whole face"
        out.append(f"{take.times[gap.first]:.2f} to {take.times[gap.last]:.2f} s of {who} {what}.")
    if len(told) > _SHOWN:
        out.append(
            f"So do {len(told) - _SHOWN} more gaps."
            if what == "stays"
            else f"So were {len(told) - _SHOWN} more gaps."
        )
    return out


KIND = Kind(
    "gap_fill",
    "Fill Gaps",
    "Fill missing samples from the curve itself and from what the rest of the face does",
    GapFill,
    apply,
    fills=True,
)
