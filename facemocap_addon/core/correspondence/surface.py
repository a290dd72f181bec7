# SPDX-License-Identifier: GPL-3.0-or-later
"""The skin of a face to put points on: what is seen from outside, upper and lower lip apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..contacts.face_contacts import MOUTH
from ..contacts.margins import Opening

#: Edge of the cells (eye distances) in which what lies before others is told.
CELL = 0.03
#: What lies this little (eye distances) behind the foremost is seen too.
BEHIND = 0.06
#: Directions from which the face is looked at: turned aside and up (degrees).
VIEWS = ((0, 0), (35, 0), (-35, 0), (75, 0), (-75, 0), (0, 35), (0, -35), (0, -60))
#: A triangle is seen when its normal and the view have this cosine.
FACING = 0.5
#: Normals whose signs agree by this much are wound one way.
AGREED = 0.8
#: Skin this far (eye distances) behind the edge of a lip is inside the mouth, and is seen through
#: it at most this far above or below.
INSIDE, SLIT = 0.04, 0.06
#: Around the line of the mouth, lips are told apart by what goes with the jaw (eye distances).
LIPS = 0.2
#: How long a way out of the face or into it is taken to be beside one along it.
ALONG = 0.3
#: The middle of the head lies this far (eye distances) behind the eyes.
WITHIN = 0.8
#: Points that are put on the skin at once.
_AT_ONCE = 48


@dataclass(frozen=True)
class Gap:
    """The line between the edges of an opening, in the face's frame.

    Attributes
    ----------
    columns : (k,)
        To the side, rising.
    heights, depths : (k,)
        Middle between the edges, and the rear of them.
    """

    columns: FloatArray
    heights: FloatArray
    depths: FloatArray

    def covers(self, places: FloatArray) -> BoolArray:
        """Which places ``(n, 3)`` lie above or below it, on this side of the face."""
        return (places[:, 0] > self.columns[0]) & (places[:, 0] < self.columns[-1])

    def above(self, places: FloatArray) -> FloatArray:
        """How far above the line places ``(n, 3)`` lie."""
        return places[:, 1] - np.interp(places[:, 0], self.columns, self.heights)

    def behind(self, places: FloatArray) -> FloatArray:
        """How far behind its edges places lie."""
        return np.interp(places[:, 0], self.columns, self.depths) - places[:, 2]


@dataclass(frozen=True)
class Skin:
    """Triangles of a face's skin that are seen from outside.

    Attributes
    ----------
    places : (n, 3)
        All points in the face's frame, eye distances.
    triangles : (t, 3) int
    middles : (t, 3)
    reach : (t,)
        Distance from the middle to the farthest corner.
    sides : mapping of str to (t,) int8
        For each opening: 1 for triangles above it, -1 below, 0 beside it.
    gaps : mapping of str to Gap
    """

    places: FloatArray
    triangles: IntArray
    middles: FloatArray
    reach: FloatArray
    sides: Mapping[str, IntArray]
    gaps: Mapping[str, Gap]

    def nearest(
        self,
        wanted: FloatArray,
        sides: Mapping[str, IntArray] | None = None,
        *,
        outwards: bool = False,
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        """The places on the skin that are nearest to ``wanted``.

        Parameters
        ----------
        wanted : (p, 3)
        sides : mapping of str to (p,) int
            For each opening: 1 or -1 for points that have to lie above or below it.
        outwards : bool
            Rather move points out of the face or into it than along it: what lies within a narrow
            nose belongs on its ridge and not on its side.

        Returns
        -------
        triangles : (p,) int
            Rows of `triangles`.
        shares : (p, 3)
            Barycentric weights.
        places : (p, 3)
        """
        rows = np.zeros(len(wanted), np.int64)
        shares = np.zeros((len(wanted), 3))
        for start in range(0, len(wanted), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            barred = np.zeros((len(wanted[part]), len(self.triangles)), np.bool_)
            for name, own in (sides or {}).items():
                barred |= own[part][:, None] * self.sides[name][None] < 0
            rows[part], shares[part] = self._nearest(wanted[part], barred, outwards)
        corners = self.places[self.triangles[rows]]
        return rows, shares, np.einsum("pk,pkd->pd", shares, corners)

    def _nearest(
        self, wanted: FloatArray, barred: BoolArray, outwards: bool
    ) -> tuple[IntArray, FloatArray]:
        ways = _ways_out(wanted) * (np.sqrt(1.0 - ALONG**2) if outwards else 0.0)
        arms = self.middles[None] - wanted[:, None]
        out = np.einsum("ptd,pd->pt", arms, ways)
        away = np.sqrt(np.maximum((arms**2).sum(axis=2) - out**2, 0.0))
        away[barred] = np.inf
        bound = away + self.reach
        point, triangle = np.nonzero(away - self.reach <= bound.min(axis=1, keepdims=True))
        # shorter along the way out: the nearest place is found in a space that is squeezed so
        corners = self.places[self.triangles[triangle]] - wanted[point, None]
        unit = _ways_out(wanted)[point] if outwards else np.zeros((len(point), 3))
        deep = np.einsum("pkd,pd->pk", corners, unit)
        corners = corners - (1.0 - ALONG) * deep[..., None] * unit[:, None]
        shares = nearest_shares(np.zeros((len(point), 3)), corners)
        found: FloatArray = (shares[..., None] * corners).sum(axis=1)
        distance: FloatArray = np.sqrt((found**2).sum(axis=1))
        order = np.lexsort((triangle, distance, point))
        _, first = np.unique(point[order], return_index=True)
        best = order[first]
        return triangle[best], shares[best]


def make_skin(
    places: FloatArray,
    triangles: IntArray,
    skin: BoolArray,
    hides: BoolArray,
    openings: Mapping[str, Opening],
    lips: FloatArray,
) -> Skin:
    """The skin of a face.

    Parameters
    ----------
    places : (n, 3)
        In the face's frame, eye distances.
    triangles : (t, 3) int
        Of all meshes.
    skin : (n,) bool
        Points of the face's skin.
    hides : (n,) bool
        Points of what else hides it: eyeballs.
    openings : mapping of str to Opening
    lips : (n,)
        1 for points that go with the upper lip, -1 with the lower one, 0 between.
    """
    own = triangles[skin[triangles].all(axis=1)]
    others = triangles[hides[triangles].all(axis=1)]
    own = own[seen_from_outside(places, own, others)]
    gaps = {name: find_gap(opening, places) for name, opening in openings.items()}
    middles = places[own].mean(axis=1)
    if MOUTH in gaps:
        gap = gaps[MOUTH]
        near = gap.covers(middles) & (np.abs(gap.above(middles)) < SLIT)
        outside = ~(near & (gap.behind(middles) > INSIDE))
        own, middles = own[outside], middles[outside]
    sides: dict[str, IntArray] = {}
    for name, gap in gaps.items():
        above = gap.above(middles)
        side = np.where(gap.covers(middles), np.sign(above), 0.0)
        if name == MOUTH:
            with_lip = lips[own].mean(axis=1)
            near = gap.covers(middles) & (np.abs(above) < LIPS) & (np.abs(with_lip) > 0.1)
            side = np.where(near, np.sign(with_lip), side)
        sides[name] = side.astype(np.int8)
    reach = np.linalg.norm(places[own] - middles[:, None], axis=2).max(axis=1, initial=0.0)
    return Skin(places, own, middles, reach, sides, gaps)


def find_gap(opening: Opening, places: FloatArray) -> Gap:
    """The line between the edges of an opening."""
    upper, lower = opening.upper.at(places), opening.lower.at(places)
    middle = 0.5 * (upper + lower)
    order = np.argsort(middle[:, 0], kind="stable")
    rear = np.minimum(upper[:, 2], lower[:, 2])
    return Gap(middle[order, 0], middle[order, 1], rear[order])


def seen_from_outside(places: FloatArray, triangles: IntArray, others: IntArray) -> BoolArray:
    """Which triangles ``(t,)`` can be seen from around the face, with ``others`` in the way."""
    corners = places[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    middles = corners.mean(axis=1)
    samples = np.concatenate([_samples(corners), _samples(places[others])])
    out = np.zeros(len(triangles), np.bool_)
    outwards: float | None = None
    for aside, up in VIEWS:
        view, right, top = _view(aside, up)
        flat = np.floor(np.stack([samples @ right, samples @ top], axis=1) / CELL).astype(np.int64)
        low = flat.min(axis=0, initial=0)
        width = int(flat[:, 0].max(initial=0) - low[0] + 1)
        cells = (flat[:, 1] - low[1]) * width + flat[:, 0] - low[0]
        front = np.full(int(cells.max(initial=0)) + 1, -np.inf)
        np.maximum.at(front, cells, samples @ view)
        own = np.floor(np.stack([middles @ right, middles @ top], axis=1) / CELL).astype(np.int64)
        cell = (own[:, 1] - low[1]) * width + own[:, 0] - low[0]
        before = middles @ view > front[cell] - BEHIND
        cosine = normals @ view
        if outwards is None:
            outwards = _outwards(cosine[before])
        facing = np.abs(cosine) if outwards == 0.0 else outwards * cosine
        out |= before & (facing > FACING)
    return out


def _outwards(cosine: FloatArray) -> float:
    """Which way normals of a mesh point that is seen from the front; 0 for one that is mixed up."""
    clear = cosine[np.abs(cosine) > FACING]
    mean = float(np.sign(clear).mean()) if len(clear) else 0.0
    return float(np.sign(mean)) if abs(mean) > AGREED else 0.0


def _view(aside: float, up: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    yaw, pitch = np.radians(aside), np.radians(up)
    view = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    right = np.array([np.cos(yaw), 0.0, -np.sin(yaw)])
    return view, right, np.cross(view, right)


def _ways_out(places: FloatArray) -> FloatArray:
    """Unit vectors ``(p, 3)`` from within the head through places of the face."""
    arms = np.stack([places[:, 0], 0.4 * places[:, 1], places[:, 2] + WITHIN], axis=1)
    return arms / np.maximum(np.linalg.norm(arms, axis=1, keepdims=True), 1e-9)


def _samples(corners: FloatArray) -> FloatArray:
    """Points that lie on triangles ``(t, 3, 3)`` about as close together as cells are wide."""
    if not len(corners):
        return np.zeros((0, 3))
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    steps = np.clip(np.ceil(longest / CELL), 1, 12).astype(int)
    parts: list[FloatArray] = []
    for count in np.unique(steps):
        grid = [
            (i / count, j / count, (count - i - j) / count)
            for i in range(count + 1)
            for j in range(count + 1 - i)
        ]
        parts.append(np.einsum("gk,tkd->tgd", np.array(grid), corners[steps == count]))
    return np.concatenate([part.reshape(-1, 3) for part in parts])


def nearest_shares(points: FloatArray, corners: FloatArray) -> FloatArray:
    """Barycentric weights ``(p, 3)`` of the places in triangles that are nearest to points.

    Parameters
    ----------
    points : (p, 3)
    corners : (p, 3, 3)
    """
    candidates = [_inside(points, corners)]
    for first, second in ((0, 1), (1, 2), (2, 0)):
        along = corners[:, second] - corners[:, first]
        length = np.maximum((along**2).sum(axis=1), 1e-30)
        share = ((points - corners[:, first]) * along).sum(axis=1) / length
        edge = np.zeros((len(points), 3))
        edge[:, second] = np.clip(share, 0.0, 1.0)
        edge[:, first] = 1.0 - edge[:, second]
        candidates.append(edge)
    shares = np.stack(candidates, axis=1)
    places: FloatArray = (shares[..., None] * corners[:, None]).sum(axis=2)
    away: FloatArray = np.sqrt(((places - points[:, None]) ** 2).sum(axis=2))
    away[(shares < 0).any(axis=2)] = np.inf
    return shares[np.arange(len(points)), np.argmin(away, axis=1)]


def _inside(points: FloatArray, corners: FloatArray) -> FloatArray:
    """Weights of the foot of the perpendicular; negative outside the triangle."""
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    arm = points - corners[:, 0]
    a, b, c = (one * one).sum(axis=1), (one * two).sum(axis=1), (two * two).sum(axis=1)
    d, e = (arm * one).sum(axis=1), (arm * two).sum(axis=1)
    size = a * c - b * b
    flat = size <= 1e-30
    size = np.where(flat, 1.0, size)
    second, third = (c * d - b * e) / size, (a * e - b * d) / size
    out = np.stack([1.0 - second - third, second, third], axis=1)
    out[flat] = -1.0
    return out
