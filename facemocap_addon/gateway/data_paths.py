# SPDX-License-Identifier: GPL-3.0-or-later
"""Data paths taken apart, whatever brackets, quotes and dots the names in them hold."""

from __future__ import annotations

import re

import bpy

#: The last part of a data path: an attribute, or the quoted name of a custom property.
_LAST = re.compile(r'(?:^|\.)(\w+)$|\["((?:[^"\\]|\\.)*)"\]$')


def split_path(path: str) -> tuple[str, str, str]:
    """(path of the holder, attribute or "", name of the custom property or "").

    Raises
    ------
    ValueError
        When the path ends in neither.
    """
    found = _LAST.search(path)
    if found is None:
        raise ValueError(f"{path} names no property")
    attribute, key = found.groups()
    return path[: found.start()], attribute or "", bpy.utils.unescape_identifier(key or "")
