# SPDX-License-Identifier: GPL-3.0-or-later
"""What the layers of life keep to, beside how long they take: figures of `life`."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.contacts.captured import eye_closure, lip_contacts
from facemocap_addon.core.health.columns import columns_of
from facemocap_addon.core.health.eye_blinks import find_blinks
from facemocap_addon.core.layers.breath_plan import PATTERNS, QUIET, SIGH, SPOKEN, Hold
from facemocap_addon.core.layers.breathing import BODY, Breathing, BreathReport, add_breath
from facemocap_addon.core.layers.cascade import add_cascade
from facemocap_addon.core.layers.cascade_rules import USUAL_RULES
from facemocap_addon.core.layers.draws import Draws
from facemocap_addon.core.layers.sides import measure_sides, pairs_of
from facemocap_addon.core.layers.speaking import speaking_spans
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_sampling import sample_channels
from sample_rigs.generator.performance import synthesise

from . import ROOT, Measurement

RATE_HZ, SECONDS = 60, 60
SEEDS = 20
REAL = ("alexdjulin_alex_rom_3.csv", "JMTechArt_MySlate_3_iPhone.csv")
#: Peaks whose order in time an exaggeration keeps.
_PEAKS = ("browInnerUp", "mouthSmileLeft", "mouthFunnel", "noseSneerLeft")


def told(name: str, note: str) -> Measurement:
    """A figure that is no time."""
    return Measurement(name, None, note=note)


def real_takes() -> list[Path]:
    """Recordings of others, where the folder of shared files is at hand."""
    shared = Path(os.environ.get("FACEMOCAP_SHARED") or ROOT.parent / "shared")
    folder = shared / "takes" / "livelinkface"
    return [folder / name for name in REAL if (folder / name).is_file()]


def minute() -> Take:
    """The sample take there and back, with the angles of head and eyes."""
    sample = read_take(ROOT / "sample_rigs" / "sample_take.csv")
    names = tuple(arkit_schema())
    times = np.arange(SECONDS * RATE_HZ) / RATE_HZ
    folded = sample.duration_s - np.abs(times % (2 * sample.duration_s) - sample.duration_s)
    values = sample_channels(sample, names, sample.times[0] + folded)
    return make_take(times, [arkit_schema()[name] for name in names], values)


def figures() -> list[Measurement]:
    """All of them."""
    rows: list[Measurement] = []
    for path in real_takes():
        rows += _sides(read_take(path))
    rows += _breaths()
    rows += _cascades()
    rows += _styles()
    return rows


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
        told(
            f"{name}: {region}",
            f"index {before[region].index:.4f} to {after[region].index:.4f}, "
            f"lag {1e3 * after[region].lag_s:.1f} ms",
        )
        for region in ("eye", "brow")
    ]
    rows.append(
        told(
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
            told(
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
        told(
            "breathing, sample take",
            f"voiced frames over which breath is taken in: {over} of {SEEDS * int(voiced.sum())}; "
            f"in {min(parts):.3f} to {max(parts):.3f} while speaking",
        )
    )
    rows.append(told("breathing, means and holds", _means(take)))
    rows.append(told("breathing, signed controls", _signed(take)))
    rows.append(told("breathing, one-sided controls", _one_sided(take)))
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


def _signed(take: Take) -> str:
    """The largest mean of head, neck, chest, belly and collar bones over a whole breath."""
    worst: dict[str, float] = {}
    for name in PATTERNS:
        for seed in range(SEEDS // 4):
            breathing = Breathing(name, body=True, tension=0.0, holds=[Hold(20.0, 24.0)])
            out, report = add_breath(take, breathing, Draws(seed))
            for channel in ("headPitch", *BODY):
                before = take.values[:, take.column(channel)] if take.has(channel) else 0.0
                moved = out.values[:, out.column(channel)].astype(np.float64) - before
                mean = _mean_of_breaths(moved, report)
                worst[channel] = max(worst.get(channel, 0.0), mean)
    return "mean over whole breaths at most " + ", ".join(
        f"{channel} {mean:.1e}" for channel, mean in worst.items()
    )


def _mean_of_breaths(moved: np.ndarray, report: BreathReport) -> float:
    """Largest mean over one breath that lies wholly in the take, held time left out."""
    s, worst = report.curve.seconds, 0.0
    for breath in report.curve.breaths:
        if breath.start_s < 0.0 or breath.end_s > s[-1]:
            continue
        rows = (s >= breath.start_s) & (s < breath.end_s)
        rows &= (s < breath.full_s) | (s >= breath.out_s)
        worst = max(worst, abs(float(moved[rows].mean())))
    return worst


def _one_sided(take: Take) -> str:
    """How far one-sided controls pass their limits, and their means as the report tells them."""
    breathing = Breathing("exertion", depth=3.0, face=4.0, holds=[Hold(20.0, 24.0)], tension=3.0)
    out, report = add_breath(take, breathing, Draws(0))
    beyond = off = 0.0
    for name, mean in report.means.items():
        column = take.column(name)
        before = take.values[:, column].astype(np.float64)
        after = out.values[:, column].astype(np.float64)
        beyond = max(beyond, float((after - np.maximum(before, 1.0)).max()))
        off = max(off, abs(float((after - before).mean()) - mean))
    return (
        f"beyond their limits {max(beyond, 0.0):.1e}; means told of {len(report.means)} channels, "
        f"right within {off:.1e}"
    )


# ---------------------------------------------------------------- cascade


def _cascades() -> list[Measurement]:
    """What is added where each follower is as far as is asked already, and where it lacks."""
    take = minute()
    asked, most = add_cascade(take, USUAL_RULES)
    _, more = add_cascade(asked, USUAL_RULES)
    names = sorted(most)
    twice = max(more.values(), default=0.0)
    lower = max(
        float((take.values[:, take.column(n)] - asked.values[:, take.column(n)]).max())
        for n in names
    )
    sated = _sated(take)
    return [
        told(
            "cascade",
            f"{len(names)} followers get up to {max(most.values()):.2f}; where all are at 1 they "
            f"get {sated:.1e}, a second time {twice:.1e}; none gets less ({max(lower, 0):.1e})",
        ),
    ]


def _sated(take: Take) -> float:
    """What followers that no rule drives from get where they are at 1 throughout."""
    drivers = {rule.driver for rule in USUAL_RULES}
    followers = {
        name
        for rule in USUAL_RULES
        for name in (rule.follower, rule.follower + "Left", rule.follower + "Right")
        if rule.follower not in drivers
    }
    values = np.array(take.values)
    for place, name in enumerate(take.names):
        if name in followers:
            values[:, place] = 1.0
    full = take.changed("full", values=values)
    _, most = add_cascade(full, USUAL_RULES)
    return max((amount for name, amount in most.items() if name in followers), default=0.0)


# ---------------------------------------------------------------- style


def _styles() -> list[Measurement]:
    rows: list[Measurement] = []
    for path in (ROOT / "sample_rigs" / "sample_take.csv", *real_takes()):
        take = read_take(path)
        out = run_stack(take, Stack((make_step("style", amount=1.5),))).take
        blinks = [len(find_blinks(columns_of(each))) for each in (take, out)]
        contacts = [len(lip_contacts(each)) for each in (take, out)]
        same = lip_contacts(out) == lip_contacts(take)
        rows.append(
            told(
                f"style 1.5, {take.label[:24]}",
                f"blinks {blinks[0]} and {blinks[1]}, closed lips {contacts[0]} and "
                f"{contacts[1]}, the same samples: {same}; events in the same order: "
                f"{_order(out) == _order(take)}",
            )
        )
    for path in (ROOT / "sample_rigs" / "sample_take.csv", *real_takes()):
        take = read_take(path)
        steps = (make_step("resample", rate_hz=24.0), make_step("style", hold_frames=2))
        out = run_stack(take, Stack(steps)).take
        steps_taken = (np.diff(out.values, axis=0) != 0) & out.valid[1:] & out.valid[:-1]
        changed = np.flatnonzero(steps_taken.any(axis=1)) + 1
        odd = int((changed % 2 != 0).sum())
        rows.append(
            told(f"style on twos, {take.label[:24]}", f"poses that change on odd frames: {odd}")
        )
    return rows


def _order(take: Take) -> list[str]:
    """Blinks, closures of the lips and peaks of expressions by their times."""
    events = [(blink.peak_s, "blink") for blink in find_blinks(columns_of(take))]
    events += [(contact.start_s, "lips") for contact in lip_contacts(take)]
    for name in _PEAKS:
        best = int(np.argmax(take.values[:, take.column(name)]))
        events.append((float(take.times[best]), name))
    return [name for _, name in sorted(events)]
