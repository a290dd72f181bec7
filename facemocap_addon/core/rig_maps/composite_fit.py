# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels onto few composite shapes: the mix that comes nearest on the face, frame by frame.

A rig with vowels or visemes only cannot take 52 values one by one. Each of its shapes looks like a
sum of ARKit shapes; wanted is the mix of them, every share within 0 and 1, whose displacement of
the face is nearest to what the channels say. Nearness is measured on a mesh: G holds the products
of the ARKit shapes' displacement fields.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..resources import data_file

#: Part of the largest diagonal entry that is added to the diagonal, so that the mix is the only one
#: even where two shapes look alike: they then share evenly.
RIDGE = 1e-9
#: Exchanges of whole blocks that may bring nothing before single exchanges begin.
PATIENCE = 3
#: Slack of the optimality conditions, relative to the largest product.
SLACK = 1e-10
#: Frames whose equations are solved in one call.
AT_ONCE = 4096

FREE, LOW, HIGH = 0, -1, 1


@cache
def _reference() -> tuple[tuple[str, ...], FloatArray]:
    document = json.loads(data_file("arkit_gram.json").read_text(encoding="utf-8"))
    names = tuple(document["channels"])
    matrix = np.zeros((len(names), len(names)))
    for row, values in enumerate(document["lower"]):
        matrix[row, : row + 1] = matrix[: row + 1, row] = values
    return names, matrix


def reference_gram(channels: Sequence[str]) -> FloatArray:
    """Products of the ARKit shapes of the sample head.

    Parameters
    ----------
    channels : sequence of str, length c
        ARKit coefficients.

    Returns
    -------
    (c, c) float64
        In mm²: the root of ``x @ gram @ x`` is the root mean square displacement of the face.
    """
    names, matrix = _reference()
    places = [names.index(name) for name in channels]
    return matrix[np.ix_(places, places)]


def fit_composites(
    channels: FloatArray,
    targets: FloatArray,
    gram: FloatArray,
    sum_at_most_one: Sequence[int] = (),
) -> FloatArray:
    """The bounded mix of composite shapes that is nearest to the channels.

    Solves ``min (y E - x) G (y E - x)'`` with ``0 <= y <= 1`` for every frame, exactly, by block
    principal pivoting (Júdice and Pires 1994; the exchange rule of Kim and Park 2011), all frames
    side by side. The minimum is unique and depends continuously
    on the channels, so a smooth take stays smooth.

    Parameters
    ----------
    channels : (n, c) float
    targets : (k, c) float
        What each composite shape looks like at 1, in the channels.
    gram : (c, c) float
        Symmetric, positive semidefinite.
    sum_at_most_one : sequence of int
        Targets that are poses of one thing (vowels of one mouth): their sum is at most one.

    Returns
    -------
    (n, k) float64
    """
    looks = np.asarray(targets, np.float64)
    values = np.asarray(channels, np.float64)
    if not len(looks) or not len(values):
        return np.zeros((len(values), len(looks)))
    measured = np.einsum("ij,kj->ik", np.asarray(gram, np.float64), looks)
    hessian = np.einsum("ki,ij->kj", looks, measured)
    hessian = 0.5 * (hessian + hessian.T)
    largest = float(np.max(np.diag(hessian)))
    if largest <= 0:
        return np.zeros((len(values), len(looks)))
    hessian[np.diag_indices_from(hessian)] += RIDGE * largest
    pull = np.einsum("ni,ik->nk", values, measured)
    mix, state = _solve_bounded(hessian, pull, _guess(hessian, pull))
    together = np.zeros(len(looks), np.bool_)
    together[list(sum_at_most_one)] = True
    over = mix[:, together].sum(axis=1) > 1.0 + 1e-9
    if over.any():
        mix[over] = _solve_summed(hessian, pull[over], together, state[over])
    return mix


def _guess(hessian: FloatArray, pull: FloatArray) -> IntArray:
    """Which bound holds each share, by the mix that knows no bounds."""
    mix = np.einsum("nk,kj->nj", pull, np.linalg.inv(hessian))
    return np.where(mix <= 0, LOW, np.where(mix >= 1, HIGH, FREE))


def _solve_bounded(
    hessian: FloatArray, pull: FloatArray, start: IntArray
) -> tuple[FloatArray, IntArray]:
    """Minimise ``y H y' / 2 - pull y'`` over the unit box; also which bound holds each share."""
    frames, count = pull.shape
    state = start.copy()
    mix = np.zeros((frames, count))
    slack = SLACK * (np.abs(pull).max(axis=1, keepdims=True) + np.abs(hessian).max())
    fewest = np.full(frames, count + 1)
    patience = np.full(frames, PATIENCE)
    going = np.ones(frames, np.bool_)
    # single exchanges end for certain in exact numbers; rounding must not keep them going
    for _ in range(200 + 50 * count):
        found = _with_state(hessian, pull[going], state[going])
        mix[going] = found
        gradient = np.einsum("nk,kj->nj", found, hessian) - pull[going]
        wrong = _wrong(state[going], found, gradient, slack[going])
        number = wrong.sum(axis=1)
        better = number < fewest[going]
        fewest[going] = np.where(better, number, fewest[going])
        patience[going] = np.where(better, PATIENCE, patience[going] - 1)
        single = patience[going] < 0
        # Murty's rule ends for certain: only the last wrong one changes sides
        last = count - 1 - np.argmax(wrong[:, ::-1], axis=1)
        wrong[single] &= np.arange(count) == last[single, None]
        beyond = np.where(found > 0.5, HIGH, LOW)
        now = state[going]
        state[going] = np.where(wrong, np.where(now == FREE, beyond, FREE), now)
        going[going] = number > 0
        if not going.any():
            break
    return np.clip(mix, 0.0, 1.0), state


def _wrong(state: IntArray, mix: FloatArray, gradient: FloatArray, slack: FloatArray) -> BoolArray:
    """Shares that break the optimality conditions: out of the box, or held at the wrong bound."""
    free = (state == FREE) & ((mix < -SLACK) | (mix > 1.0 + SLACK))
    return free | ((state == LOW) & (gradient < -slack)) | ((state == HIGH) & (gradient > slack))


def _with_state(hessian: FloatArray, pull: FloatArray, state: IntArray) -> FloatArray:
    """The stationary mix when some shares are held at their bounds."""
    held: FloatArray = (state == HIGH).astype(np.float64)
    free: BoolArray = state == FREE
    rest: FloatArray = np.where(free, pull - np.einsum("nk,kj->nj", held, hessian), held)
    return _solve_free(hessian, free, rest)


def _solve_free(hessian: FloatArray, free: BoolArray, right: FloatArray) -> FloatArray:
    """Solve the equations of the free shares, those of the others being the identity."""
    solved = np.empty(right.shape)
    identity = np.eye(len(hessian))
    for start in range(0, len(right), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        both = free[part, :, None] & free[part, None, :]
        matrices = np.where(both, hessian, identity * ~free[part, :, None])
        solved[part] = np.linalg.solve(matrices, right[part, :, None])[:, :, 0]
    return solved


def _solve_summed(
    hessian: FloatArray, pull: FloatArray, together: BoolArray, start: IntArray
) -> FloatArray:
    """As `_solve_bounded`, the shares of ``together`` summing to one.

    A price on each of those shares, the same for all, is raised until they sum to one: the sum
    falls with the price along straight pieces, so that Newton's step, kept within a bracket, ends
    on the answer.
    """
    frames = len(pull)
    low, high = np.zeros(frames), np.full(frames, np.abs(pull).max() + np.abs(hessian).sum())
    price = np.zeros(frames)
    mix, state = np.zeros(pull.shape), start.copy()
    todo: IntArray = np.arange(frames)
    for _ in range(100):
        priced = pull[todo] - price[todo, None] * together
        mix[todo], state[todo] = _solve_bounded(hessian, priced, state[todo])
        excess = mix[todo][:, together].sum(axis=1) - 1.0
        low[todo] = np.where(excess > 0, price[todo], low[todo])
        high[todo] = np.where(excess < 0, price[todo], high[todo])
        left = np.abs(excess) > 1e-12
        todo, excess = todo[left], excess[left]
        if not len(todo):
            break
        fall = _fall(hessian, state[todo], together)
        step = price[todo] + excess / np.maximum(fall, 1e-30)
        inside = (step > low[todo]) & (step < high[todo])
        price[todo] = np.where(inside, step, 0.5 * (low[todo] + high[todo]))
    return mix


def _fall(hessian: FloatArray, state: IntArray, together: BoolArray) -> FloatArray:
    """How fast the sum of ``together`` falls with its price, frame by frame."""
    free = state == FREE
    ones = (free & together).astype(np.float64)
    return (_solve_free(hessian, free, ones) * ones).sum(axis=1)
