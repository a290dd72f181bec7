# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m facemocap_addon``: the same as the console script ``facemocap``."""

from __future__ import annotations

from .cli.main import run

if __name__ == "__main__":
    run()
