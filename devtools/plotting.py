# SPDX-License-Identifier: GPL-3.0-or-later
"""matplotlib, for the scripts that draw curves of the documentation; nothing else needs it."""

from __future__ import annotations

import importlib
from typing import Any


def pyplot() -> Any:
    """Matplotlib's pyplot, which draws into files.

    Raises
    ------
    SystemExit
        Without matplotlib.
    """
    try:
        importlib.import_module("matplotlib").use("Agg")
        return importlib.import_module("matplotlib.pyplot")
    except ModuleNotFoundError as missing:
        raise SystemExit('matplotlib is missing: pip install ".[pictures]"') from missing
