# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise is taken off; blinks, closed lips and quick expressions stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray
from ...cleaning import filters
from ...cleaning.adaptive import Course, adaptive, bridged
from ...cleaning.protection import protect
from ...cleaning.resting import at_rest, keep_ends
from ...cleaning.samples import Samples, samples_of
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import param

METHODS = ("whittaker", "butterworth", "savitzky_golay", "gaussian", "median", "one_euro")
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class Denoise:
    """Which filter, how strong, and whether events are kept."""

    method: str = param(
        "whittaker",
        label="Method",
        what="Whittaker measures the noise and adapts to the motion; the others are as strong as "
        "they are told",
        choices=METHODS,
    )
    protect: bool = param(
        True,
        label="Keep Events",
        what="Blinks, closed lips and quick expressions stay, however strong the filter",
    )
    strength: float = param(
        1.0,
        label="Strength",
        what="Whittaker: noise that is taken off, in parts of what was measured",
        low=0.0,
        high=100.0,
    )
    cutoff_hz: float = param(
        8.0,
        label="Cut-off",
        what="Butterworth: what is faster goes; One Euro: the same for a face at rest",
        unit="Hz",
        low=0.05,
        high=120.0,
    )
    window_s: float = param(
        0.12,
        label="Window",
        what="Savitzky-Golay and median: length of the window; Gaussian: four times its deviation",
        unit="s",
        low=0.0,
        high=5.0,
    )
    order: int = param(
        2,
        label="Order",
        what="Butterworth: order of one of its two runs; Savitzky-Golay: degree of the polynomial",
        low=1,
        high=6,
    )
    beta: float = param(
        1.5,
        label="Speed",
        what="One Euro: by how many Hz the cut-off rises for each unit a second of speed",
        low=0.0,
        high=100.0,
    )


def apply(take: Take, params: Denoise, context: StepContext) -> Take | Outcome:
    """Smooth all channels; missing samples stay missing."""
    del context
    if take.samples < _FEWEST or not take.valid.any():
        return take
    samples = samples_of(take)
    values, noise, roles = samples.values, samples.noise, samples.roles
    whittaker = params.method == "whittaker"

    def smooth(strength: float) -> Course:
        course = adaptive(
            take.times, values, take.valid, strength * noise, samples.trust, roles.regions
        )
        return Course(at_rest(course.values, course.error, roles.rests), course.error)

    course = smooth(params.strength) if whittaker else None
    out = _filtered(values, take, params) if course is None else course.values
    if params.protect:
        # weaker than usual is nobody's wish to lose less of an event
        usual = course if course is not None and params.strength <= 1.0 else smooth(1.0)
        out = protect(out, usual, samples)
        out = _not_below(out, samples)
    out = keep_ends(out, values, take.valid, samples.rate)
    out = np.where(take.valid, out.astype(np.float32), take.values)
    noisy = noise[(noise > 0) & take.valid.any(axis=0)]
    remarks: tuple[str, ...] = ()
    if len(noisy):
        remarks = (f"Noise of {np.median(noisy):.2g} (median of {len(noisy)} channels).",)
    return Outcome(take.changed("denoise", values=out), remarks)


def _filtered(values: FloatArray, take: Take, params: Denoise) -> FloatArray:
    """Values ``(n, c)`` through one of the usual filters, led over what is missing."""
    whole = bridged(values, take.valid)
    if params.method == "one_euro":
        return filters.one_euro(whole, take.times, params.cutoff_hz, params.beta)

    def work(series: FloatArray, rate: float) -> FloatArray:
        if params.method == "butterworth":
            return filters.butterworth(series, rate, params.cutoff_hz, params.order)
        if params.method == "savitzky_golay":
            return filters.savitzky_golay(series, rate, params.window_s, params.order)
        if params.method == "gaussian":
            return filters.gaussian(series, rate, 0.25 * params.window_s)
        return filters.median(series, rate, params.window_s)

    return filters.on_even_steps(work, whole, take.times)


def _not_below(out: FloatArray, samples: Samples) -> FloatArray:
    """Values no lower than nought, or than the recorded ones where these go below it."""
    low = np.where(samples.valid, samples.values, np.inf).min(axis=0)
    return np.where(samples.roles.rests, np.maximum(out, np.minimum(low, 0.0)), out)


KIND = Kind(
    "denoise",
    "Denoise",
    "Take noise off the curves and keep blinks, closed lips and quick expressions",
    Denoise,
    apply,
)
