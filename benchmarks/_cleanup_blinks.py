# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks and closed lips of undamaged takes through every filter, at any strength and rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import find_peaks

from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.contacts.captured import lip_contacts
from facemocap_addon.core.stack.kinds.denoise import METHODS
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, Step, make_step
from facemocap_addon.core.take import Take, make_take

from ._cleanup_takes import names, recorded

RATES = (24, 30, 60, 120)
#: What multiplies strengths and windows, and divides cut-offs.
STRENGTHS = (0.3, 3.0, 100.0)
LONGEST_S = 12.0
#: A blink rises by this much.
_RISE = 0.1


@dataclass(frozen=True)
class Loss:
    """The least part of its peak that a blink kept in one run, and lip contacts that were lost."""

    what: str
    kept: float
    contacts_lost: int


def blink_losses() -> list[Loss]:
    """A row for each take, rate, method and strength."""
    out: list[Loss] = []
    for name in names():
        for rate in RATES:
            take = at_rate(recorded(name), rate)
            blinks, contacts = blinks_of(take), lip_contacts(take)
            for method in METHODS:
                for strength in STRENGTHS:
                    done = run_stack(take, Stack((step(method, strength),))).take
                    found = lip_contacts(done)
                    lost = sum(
                        all(f.last < contact.first or f.first > contact.last for f in found)
                        for contact in contacts
                    )
                    kept = [
                        float(done.values[max(row - 1, 0) : row + 2, column].max())
                        / float(take.values[row, column])
                        for column, row in blinks
                    ]
                    what = f"{name} {rate} fps {method} x{strength:g}"
                    out.append(Loss(what, min(kept, default=1.0), lost))
    return out


def step(method: str, strength: float) -> Step:
    """A step of denoising so many times as strong as it comes."""
    return make_step(
        "denoise",
        method=method,
        strength=min(strength, 100.0),
        cutoff_hz=float(np.clip(8.0 / strength, 0.05, 120.0)),
        window_s=float(np.clip(0.12 * strength, 0.0, 5.0)),
        beta=1.5 / strength,
    )


def at_rate(take: Take, rate: int) -> Take:
    """The beginning of a take at another rate, on splines through its samples."""
    times = take.times - take.times[0]
    rows = times <= LONGEST_S
    kept = [
        column
        for column, channel in enumerate(take.channels)
        if channel.kind == "weight" and take.valid[rows, column].sum() > 3
    ]
    wanted = np.arange(0.0, times[rows][-1], 1.0 / rate)
    values = np.empty((len(wanted), len(kept)))
    for place, column in enumerate(kept):
        there = take.valid[:, column] & rows
        series: FloatArray = take.values[there, column].astype(np.float64)
        values[:, place] = CubicSpline(times[there], series)(wanted)
        values[:, place] = np.clip(values[:, place], series.min(), series.max())
    return make_take(wanted, [take.channels[column] for column in kept], values, rate=rate)


def blinks_of(take: Take) -> list[tuple[int, int]]:
    """Columns and samples of all peaks of eyeBlink."""
    out: list[tuple[int, int]] = []
    for column, name in enumerate(take.names):
        if name.startswith("eyeBlink"):
            peaks, _found = find_peaks(take.values[:, column], prominence=_RISE)
            out += [(column, int(peak)) for peak in peaks]
    return out
