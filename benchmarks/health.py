# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of a take of ten minutes: measured, and as a page, figures and a table."""

from __future__ import annotations

import numpy as np

from facemocap_addon.core.channels import arkit_names, arkit_schema
from facemocap_addon.core.health.examine import examine
from facemocap_addon.core.health.report_page import to_html
from facemocap_addon.core.health.table import to_csv
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_sampling import sample_channels

from . import ROOT, Measurement, time_in_turn

MINUTES, RATE_HZ, NOISE = 10, 60, 0.003
#: What is promised for measuring (seconds).
PROMISED_S = 2.0


def measure() -> list[Measurement]:
    """Seconds for 52 channels at 60 fps, with noise, which makes every curve turn everywhere."""
    take = long_take()
    health = examine(take)
    seconds = time_in_turn(
        {
            "examine": lambda: examine(take),
            "page": lambda: to_html(health, take),
            "JSON": health.to_json,
            "table": lambda: to_csv(health),
        },
        runs=5,
    )
    note = f"{take.samples} samples of {len(take.channels)} channels"
    return [
        Measurement("examine", seconds["examine"], most_seconds=PROMISED_S, note=note),
        *(Measurement(name, seconds[name]) for name in ("page", "JSON", "table")),
    ]


def long_take() -> Take:
    """The sample take over and over, every other time backwards so that it has no steps."""
    names = arkit_names()
    sample = read_take(ROOT / "sample_rigs" / "sample_take.csv")
    times = np.arange(MINUTES * 60 * RATE_HZ) / RATE_HZ
    folded = sample.duration_s - np.abs(times % (2 * sample.duration_s) - sample.duration_s)
    values = sample_channels(sample, names, sample.times[0] + folded)
    values += np.random.default_rng(1).normal(0, NOISE, values.shape)
    return make_take(times, [arkit_schema()[name] for name in names], values, name="long.csv")
