# SPDX-License-Identifier: GPL-3.0-or-later
"""Undamaged takes as truth, at 60 and 120 fps, and what is done to them: noise, spikes, gaps."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import find_peaks, peak_widths

from facemocap_addon.core.arrays import BoolArray, FloatArray
from facemocap_addon.core.channels import Channel
from facemocap_addon.core.contacts.captured import LipContact, lip_contacts
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take, make_take
from sample_rigs.generator.performance import synthesise, write_live_link_csv

from . import ROOT

SHARED = Path(os.environ.get("FACEMOCAP_SHARED") or ROOT.parent / "shared") / "takes"
SAMPLE = "sample"
#: Recordings of coefficients; packets of one frame each are none.
RECORDED = {
    "slate": "livelinkface/JMTechArt_MySlate_3_iPhone.csv",
    "rom": "livelinkface/alexdjulin_alex_rom_3.csv",
    "tape": "livelinkface_udp/LLV_dao.gesichter",
    "facecap": "facecap/facecap_as_FaceCap_recording.txt",
    "azure": "azure_viseme/talking_avatar_blendData.json",
}
#: Longer takes are cut (seconds).
LONGEST_S = 40.0
#: Channels that move less say nothing.
_MOVES = 0.1
#: An event rises by this much and is above half of that no longer than this (seconds).
_RISE, _BRIEF_S = 0.1, 0.5


@dataclass(frozen=True)
class Event:
    """A quick rise and fall: column, peak, height, and where it passes half of that."""

    column: int
    peak: int
    height: float
    first: int
    last: int


@dataclass(frozen=True)
class Truth:
    """A take without damage: values (n, c), where they are known, what happens in it."""

    name: str
    rate: int
    times: FloatArray
    channels: tuple[Channel, ...]
    values: FloatArray
    known: BoolArray
    moving: BoolArray
    events: tuple[Event, ...]
    contacts: tuple[LipContact, ...]

    def take(self, values: FloatArray, valid: BoolArray | None = None) -> Take:
        """A take of other values at the same times."""
        return make_take(
            self.times, self.channels, values, valid=valid, rate=self.rate, name=self.name
        )


@dataclass(frozen=True)
class Damaged:
    """A damaged take, and where its samples were taken away (n, c)."""

    take: Take
    lost: BoolArray


def names() -> list[str]:
    """The takes that are here."""
    return [*(name for name, path in RECORDED.items() if (SHARED / path).exists()), SAMPLE]


@cache
def recorded(name: str) -> Take:
    """A take as it was recorded; the synthetic one without its gaps and glitches."""
    if name != SAMPLE:
        return read_take(SHARED / RECORDED[name])
    with tempfile.TemporaryDirectory(prefix="facemocap-bench-") as folder:
        path = Path(folder) / "sample.csv"
        write_live_link_csv(synthesise(drops=False, glitches=False), path)
        return read_take(path)


@cache
def truth(name: str, rate: int) -> Truth:
    """A take at a rate: samples between its own lie on cubic splines, its own stay."""
    take = recorded(name)
    kept = [
        column
        for column, channel in enumerate(take.channels)
        if channel.kind == "weight" and channel.region != "other" and take.valid[:, column].any()
    ]
    rows = take.times - take.times[0] <= LONGEST_S
    times = (take.times - take.times[0])[rows]
    values, known = take.values[rows][:, kept].astype(np.float64), take.valid[rows][:, kept]
    for column in range(len(kept)):
        there = known[:, column]
        values[:, column] = CubicSpline(times[there], values[there, column])(times)
    times, values, known = _finer(times, values, known, rate)
    made = make_take(times, [take.channels[k] for k in kept], values, rate=rate, name=name)
    return Truth(
        name,
        rate,
        times,
        made.channels,
        values,
        known,
        np.ptp(values, axis=0) >= _MOVES,
        _events(values, rate),
        lip_contacts(made),
    )


def _finer(
    times: FloatArray, values: FloatArray, known: BoolArray, rate: int
) -> tuple[FloatArray, FloatArray, BoolArray]:
    usual = float(np.median(np.diff(times)))
    many = max(1, round(rate * usual))
    if many == 1:
        return times, values, known
    count = (len(times) - 1) * many + 1
    place = np.arange(count) / many
    finer = np.interp(place, np.arange(len(times)), times)
    out = CubicSpline(times, values)(finer)
    # no spline goes lower than what was recorded
    out = np.maximum(out, np.minimum(values.min(axis=0), 0.0))
    out[::many] = values
    return finer, out, np.repeat(known, many, axis=0)[:count]


def _events(values: FloatArray, rate: int) -> tuple[Event, ...]:
    out: list[Event] = []
    for column in range(values.shape[1]):
        series = values[:, column]
        peaks, found = find_peaks(series, prominence=_RISE)
        if not len(peaks):
            continue
        _wide, _height, left, right = peak_widths(series, peaks, rel_height=0.5)
        for peak, rise, a, b in zip(peaks, found["prominences"], left, right, strict=True):
            if (b - a) / rate <= _BRIEF_S and 3 <= peak <= len(series) - 4:
                out.append(Event(column, int(peak), float(rise), int(np.floor(a)), int(np.ceil(b))))
    return tuple(out)


def damage(true: Truth, sigma: float, kind: str, seed: int) -> Damaged:
    """White noise; with ``spikes`` 0.3 % of these; ``rough``: bursts, glitches and gaps too."""
    rng = np.random.default_rng([seed, round(sigma * 1e4), true.rate, *true.name.encode()])
    count, width = true.values.shape
    scale, added = np.ones((count, width)), np.zeros((count, width))
    valid = true.known.copy()
    if kind == "rough":
        _roughen(true, rng, scale, added, valid)
    values = true.values + scale * sigma * rng.normal(size=(count, width)) + added
    if kind != "plain":
        hit = rng.random((count, width)) < 0.003
        hit[:2] = hit[-2:] = False
        values[hit] += rng.uniform(0.15, 0.5, hit.sum()) * rng.choice([-1, 1], hit.sum())
    return Damaged(true.take(values, valid), true.known & ~valid)


def _roughen(
    true: Truth,
    rng: np.random.Generator,
    scale: FloatArray,
    added: FloatArray,
    valid: BoolArray,
) -> None:
    """Bursts of four times the noise, glitches of 2 and 3 frames, and dropouts, by face region."""
    regions: dict[str, list[int]] = {}
    for column, channel in enumerate(true.channels):
        regions.setdefault(channel.region, []).append(column)
    groups = [regions[name] for name in sorted(regions)]
    count = len(true.times)

    def often(each_second: float) -> range:
        return range(max(1, int(rng.poisson(each_second * true.times[-1]))))

    for _ in often(0.12):
        group = groups[rng.integers(len(groups))]
        length = int(rng.uniform(0.1, 0.3) * true.rate)
        start = int(rng.integers(2, max(count - length - 2, 3)))
        scale[start : start + length, group] = 4.0
    for _ in often(0.12):
        group = [c for c in groups[rng.integers(len(groups))] if rng.random() < 0.6]
        length, start = int(rng.integers(2, 4)), int(rng.integers(2, count - 5))
        added[start : start + length, group] += rng.uniform(0.1, 0.4, len(group)) * rng.choice(
            [-1, 1], len(group)
        )
    for _ in often(0.1):
        length = max(1, int(np.exp(rng.uniform(np.log(0.02), np.log(0.5))) * true.rate))
        start = int(rng.integers(2, max(count - length - 2, 3)))
        whole = rng.random() < 0.5
        group = groups[rng.integers(len(groups))]
        valid[start : start + length, slice(None) if whole else group] = False
