# SPDX-License-Identifier: GPL-3.0-or-later
"""Quadratic forms made ready for solving many frames: one for all frames, or one for each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import FloatArray, IntArray
from .products import rows_times

#: Sizes of sub-matrices are rounded up to a multiple of this, so that few sizes occur and many
#: frames share a call. A form is bordered by ones to fill up with.
STEP = 4
BORDER = STEP - 1
#: Up to this condition number the inverse is good enough to solve with.
INVERTIBLE = 1e8


@dataclass(frozen=True, slots=True)
class Quadratic:
    """Hessian matrices, symmetric and positive definite.

    Attributes
    ----------
    bordered : (u, k + 3, k + 3) float64
        One for all frames (u = 1) or one for each, with three rows of the identity added.
    which : (n,) int or None
        Which matrix each frame has; None for the only one.
    matrix : (k, k) float64 or None
        The only one.
    inverse : (k, k) float64 or None
        Of the only one, when its condition number is sound.
    bordered_inverse : (1, k + 3, k + 3) float64 or None
    """

    bordered: FloatArray
    which: IntArray | None = None
    matrix: FloatArray | None = None
    inverse: FloatArray | None = None
    bordered_inverse: FloatArray | None = None

    @property
    def count(self) -> int:
        """How many unknowns a frame has."""
        return self.bordered.shape[1] - BORDER

    def times(self, values: FloatArray) -> FloatArray:
        """Product of each frame's matrix with its row of ``values`` (n, k)."""
        if self.matrix is not None:
            return rows_times(values, self.matrix)
        assert self.which is not None
        plain = self.bordered[:, : self.count, : self.count]
        if len(self.which) == len(plain):
            # all of them: where they lie, since copies take longer than products
            placed = np.empty_like(values)
            placed[self.which] = values
            return np.matmul(plain, placed[:, :, None])[self.which, :, 0]
        return np.matmul(plain[self.which], values[:, :, None])[:, :, 0]

    def rows(self, frames: IntArray) -> Quadratic:
        """The forms of some frames, each at most once."""
        return self if self.which is None else replace(self, which=self.which[frames])


def shared_form(matrix: FloatArray) -> Quadratic:
    """One Hessian ``(k, k)`` for all frames."""
    form = np.ascontiguousarray(matrix, np.float64)
    inverse = None
    if len(form):
        scale = 1.0 / np.sqrt(np.diag(form))
        spectrum = np.linalg.eigvalsh(form * np.outer(scale, scale))
        if spectrum[0] * INVERTIBLE > spectrum[-1]:
            inverse = np.linalg.inv(form)
            inverse = 0.5 * (inverse + inverse.T)
    around = None if inverse is None else bordered(inverse[None])
    return Quadratic(bordered(form[None]), None, form, inverse, around)


def own_forms(matrices: FloatArray) -> Quadratic:
    """A Hessian for each frame, bordered already, ``(n, k + 3, k + 3)``."""
    return Quadratic(matrices, np.arange(len(matrices)))


def bordered(matrices: FloatArray) -> FloatArray:
    """Matrices ``(u, k, k)`` with three rows and columns of the identity added."""
    number, count, _ = matrices.shape
    width = count + BORDER
    out = np.zeros((number, width, width))
    out[:, :count, :count] = matrices
    out[:, range(count, width), range(count, width)] = 1.0
    return out
