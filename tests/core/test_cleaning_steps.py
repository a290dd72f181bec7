# SPDX-License-Identifier: GPL-3.0-or-later
"""Despike, gap fill and denoise on a performance whose undamaged course is known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.stack.kind import Kind, Outcome, StepContext
from facemocap_addon.core.stack.kinds import kinds
from facemocap_addon.core.take import Take, make_take
from sample_rigs.generator.performance import synthesise

SECONDS = 14.0
METHODS = ("whittaker", "butterworth", "savitzky_golay", "gaussian", "median", "one_euro")


@cache
def truth() -> Take:
    """Coefficients of the synthetic performance without its noise, 60 samples a second."""
    made = synthesise(SECONDS)
    names = [n for n, c in arkit_schema().items() if c.kind == "weight"]
    values = np.stack([made.channel(name, clean=True) for name in names], axis=1)
    times = np.arange(len(values)) / 60.0
    return make_take(times, [arkit_schema()[name] for name in names], values, rate=60)


def noisy(sigma: float, seed: int = 1) -> Take:
    take = truth()
    noise = np.random.default_rng(seed).normal(0, sigma, take.values.shape)
    return take.changed("noise", values=np.clip(take.values + noise, 0, 1))


def run(kind: str, take: Take, **params: object) -> Outcome:
    found: Kind = kinds()[kind]
    out = found.apply(take, found.params(**params), StepContext())
    return out if isinstance(out, Outcome) else Outcome(out)


def rmse(take: Take) -> float:
    return float(np.sqrt(np.mean((take.values - truth().values) ** 2)))


def blink_peaks(take: Take) -> np.ndarray:
    """Heights of the left eye's blinks, where the undamaged course has its peaks."""
    lid = truth().values[:, truth().column("eyeBlinkLeft")]
    tops = [
        k
        for k in range(3, len(lid) - 3)
        if lid[k] > 0.5 and lid[k] == lid[max(k - 12, 0) : k + 13].max()
    ]
    own = take.values[:, take.column("eyeBlinkLeft")]
    return np.array([own[k - 1 : k + 2].max() / lid[k] for k in tops])


@pytest.mark.parametrize("sigma", [0.01, 0.02])
def test_noise_goes_and_blinks_stay(sigma: float):
    damaged = noisy(sigma)
    cleaned = run("denoise", damaged).take
    assert len(blink_peaks(damaged)) >= 2
    assert rmse(cleaned) < 0.55 * rmse(damaged)
    # a moving average of the same take does worse, and opens the eyes
    kernel = np.ones(9) / 9
    smooth = np.stack([np.convolve(c, kernel, "same") for c in damaged.values.T], axis=1)
    averaged = damaged.changed("average", values=smooth)
    assert rmse(cleaned) < 0.7 * rmse(averaged)
    assert blink_peaks(cleaned).min() > 0.93
    assert blink_peaks(averaged).min() < 0.9


@pytest.mark.parametrize("method", METHODS)
def test_protected_blinks_keep_their_peaks_at_any_strength(method: str):
    for scale in (1.0, 30.0):
        out = run(
            "denoise", truth(), method=method, strength=scale, cutoff_hz=8.0 / scale,
            window_s=0.1 * scale, beta=1.0 / scale,
        ).take  # fmt: skip
        assert blink_peaks(out).min() >= 0.98, (method, scale)
        assert np.array_equal(out.values[[0, -1]], truth().values[[0, -1]])


def test_without_protection_a_strong_filter_opens_the_eyes():
    out = run("denoise", truth(), method="gaussian", window_s=0.6, protect=False).take
    assert blink_peaks(out).min() < 0.9


def test_spikes_are_taken_out_and_the_performance_is_not():
    rng = np.random.default_rng(5)
    damaged = noisy(0.005)
    hit = rng.random(damaged.values.shape) < 0.003
    hit[:5], hit[-5:] = False, False
    hit[1:] &= ~hit[:-1]
    # where the curve may go both ways without leaving its range
    size = np.where(damaged.values > 0.5, -0.4, 0.4)
    spiked = damaged.changed("spikes", values=np.where(hit, damaged.values + size, damaged.values))
    outcome = run("despike", spiked)
    off = np.abs(outcome.take.values - truth().values)
    assert (off[hit] < 0.15).mean() > 0.9
    untouched = outcome.take.values == spiked.values
    assert untouched[~hit].mean() > 0.995
    clean = run("despike", truth())
    assert clean.counts["spikes"] <= 5


def test_gaps_are_filled_by_their_length():
    take = truth()
    valid = np.ones(take.values.shape, np.bool_)
    brow = take.column("browInnerUp")
    valid[100:105, brow] = False
    valid[200:250, brow] = False
    mouth = [take.column(n) for n in ("mouthSmileLeft", "mouthSmileRight")]
    valid[400:415, mouth[0]] = False
    gapped = take.changed("gaps", values=np.where(valid, take.values, 0.0), valid=valid)
    outcome = run("gap_fill", gapped)
    assert outcome.take.valid.all()
    assert outcome.counts["samples_filled"] == int((~valid).sum())
    assert outcome.counts["gaps_flagged"] == 1
    assert any("look at it" in remark for remark in outcome.remarks)
    off = np.abs(outcome.take.values - take.values)
    assert off[100:105, brow].max() < 0.05
    # the other corner of the mouth tells what this one did
    assert off[400:415, mouth[0]].max() < 0.15
    assert np.array_equal(outcome.take.values[valid], gapped.values[valid])
    # what is too long stays
    left = run("gap_fill", gapped, longest_s=0.5)
    assert not left.take.valid[200:250, brow].any()


def test_what_is_filled_stays_within_what_the_channel_does():
    damaged = noisy(0.01)
    valid = np.ones(damaged.values.shape, np.bool_)
    # short and long ones, of the whole face and of every other channel
    for first, last in ((60, 64), (150, 168), (310, 345), (500, 520)):
        valid[first:last] = False
    valid[600:640, ::2] = False
    gapped = damaged.changed("gaps", values=np.where(valid, damaged.values, 0.0), valid=valid)
    filled = run("gap_fill", gapped).take
    assert filled.valid.all()
    low = damaged.values.min(axis=0, where=valid, initial=np.inf)
    high = damaged.values.max(axis=0, where=valid, initial=-np.inf)
    assert (filled.values >= low).all()
    assert (filled.values <= high).all()


@pytest.mark.parametrize("kind", ["despike", "gap_fill", "denoise"])
def test_cleaning_gives_the_same_bytes_twice(kind: str):
    damaged = noisy(0.01)
    valid = np.ones(damaged.values.shape, np.bool_)
    valid[30:40, 3] = False
    damaged = damaged.changed("gap", valid=valid)
    first, again = run(kind, damaged).take, run(kind, damaged).take
    assert first.values.tobytes() == again.values.tobytes()
    assert first.valid.tobytes() == again.valid.tobytes()
