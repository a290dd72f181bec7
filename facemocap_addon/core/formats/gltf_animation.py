# SPDX-License-Identifier: GPL-3.0-or-later
"""Animation of glTF files: which curves there are, and their values at any times."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray, frozen
from .gltf_accessors import read_accessor
from .gltf_file import Gltf
from .json_values import as_dict, as_list

#: Animated paths that a face has.
WEIGHTS, ROTATION = "weights", "rotation"
_KINDS = ("LINEAR", "STEP", "CUBICSPLINE")
#: Rates that programs bake or animate at; keys that all lie on one of them name the rate.
_RATES_HZ = (24.0, 25.0, 30.0, 50.0, 60.0, 24 / 1.001, 30 / 1.001, 60 / 1.001, 120.0)
_ON_FRAME = 0.02
#: Of curves whose keys lie on no frames.
USUAL_HZ = 60.0
#: Samples that are this dense are a recording, whatever lies between them.
_DENSE_HZ = 14.0
_ALIKE_SHARE = 0.7


@dataclass(frozen=True)
class Curve:
    """Keys of one animated property of one node.

    Attributes
    ----------
    node : int
    path : str
        ``weights`` or ``rotation``.
    times : (k,) float64
        Seconds, strictly increasing.
    values : (k, c) float64
    slopes : (2, k, c) float64 or None
        Into and out of each key, a second, for cubic splines.
    kind : str
        ``LINEAR``, ``STEP`` or ``CUBICSPLINE``.
    """

    node: int
    path: str
    times: FloatArray
    values: FloatArray
    slopes: FloatArray | None
    kind: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", frozen(self.times, np.float64))
        object.__setattr__(self, "values", frozen(self.values, np.float64))

    def at(self, times_s: FloatArray) -> FloatArray:
        """Values ``(n, c)``; before the first key and after the last they are held.

        Rotations are interpolated along the sphere and have length 1.
        """
        keys, values = self.times, self.values
        last = len(keys) - 1
        left = np.clip(np.searchsorted(keys, times_s, side="right") - 1, 0, last)
        right = np.minimum(left + 1, last)
        step = np.where(right > left, keys[right] - keys[left], 1.0)
        share = np.clip((times_s - keys[left]) / step, 0.0, 1.0)[:, None]
        if self.kind == "STEP":
            out = values[left]
        elif self.kind == "CUBICSPLINE" and self.slopes is not None:
            s2, s3 = share**2, share**3
            out = (
                (2 * s3 - 3 * s2 + 1) * values[left]
                + (s3 - 2 * s2 + share) * step[:, None] * self.slopes[1][left]
                + (3 * s2 - 2 * s3) * values[right]
                + (s3 - s2) * step[:, None] * self.slopes[0][right]
            )
        elif self.path == ROTATION:
            out = _along_sphere(values[left], values[right], share)
        else:
            out = values[left] * (1 - share) + values[right] * share
        return _unit(out) if self.path == ROTATION else out


@dataclass(frozen=True)
class Animation:
    """One animation: its name and the curves of it that a face may have."""

    name: str
    curves: tuple[Curve, ...]


def read_animations(gltf: Gltf) -> list[Animation]:
    """All animations of a document that move weights or turn nodes.

    Raises
    ------
    FacemocapError
        When one of them is damaged.
    """
    out: list[Animation] = []
    for number, entry in enumerate(gltf.entries("animations")):
        samplers = as_list(entry.get("samplers"))
        curves: list[Curve] = []
        for channel in map(as_dict, as_list(entry.get("channels"))):
            target = as_dict(channel.get("target"))
            node, path = target.get("node"), target.get("path")
            if path not in (WEIGHTS, ROTATION) or not isinstance(node, int):
                continue
            gltf.entry("nodes", node)
            place = gltf.whole(channel, "sampler", None)
            if place >= len(samplers):
                raise gltf.damaged(f"animation {number} has no sampler {place}")
            curve = _curve(gltf, as_dict(samplers[place]), node, path)
            if curve is not None:
                curves.append(curve)
        name = entry.get("name")
        out.append(Animation(name if isinstance(name, str) else "", tuple(curves)))
    return [animation for animation in out if animation.curves]


def _curve(gltf: Gltf, sampler: dict[str, Any], node: int, path: str) -> Curve | None:
    kind = sampler.get("interpolation", "LINEAR")
    if kind not in _KINDS:
        raise gltf.damaged(f"an animation is {kind!r:.20}")
    times = read_accessor(gltf, sampler.get("input"))
    if times.shape[1] != 1:
        raise gltf.damaged("the times of an animation are no numbers")
    times = times[:, 0]
    if not len(times):
        return None
    if not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise gltf.damaged("the times of an animation do not rise")
    flat = read_accessor(gltf, sampler.get("output")).ravel()
    rows = len(times) * (3 if kind == "CUBICSPLINE" else 1)
    width, over = divmod(len(flat), rows)
    if over or not width or (path == ROTATION and width != 4):
        raise gltf.damaged(f"an animation has {len(times)} times and {len(flat)} values")
    if not np.isfinite(flat).all():
        raise gltf.damaged("an animation has values that are no numbers")
    # of keys at one time the last stands
    kept = np.append(np.diff(times) > 0, True)
    table = flat.reshape(len(times), -1, width)[kept]
    slopes = None if kind != "CUBICSPLINE" else np.stack([table[:, 0], table[:, 2]])
    middle = table[:, 1] if kind == "CUBICSPLINE" else table[:, 0]
    return Curve(node, path, times[kept], middle, slopes, kind)


def sample_times(curves: list[Curve]) -> tuple[FloatArray, float | None]:
    """When to sample curves so that nothing is lost.

    Returns
    -------
    times : (n,) float64
        Seconds: the keys' own, where they are dense or few; else a grid on which the keys lie.
    rate_hz : float or None
        Of the grid; None for the keys' own times.
    """
    keys = _merged([curve.times for curve in curves])
    straight = all(curve.kind == "LINEAR" for curve in curves)
    if len(keys) < 2 or _is_dense(keys):
        return keys, None
    if straight and all(curve.path == WEIGHTS for curve in curves) and _is_even(keys):
        return keys, None
    first, length = float(keys[0]), float(keys[-1] - keys[0])
    for rate in _RATES_HZ:
        frames: FloatArray = (keys - first) * rate
        if float(np.abs(frames - np.round(frames)).max()) < _ON_FRAME:
            break
    else:
        rate = USUAL_HZ
    return first + np.arange(int(np.ceil(length * rate - _ON_FRAME)) + 1) / rate, rate


def _merged(tables: list[FloatArray]) -> FloatArray:
    """All times, those that differ by rounding only once."""
    times = np.unique(np.concatenate(tables))
    apart = np.append(True, np.diff(times) > 1e-5)
    return times[apart]


def _is_dense(keys: FloatArray) -> bool:
    steps = np.diff(keys)
    typical = float(np.median(steps))
    alike = np.abs(steps - typical) <= 0.25 * typical
    return typical <= 1 / _DENSE_HZ and float(alike.mean()) >= _ALIKE_SHARE


def _is_even(keys: FloatArray) -> bool:
    return len(keys) > 2 and float(np.ptp(np.diff(keys))) < 1e-4 * float(np.mean(np.diff(keys)))


def _along_sphere(first: FloatArray, second: FloatArray, share: FloatArray) -> FloatArray:
    """Quaternions ``(n, 4)`` between two, the shorter way."""
    first, second = _unit(first), _unit(second)
    dot = (first * second).sum(axis=1, keepdims=True)
    second = np.where(dot < 0, -second, second)
    angle = np.arccos(np.clip(np.abs(dot), 0.0, 1.0))
    sine = np.sin(angle)
    near = sine < 1e-6
    divisor = np.where(near, 1.0, sine)
    before = np.where(near, 1 - share, np.sin((1 - share) * angle) / divisor)
    after = np.where(near, share, np.sin(share * angle) / divisor)
    return before * first + after * second


def _unit(quaternions: FloatArray) -> FloatArray:
    length = np.linalg.norm(quaternions, axis=1, keepdims=True)
    rest = np.array([0.0, 0.0, 0.0, 1.0])
    return np.where(length > 1e-9, quaternions / np.maximum(length, 1e-9), rest)


def together(animations: list[Animation]) -> tuple[list[Animation], list[Animation]]:
    """Animations that play at once, and those that are other takes.

    Programs write one animation for each moving object of a take, and one for each take. What moves
    a property that another one moves too is another take; of these the one with the most keys of
    face weights is read, the first of equals.
    """
    groups: list[list[Animation]] = []
    for animation in animations:
        for group in groups:
            taken = {(c.node, c.path) for c in itertools.chain(*(a.curves for a in group))}
            if not any((curve.node, curve.path) in taken for curve in animation.curves):
                group.append(animation)
                break
        else:
            groups.append([animation])
    best = max(groups, key=_weight_keys)
    return best, [animation for group in groups if group is not best for animation in group]


def _weight_keys(group: list[Animation]) -> int:
    curves = itertools.chain(*(animation.curves for animation in group))
    return sum(curve.values.size for curve in curves if curve.path == WEIGHTS)
