# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of life: what each takes for a minute of 60 fps, and the figures that are promised.

Figures without seconds stand in the notes; those of real takes need the folder of shared files.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.contacts.captured import eye_closure, lip_contacts
from facemocap_addon.core.health.columns import columns_of
from facemocap_addon.core.health.eye_blinks import find_blinks
from facemocap_addon.core.layers.breath_plan import PATTERNS, QUIET, SIGH, SPOKEN, Hold
from facemocap_addon.core.layers.breathing import Breathing, add_breath
from facemocap_addon.core.layers.draws import Draws
from facemocap_addon.core.layers.sides import measure_sides, pairs_of
from facemocap_addon.core.layers.speaking import speaking_spans
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, Step, make_step
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_file import take_bytes
from facemocap_addon.core.take_sampling import sample_channels
from sample_rigs.generator.performance import synthesise

from . import ROOT, Measurement, time_in_turn

RATE_HZ, SECONDS = 60, 60
PROMISED_S = 0.020
SEEDS = 20
#: Every layer so that it does something.
STEPS = (
    make_step("asymmetry"),
    make_step("breathing", holds=[[20.0, 24.0]]),
    make_step("cascade"),
    make_step("micro_movement"),
    make_step("posture", context="wary"),
    make_step("style", amount=1.5, snap=0.5, hold_frames=2),
)
REAL = ("alexdjulin_alex_rom_3.csv", "JMTechArt_MySlate_3_iPhone.csv")


def measure() -> list[Measurement]:
    """Median seconds of each layer alone, then what each of them keeps to."""
    take = minute()
    jobs: dict[str, Callable[[], object]] = {
        step.kind: partial(run_stack, take, Stack((step,))) for step in STEPS
    }
    seconds = time_in_turn(jobs, runs=9)
    note = f"{take.samples} x {len(take.channels)}"
    rows = [
        Measurement(name, spent, most_seconds=PROMISED_S, note=note)
        for name, spent in seconds.items()
    ]
    rows += [_told(f"{step.kind}: removed, seeds", _reversible(take, step)) for step in STEPS]
    for path in _real_takes():
        rows += _sides(read_take(path))
    rows += _breaths()
    rows += _styles()
    return rows


def minute() -> Take:
    """The sample take there and back, with the angles of head and eyes."""
    sample = read_take(ROOT / "sample_rigs" / "sample_take.csv")
    names = tuple(arkit_schema())
    times = np.arange(SECONDS * RATE_HZ) / RATE_HZ
    folded = sample.duration_s - np.abs(times % (2 * sample.duration_s) - sample.duration_s)
    values = sample_channels(sample, names, sample.times[0] + folded)
    return make_take(times, [arkit_schema()[name] for name in names], values)


def _told(name: str, note: str) -> Measurement:
    return Measurement(name, None, note=note)


def _real_takes() -> list[Path]:
    shared = Path(os.environ.get("FACEMOCAP_SHARED") or ROOT.parent / "shared")
    folder = shared / "takes" / "livelinkface"
    return [folder / name for name in REAL if (folder / name).is_file()]


def _reversible(take: Take, step: Step) -> str:
    off = make_step(step.kind, influence=0.0)
    same = run_stack(take, Stack((off,))).take is take
    one, two, other = (run_stack(take, Stack((step,)), seed=seed).take for seed in (1, 1, 2))
    equal = take_bytes(one) == take_bytes(two)
    differ = not np.array_equal(one.values, other.values)
    others = f"others differ: {differ}" if hasattr(step.params, "seed") else "draws nothing"
    return f"influence 0 is the take: {same}; same seed same bytes: {equal}; {others}"


def _sides(take: Take) -> list[Measurement]:
    """Asymmetry on a real take."""
    out = run_stack(take, Stack((make_step("asymmetry"),))).take
    before, after = ({s.region: s for s in measure_sides(each)} for each in (take, out))
    error = max(
        float(np.abs(own.mean - pair.mean).max())
        for pair, own in zip(pairs_of(take), pairs_of(out), strict=True)
    )
    mouth = [c.region not in ("eye", "brow") for c in take.channels]
    shut = lost = 0
    for eye in ("eyeBlinkLeft", "eyeBlinkRight"):
        was, now = (eye_closure(each, eye, take.times) for each in (take, out))
        if was is not None and now is not None:
            shut += int((was >= 1.0).sum())
            lost += int((now[was >= 1.0] < 1.0).sum())
    name = f"asymmetry, {take.label[:24]}"
    rows = [
        _told(
            f"{name}: {region}",
            f"index {before[region].index:.4f} to {after[region].index:.4f}, "
            f"lag {1e3 * after[region].lag_s:.1f} ms",
        )
        for region in ("eye", "brow")
    ]
    rows.append(
        _told(
            f"{name}: kept",
            f"mean of sides within {error:.1e}; others the same bits: "
            f"{np.array_equal(take.values[:, mouth], out.values[:, mouth])}; "
            f"shut lids lost {lost} of {shut}; "
            f"lips as before: {lip_contacts(out) == lip_contacts(take)}",
        )
    )
    return rows


def _breaths() -> list[Measurement]:
    """Breathing: rates, parts, voiced frames, means, holds."""
    take = minute()
    rows: list[Measurement] = []
    for name, pattern in PATTERNS.items():
        reports = [add_breath(take, Breathing(name), Draws(seed))[1] for seed in range(SEEDS)]
        rates = [report.rate for report in reports]
        parts = [report.inhale(QUIET, SIGH) for report in reports]
        low, high = pattern.rates
        rows.append(
            _told(
                f"breathing, {name}",
                f"{min(rates):.1f} to {max(rates):.1f} a minute (of {low:g} to {high:g}), "
                f"in {min(parts):.3f} to {max(parts):.3f}",
            )
        )
    sample = read_take(ROOT / "sample_rigs" / "sample_take.csv")
    made = synthesise(22.0)
    spans = speaking_spans(sample)
    over, parts = 0, list[float]()
    for seed in range(SEEDS):
        _, report = add_breath(sample, Breathing("speech", phrases=spans), Draws(seed))
        voiced = np.interp(report.curve.seconds, made.times_s, made.voiced.astype(float)) > 0.0
        over += int((voiced & (report.curve.inflow > 0.0)).sum())
        parts.append(report.inhale(SPOKEN))
    rows.append(
        _told(
            "breathing, sample take",
            f"voiced frames over which breath is taken in: {over} of {SEEDS * int(voiced.sum())}; "
            f"in {min(parts):.3f} to {max(parts):.3f} while speaking",
        )
    )
    rows.append(_told("breathing, means and holds", _means(take)))
    return rows


def _means(take: Take) -> str:
    held = Breathing("rest", holds=[Hold(20.0, 25.0)], tension=0.0)
    out, report = add_breath(take, held, Draws(0))
    s = report.curve.seconds
    column = take.column("headPitch")
    moved = out.values[:, column].astype(np.float64) - take.values[:, column]
    worst = 0.0
    for breath in report.curve.breaths:
        if breath.start_s >= 0.0 and breath.end_s <= s[-1]:
            rows = (s >= breath.start_s) & (s < breath.end_s)
            rows &= (s < breath.full_s) | (s >= breath.out_s)
            worst = max(worst, abs(float(moved[rows].mean())))
    frozen = (s >= 20.15) & (s <= 25.0)
    return (
        f"head's mean over whole breaths at most {worst:.1e} rad; while held it moves by "
        f"{np.ptp(moved[frozen]):.1e} rad; it rises {math.degrees(np.ptp(moved)):.2f} degrees"
    )


def _styles() -> list[Measurement]:
    rows: list[Measurement] = []
    for path in (ROOT / "sample_rigs" / "sample_take.csv", *_real_takes()):
        take = read_take(path)
        out = run_stack(take, Stack((make_step("style", amount=1.5),))).take
        blinks = [len(find_blinks(columns_of(each))) for each in (take, out)]
        contacts = [len(lip_contacts(each)) for each in (take, out)]
        same = lip_contacts(out) == lip_contacts(take)
        rows.append(
            _told(
                f"style 1.5, {take.label[:24]}",
                f"blinks {blinks[0]} and {blinks[1]}, closed lips {contacts[0]} and "
                f"{contacts[1]}, the same samples: {same}",
            )
        )
    return rows
