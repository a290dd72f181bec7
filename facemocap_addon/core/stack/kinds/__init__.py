# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of steps, one module each.

A module in this package that holds ``KIND = Kind(...)`` is a kind: adding one touches no other
file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from ...errors import FacemocapError
from ..kind import Kind


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds by name, in the order of their modules' names."""
    found: dict[str, Kind] = {}
    for module in pkgutil.iter_modules(__path__):
        kind = getattr(importlib.import_module(f"{__name__}.{module.name}"), "KIND", None)
        if kind is not None:
            found[kind.name] = kind
    return MappingProxyType(found)


def kind_of(name: str) -> Kind:
    """The kind of that name.

    Raises
    ------
    FacemocapError
        When there is none.
    """
    try:
        return kinds()[name]
    except KeyError:
        raise FacemocapError(
            f'There is no kind of step "{name}"',
            f"Choose one of {', '.join(kinds())}, or update Face Mocap",
        ) from None
