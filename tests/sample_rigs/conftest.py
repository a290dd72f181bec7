# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample take's performance as fixtures; lets tests import the helper modules beside them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from sample_rigs.generator.performance import Performance, describe_events, synthesise

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture(scope="session")
def take() -> Performance:
    return synthesise()


@pytest.fixture(scope="session")
def events(take: Performance) -> dict[str, Any]:
    return describe_events(take)


@pytest.fixture(scope="session")
def fine() -> Performance:
    """The same performance, seen 1000 times a second without noise."""
    return synthesise(rate_hz=1000, noise=0.0, drops=False, glitches=False)
