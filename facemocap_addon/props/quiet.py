# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties filled by the program: what they set off when a person edits them stays away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_depth = [0]


@contextmanager
def quiet() -> Iterator[None]:
    """While the block runs, values are shown, not edited."""
    _depth[0] += 1
    try:
        yield
    finally:
        _depth[0] -= 1


def is_quiet() -> bool:
    """Whether the program is filling properties now."""
    return _depth[0] > 0
