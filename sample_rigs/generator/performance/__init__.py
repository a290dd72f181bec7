# SPDX-License-Identifier: GPL-3.0-or-later
"""A documented model of a speaking performance: the sample take and its hidden truth.

``synthesise()`` gives a `Performance`, ``write_live_link_csv`` the file; ``sample_take.md`` in the
folder above says what the model holds and where its figures come from.
"""

from __future__ import annotations

from .camera import TICKS_PER_SECOND
from .channels import CHANNELS, COLUMN, noise_sigmas
from .files import (
    describe_events,
    live_link_csv,
    timecode,
    write_live_link_csv,
    write_truth,
)
from .model import Performance, synthesise

__all__ = [
    "CHANNELS",
    "COLUMN",
    "TICKS_PER_SECOND",
    "Performance",
    "describe_events",
    "live_link_csv",
    "noise_sigmas",
    "synthesise",
    "timecode",
    "write_live_link_csv",
    "write_truth",
]
