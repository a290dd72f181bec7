# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights of shapes on several meshes: a face, its teeth and its lashes move by one name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray, frozen
from ..channels import canonical_channel
from .coefficient_takes import Columns, schema_columns

#: Weights that differ less are the same.
_ALIKE = 1e-4
_SHOWN = 4


@dataclass(frozen=True)
class ShapeTable:
    """Weights of one mesh.

    Attributes
    ----------
    mesh : str
        What the file calls it.
    names : tuple of str, length k
        Of its shapes, each once.
    values : (n, k) float64
    """

    mesh: str
    names: tuple[str, ...]
    values: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values, np.float64))


def merge_shapes(tables: Sequence[ShapeTable]) -> Columns:
    """Columns of all meshes; shapes of one name are one channel.

    Where they move differently the first one counts, unless it stands still and another moves.
    """
    names: dict[str, str] = {}
    values: dict[str, FloatArray] = {}
    differing: list[str] = []
    for table in tables:
        for name, column in zip(table.names, table.values.T, strict=True):
            known = canonical_channel(name)
            key = known.name if known else name
            before = values.get(key)
            if before is None or (np.ptp(before) == 0 and np.ptp(column) > 0):
                names[key], values[key] = name, column
            elif np.ptp(column) > 0 and not np.allclose(before, column, rtol=0, atol=_ALIKE):
                differing.append(f"{name} of {table.mesh}")
    samples = len(tables[0].values)
    columns = schema_columns(
        list(names.values()),
        np.stack([values[key] for key in names], axis=1),
        np.ones((samples, len(names)), np.bool_),
    )
    if differing:
        more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        columns.warnings.append(
            "Shapes of one name move differently on several meshes, and the first one counts: "
            f"{', '.join(differing[:_SHOWN])}{more} were left out."
        )
    return columns


def numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Names of which each is there once: a second "smile" is "smile 2"."""
    seen: dict[str, int] = {}
    out: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return tuple(out)
