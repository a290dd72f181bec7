# SPDX-License-Identifier: GPL-3.0-or-later
"""Take comp: how long a comp takes, and what the seams between real takes keep to.

Times are those of the processor. The seams' figures need the folder of shared files; without it
those of the sample take are printed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take
from facemocap_addon.core.take_comp import Composed, Member, Recipe, Stretch, compose

from . import ROOT, Measurement

#: Parts of the face that stretches of the test play on.
REGIONS = (("mouth", "jaw", "tongue"), ("brow", "eye", "gaze", "cheek", "nose"), ("mouth",), ())
COMPS, PART = 20, 1300
_REAL = ("JMTechArt_MySlate_3_iPhone.csv", "alexdjulin_alex_rom_3.csv")


def measure() -> list[Measurement]:
    """Processor seconds of a comp, then the figures of its seams."""
    spent: list[float] = []
    bends: list[float] = []
    busy = own = 0
    moved: list[float] = []
    for base, other in _pairs():
        for recipe in _recipes(base, other):
            began = time.process_time()
            composed = compose({"base": base, "other": other}, recipe)
            spent.append(time.process_time() - began)
            bends += [seam.bend for seam in composed.seams]
            busy += sum(seam.is_busy for seam in composed.seams)
            moved += [abs(seam.at_s - seam.asked_s) for seam in composed.seams]
            own += _is_own(composed, base)
    within = sum(bend <= 1.0 for bend in bends)
    return [
        Measurement("one comp", float(np.median(spent)), note=f"{len(spent)} comps"),
        Measurement("bend within the takes' own", None, note=f"{within} of {len(bends)} seams"),
        Measurement("largest bend of what is allowed", None, note=f"{max(bends):.3f}"),
        Measurement("seams in a blink or contact", None, note=f"{busy} of {len(bends)}"),
        Measurement("from where it was asked for", None, note=f"{np.median(moved):.2f} s (median)"),
        Measurement("base's bits outside of stretches", None, note=f"{own} of {len(spent)} comps"),
    ]


def _pairs() -> Iterator[tuple[Take, Take]]:
    """Bases and what is laid on them."""
    folder = Path(os.environ.get("FACEMOCAP_SHARED") or ROOT.parent / "shared")
    files = [folder / "takes" / "livelinkface" / name for name in _REAL]
    if not all(file.is_file() for file in files):
        sample = read_take(ROOT / "sample_rigs" / "sample_take.csv")
        half = sample.samples // 2
        yield _part(sample, 0, half), _part(sample, half, half)
        return
    short, long = map(read_take, files)
    parts = [_part(long, PART * number, PART) for number in range(3)]
    yield from ((parts[0], parts[1]), (parts[1], parts[2]), (parts[2], parts[0]), (short, long))


def _part(take: Take, first: int, count: int) -> Take:
    rows = slice(first, first + count)
    trust = None if take.confidence is None else take.confidence[rows]
    return replace(
        take,
        times=take.times[rows],
        values=take.values[rows],
        valid=take.valid[rows],
        confidence=trust,
    )


def _recipes(base: Take, other: Take) -> Iterator[Recipe]:
    """Stretches at random places, the other take shifted at random."""
    rng = np.random.default_rng(0)
    length = base.duration_s
    for number in range(COMPS):
        start = rng.uniform(0.5, length - 4.0)
        end = min(start + rng.uniform(1.5, 8.0), length - 0.5)
        shift = -rng.uniform(0.0, max(other.duration_s - length, 0.0))
        regions = REGIONS[number % len(REGIONS)]
        stretch = Stretch("other", regions, start_s=start, end_s=end)
        yield Recipe("base", {"base": Member(), "other": Member(offset_s=shift)}, (stretch,))


def _is_own(composed: Composed, base: Take) -> bool:
    """Whether everything before the first and after the last seam is the base's, to the bit."""
    out = composed.take.values[:, [composed.take.column(name) for name in base.names]]
    first, last = composed.seams[0].first, composed.seams[-1].last
    rows = np.r_[0 : first + 1, last : base.samples]
    known = base.valid[rows]
    return bool((out[rows] == base.values[rows])[known].all())
