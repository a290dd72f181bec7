# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that fit: cut in UTF-8, numbered instead of merged."""

from __future__ import annotations

from collections.abc import Collection


def cut_bytes(name: str, limit: int) -> str:
    """``name`` cut to ``limit`` bytes of UTF-8 without breaking a character."""
    data = name.encode("utf-8", "replace")
    return data[:limit].decode("utf-8", "ignore") if len(data) > limit else name


def unique_name(name: str, limit: int, taken: Collection[str]) -> str:
    """``name``, or with the first free counter (" 2", " 3", ...), within ``limit`` bytes.

    The counter stands at the end however long the name is: two long names that begin alike never
    become one.
    """
    candidate = cut_bytes(name, limit)
    number = 1
    while candidate in taken:
        number += 1
        suffix = f" {number}"
        candidate = cut_bytes(name, limit - len(suffix)) + suffix
    return candidate
