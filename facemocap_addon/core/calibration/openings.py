# SPDX-License-Identifier: GPL-3.0-or-later
"""Where lids and lips are on a face that was scanned, for fitting the reference to it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..contacts.lids import REACH, find_lids
from ..contacts.margins import Opening
from ..contacts.mouth import find_mouth
from ..probing.eyeballs import fit_sphere
from ..probing.face_frame import FaceFrame
from ..probing.scan import Scan
from ..probing.solvers import connected_pieces

LIDS, MOUTH = ("left_lids", "right_lids"), "mouth"
#: Upper and lower edge ``(k, 3)`` of an opening.
Edges = tuple[FloatArray, FloatArray]


def find_face_openings(
    scan: Scan, frame: FaceFrame, triangles: IntArray, opened: FloatArray | None
) -> dict[str, Opening]:
    """The openings of a face: ``left_lids``, ``right_lids``, ``mouth``, as far as it has them.

    Parameters
    ----------
    scan : Scan
    frame : FaceFrame
        Of this scan.
    triangles : (t, 3) int
        Of all meshes, by the scan's points.
    opened : (n, 3) or None
        Displacements of the points by which the jaw opens, metres; None where nothing opens it.
    """
    skin = _largest_piece(scan, frame)
    links = np.concatenate([triangles[:, :2], triangles[:, 1:]])
    pieces = connected_pieces(len(scan.points), links)
    found: dict[str, Opening] = {}
    for name, ball in zip(LIDS, frame.balls, strict=True):
        if not ball.any():
            continue
        centre, radius, _ = fit_sphere(frame.plain[ball])
        away = np.linalg.norm(frame.plain - centre, axis=1) > REACH * radius
        # lashes and tear lines are all close to the eye; a lid may be a piece of its own, though
        whole = skin & (np.bincount(pieces, away)[pieces] > 0)
        lids = find_lids(frame.plain, triangles, whole, centre, radius)
        lids = lids or find_lids(frame.plain, triangles, skin, centre, radius)
        if lids is not None:
            found[name] = lids
    if opened is not None:
        mouth = find_mouth(frame.plain, frame.plain + frame.turned(opened), triangles, skin)
        if mouth is not None:
            found[MOUTH] = mouth
    return found


def edges_in(openings: Mapping[str, Opening], frame: FaceFrame) -> dict[str, Edges]:
    """The edges of openings in the frame, the face's own proportions."""
    return {
        name: (opening.upper.at(frame.plain), opening.lower.at(frame.plain))
        for name, opening in openings.items()
    }


def interpolated(at: FloatArray, columns: FloatArray, table: FloatArray) -> FloatArray:
    """Rows ``(n, 3)`` of a table ``(k, 3)`` between its rising columns ``(k,)``."""
    out: FloatArray = np.empty((len(at), 3))
    for axis in range(3):
        out[:, axis] = np.interp(at, columns, table[:, axis])
    return out


def lip_sides(places: FloatArray, opened: FloatArray, mouth: Opening | None) -> FloatArray:
    """To which lip points ``(n,)`` belong: 1 above the mouth, -1 below it, 0 beside it.

    Lips touch, and their inner sides lie behind each other: what tells them apart is which of the
    two edges nearby they go with when the jaw opens.

    Parameters
    ----------
    places : (n, 3)
        Points in the face's frame.
    opened : (n, 3)
        Their displacements as the jaw opens, in the same frame.
    mouth : Opening or None
    """
    if mouth is None:
        return np.zeros(len(places))
    upper, lower = mouth.upper.at(places), mouth.lower.at(places)
    with_upper, with_lower = mouth.upper.at(opened), mouth.lower.at(opened)
    order = np.argsort(upper[:, 0], kind="stable")
    columns = 0.5 * (upper + lower)[order, 0]

    above = interpolated(places[:, 0], columns, with_upper[order])
    below = interpolated(places[:, 0], columns, with_lower[order])
    parted = ((above - below) ** 2).sum(axis=1)
    most = float(parted.max(initial=0.0))
    to_lower = ((opened - below) ** 2).sum(axis=1)
    to_upper = ((opened - above) ** 2).sum(axis=1)
    side = np.clip(2.0 * (to_lower - to_upper) / np.maximum(parted, 1e-12), -1.0, 1.0)
    # at the corners the lips hardly part and are one
    return side * np.clip(parted / max(0.04 * most, 1e-12), 0.0, 1.0)


def _largest_piece(scan: Scan, frame: FaceFrame) -> BoolArray:
    """Points of the piece of which most lies within the face and is moved by expressions."""
    moves: BoolArray = np.zeros(len(scan.points), np.bool_)
    for motion in scan.motions:
        if frame.is_local(motion):
            moves[motion.rows] = True
    within = np.bincount(scan.islands[frame.face & moves], minlength=int(scan.islands.max()) + 1)
    return scan.islands == int(np.argmax(within))
