# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the tests of this folder import the helper modules beside them; reads bytes as a take."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture
def load(tmp_path: Path) -> Callable[[bytes], Take]:
    def read(data: bytes) -> Take:
        path = tmp_path / "MySlate_3_iPhone.csv"
        path.write_bytes(data)
        return read_take(path)

    return read
