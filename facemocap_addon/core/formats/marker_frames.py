# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit and axes of tracked points: what the file says, else what the points themselves tell.

Everything is judged by the shape: where each point usually lies about the middle of all. A face is
4 to 30 cm long, its brows are above its mouth, its left is on the other side than its right, and
it curves back from the nose to both ears.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray, FloatArray
from ..errors import FacemocapError

#: Metres of each unit that files name.
UNITS = {
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre", "millimetres"), 0.001),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre", "centimetres"), 0.01),
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres", "mete"), 1.0),
    **dict.fromkeys(("in", "inch", "inches"), 0.0254),
    **dict.fromkeys(("ft", "foot", "feet"), 0.3048),
    **dict.fromkeys(("yd", "yard", "yards"), 0.9144),
}
_GUESSES = (("metres", 1.0), ("centimetres", 0.01), ("millimetres", 0.001))
#: Longest extent of a face's points, and of a body's, in metres.
_FACE_M, _BODY_M = (0.04, 0.30), (1.0, 3.0)
#: Extent that a face gets whose unit nothing tells.
_USUAL_FACE_M = 0.15
#: A named unit that makes the points smaller or larger than this is wrong.
_NAMED_M = (0.01, 30.0)
#: Extents beyond these, in the file's unit, are no measurement at all.
_ANY_UNIT = (1e-4, 1e6)
_SHAPE_SAMPLES = 200
#: Cosine from which a direction counts as an axis.
_ALONG = 0.75
#: How well depth must go with the distance to the side for a face to be told by its curve.
_CURVED, _CLEARLY = 0.6, 0.2
_FEWEST_FOR_CURVE = 10
_UPPER = re.compile(r"brow|forehead|head|fhd|bhd|eye|(?<![a-z])lid")
_LOWER = re.compile(r"chin|jaw|mouth|lip|menton|ankle|(?<![a-z])[lr]?(?:toe|heel|foot)")
_AXIS_NAMES = ("X", "Y", "Z")


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of the file's frame and a sign."""

    index: int
    sign: int = 1

    def __str__(self) -> str:
        return f"{'+' if self.sign > 0 else '-'}{_AXIS_NAMES[self.index]}"

    def vector(self) -> FloatArray:
        """The unit vector ``(3,)``."""
        out = np.zeros(3)
        out[self.index] = self.sign
        return out


@dataclass(frozen=True)
class Shape:
    """Where points usually lie about their middle.

    Attributes
    ----------
    names : tuple of str, length p
        Only those that were seen.
    places : (p, 3) float64
        In the file's frame and unit.
    extent : float
        Longest side of the box about them, stray points left out.
    """

    names: tuple[str, ...]
    places: FloatArray
    extent: float


@dataclass
class Frame:
    """How a file's points become ours.

    Attributes
    ----------
    left, up, front : Axis
        Axes of the file that become +X, +Y and +Z.
    scale : float
        Metres of one unit.
    assumptions, warnings : list of str
    """

    left: Axis = Axis(0)
    up: Axis = Axis(1)
    front: Axis = Axis(2)
    scale: float = 1.0
    assumptions: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])


def parse_axis(text: str) -> Axis | None:
    """The axis that ``+Z``, ``z`` or ``-Y`` stands for, or None."""
    found = re.fullmatch(r"([+-]?)\s*([xyz])", text.strip().lower())
    return Axis("xyz".index(found[2]), -1 if found[1] == "-" else 1) if found else None


def usual_shape(names: Sequence[str], positions: NDArray[Any], valid: BoolArray) -> Shape:
    """The shape of points ``(n, p, 3)``, seen where ``valid`` ``(n, p)``; a few samples tell it."""
    seen = np.flatnonzero(valid.any(axis=1))
    rows = seen[np.linspace(0, len(seen) - 1, min(len(seen), _SHAPE_SAMPLES)).astype(int)]
    with np.errstate(invalid="ignore"):
        places = np.asarray(positions[rows], np.float64)
    there = valid[rows] & np.isfinite(places).all(axis=2)
    there &= (places != 0).any(axis=2)
    count = np.maximum(there.sum(axis=1), 1)
    with np.errstate(over="ignore", invalid="ignore"):
        middles = np.where(there[..., None], places, 0.0).sum(axis=1) / count[:, None]
        places -= middles[:, None]
    found = [k for k in range(len(names)) if there[:, k].any()]
    medians = [np.median(places[there[:, k], k], axis=0) for k in found]
    shape = np.array(medians).reshape(-1, 3)
    extent = 0.0
    if len(shape):
        with np.errstate(over="ignore", invalid="ignore"):
            low, high = np.percentile(shape, [2.0, 98.0], axis=0)
            extent = float((high - low).max())
    return Shape(tuple(names[k] for k in found), shape, extent)


def find_frame(
    shape: Shape,
    file: str,
    *,
    unit: str = "",
    up: Axis | None = None,
    right: Axis | None = None,
    usual_up: int = 1,
) -> Frame:
    """Unit and axes of a recording.

    Parameters
    ----------
    shape : Shape
    file : str
        Its name, for messages.
    unit : str
        What the file says; empty where it says nothing.
    up, right : Axis or None
        Where the file says what is up, and to the right, as it is looked at.
    usual_up : int
        Axis that is up in files of this format where nothing tells, 1 or 2.

    Raises
    ------
    FacemocapError
        When the numbers are no places of anything.
    """
    frame = Frame()
    _find_scale(frame, shape, unit, file)
    is_face = shape.extent * frame.scale <= _FACE_M[1]
    if not is_face:
        size = shape.extent * frame.scale
        frame.warnings.append(f"The points lie up to {size:.2g} m apart: more than a face.")
    curve = _Curve(shape if is_face else None)
    _find_up(frame, shape, curve, up, usual_up)
    _find_front(frame, shape, curve, right)
    return frame


def _find_scale(frame: Frame, shape: Shape, unit: str, file: str) -> None:
    extent = shape.extent
    if not (np.isfinite(extent) and (extent == 0 or _ANY_UNIT[0] <= extent <= _ANY_UNIT[1])):
        raise FacemocapError(
            f'"{file}" is damaged: its points lie {extent:.3g} apart', "Export it again"
        )
    named = UNITS.get(unit.strip().lower().rstrip("."))
    said = f'The file\'s unit is "{unit}"' if unit.strip() else "No unit is named"
    if named is not None and (extent == 0 or _NAMED_M[0] <= extent * named <= _NAMED_M[1]):
        frame.scale = named
        return
    if named is not None:
        said = f"The file's unit is {unit}, which makes the points {extent * named:.2g} m wide"
    for low, high in (_FACE_M, _BODY_M):
        for word, scale in _GUESSES:
            if low <= extent * scale <= high:
                frame.scale = scale
                text = f"{said}: {word} are taken, as the points lie {extent:.4g} apart."
                (frame.assumptions if named is None else frame.warnings).append(text)
                return
    if extent:
        frame.scale = _USUAL_FACE_M / extent
    frame.warnings.append(
        f"{said}, and none makes a face of points that lie {extent:.4g} apart: they are scaled to "
        f"{_USUAL_FACE_M * 100:.0f} cm."
    )


def _find_up(frame: Frame, shape: Shape, curve: _Curve, said: Axis | None, usual_up: int) -> None:
    """Up from the names of points, else as the file says, else told by the curve, else as usual."""
    named = _up_by_names(shape)
    if named is not None:
        frame.up = named
        if said is not None and said != named:
            frame.warnings.append(
                f"The file says that {said} is up, the names of its points say {named}: the names "
                "are believed."
            )
        elif said is None:
            frame.assumptions.append(f"Up is {named}, by the names of the points.")
    elif said is not None:
        frame.up = said
    else:
        other = 3 - usual_up
        by_curve = curve.best(Axis(other))[1] > max(_CURVED, curve.best(Axis(usual_up))[1])
        frame.up = Axis(other if by_curve else usual_up)
        why = "by the curve of the face" if by_curve else "as is usual in this format"
        frame.assumptions.append(f"Up is taken to be {frame.up}, {why}: the file does not say it.")


def _find_front(frame: Frame, shape: Shape, curve: _Curve, right: Axis | None) -> None:
    """Which way the face looks: by the sides that names tell and by the curve of the face."""
    up = frame.up
    left = _left_by_names(shape, up)
    front, score = curve.best(up)
    is_curved = score >= _CURVED
    by_sides = _cross(left, up) if left is not None else None
    if by_sides is not None and is_curved and front == _opposite(by_sides):
        frame.warnings.append(
            "The names give the sides as the viewer sees them, or the points are mirrored: left "
            "and right of the names are the other way about on the face."
        )
        frame.assumptions.append(f"The face looks along {front}, by its curve.")
    elif by_sides is not None:
        front = by_sides
        frame.assumptions.append(f"The face looks along {front}, by the sides in the names.")
    elif is_curved:
        frame.assumptions.append(f"The face looks along {front}, by its curve.")
    elif right is not None and right.index != up.index:
        front = _cross(right, up)
        frame.assumptions.append(f"The face is taken to look along {front}, out of the screen.")
    else:
        # the axes as they are where Y is up, and Blender's view from the front where Z is
        front = Axis(2) if up.index == 1 else Axis(1, -1)
        frame.assumptions.append(
            f"The face is taken to look along {front}: neither the names nor the places of the "
            "points tell it."
        )
    frame.front = front
    frame.left = _cross(up, front)


def _up_by_names(shape: Shape) -> Axis | None:
    """From the points of the mouth and the chin to those of the brows and the eyes."""
    upper, lower = (
        [k for k, name in enumerate(shape.names) if this.search(name.lower())
         and not that.search(name.lower())]
        for this, that in ((_UPPER, _LOWER), (_LOWER, _UPPER))
    )  # fmt: skip
    if not (upper and lower):
        return None
    return _nearest(shape.places[upper].mean(axis=0) - shape.places[lower].mean(axis=0))


def _left_by_names(shape: Shape, up: Axis) -> Axis | None:
    """The axis from right to left points; names are pairs when they differ in L and R only."""
    at = {name.lower(): k for k, name in enumerate(shape.names)}
    ways: list[FloatArray] = []
    for name, k in at.items():
        for found in re.finditer(r"left|l", name):
            other = "right" if found[0] == "left" else "r"
            partner = at.get(name[: found.start()] + other + name[found.end() :])
            if partner is not None:
                way: FloatArray = shape.places[k] - shape.places[partner]
                way[up.index] = 0.0
                length = float(np.linalg.norm(way))
                ways += [way / length] if length > 0 else []
    if not ways:
        return None
    mean: FloatArray = np.stack(ways).mean(axis=0)
    return _nearest(mean) if float(np.linalg.norm(mean)) > _ALONG else None


class _Curve:
    """How well each way fits the curve of a face; no way does where there is no face."""

    def __init__(self, shape: Shape | None) -> None:
        enough = shape is not None and len(shape.names) >= _FEWEST_FOR_CURVE
        self._places = shape.places if shape is not None and enough else None

    def best(self, up: Axis) -> tuple[Axis, float]:
        """The way that fits best with this axis up, and how well; 0 where none does clearly."""
        fits: list[tuple[float, int, int]] = []
        for index in range(3):
            if index != up.index and self._places is not None:
                fit = self._fit(index, 3 - index - up.index)
                fits += [(fit, index, 1), (-fit, index, -1)]
        if not fits:
            return Axis(3 - max(up.index, 1)), 0.0
        (best, index, sign), (second, *_rest) = sorted(fits, reverse=True)[:2]
        return Axis(index, sign), best if best - second >= _CLEARLY else 0.0

    def _fit(self, depth: int, side: int) -> float:
        """Correlation of the place in depth with nearness to the middle of the face."""
        assert self._places is not None
        aside = self._places[:, side] - np.median(self._places[:, side])
        near = -(aside**2)
        deep = self._places[:, depth]
        spread = float(near.std() * deep.std())
        if not spread > 0:
            return 0.0
        return float(((near - near.mean()) * (deep - deep.mean())).mean()) / spread


def _nearest(way: FloatArray) -> Axis | None:
    """The axis that a direction lies along, or None where it lies between two."""
    length = float(np.linalg.norm(way))
    index = int(np.argmax(np.abs(way)))
    if not length > 0 or abs(float(way[index])) < _ALONG * length:
        return None
    return Axis(index, 1 if way[index] > 0 else -1)


def _cross(one: Axis, other: Axis) -> Axis:
    """The third axis of a right-handed frame."""
    found = np.cross(one.vector(), other.vector())
    index = int(np.argmax(np.abs(found)))
    return Axis(index, 1 if found[index] > 0 else -1)


def _opposite(axis: Axis) -> Axis:
    return Axis(axis.index, -axis.sign)
