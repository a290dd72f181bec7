# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of frames side by side: numpy lets go of the interpreter while it multiplies.

The blocks do not depend on the number of threads, so neither do the answers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

#: More threads wait for memory only.
MOST = 4


def for_each(blocks: Iterable[slice], work: Callable[[slice], None]) -> None:
    """Do the work for every block; the first exception is raised."""
    todo = list(blocks)
    threads = min(MOST, os.cpu_count() or 1, len(todo))
    if threads < 2:
        for block in todo:
            work(block)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, todo):
            pass
