# SPDX-License-Identifier: GPL-3.0-or-later
"""bone_face: a face without shape keys; bones move everything.

Its weights come from the same fields as the shapes of the other characters. Plain linear
skinning pulls a vertex that turns only in part towards the axis; lid vertices therefore stand
further out at rest by just that amount, and the lids lie on the eye when they are shut.
"""

from __future__ import annotations

import math

import numpy as np

from . import bones as rig
from .base import BaseFace, Character, styled
from .blends import head_mesh
from .bones import SIDES, Bone, bone
from .distance import Array, bell, smooth_step, spot
from .figures import FIGURES
from .head import seam_pairs
from .jaw import CORNER_SHARE
from .mesh import Indices, Part
from .styles import BROAD
from .teeth import tongue_place
from .trim import nearest

Weights = dict[str, Array]

# Places (mm) of the small bones of the left side, which point up.
_BROW_INNER = (13.0, 15.0, 92.0)
_BROW_OUTER = (42.0, 17.0, 80.0)
_CHEEK = (41.0, -32.0, 72.0)
_NOSE_WING = (14.0, -40.0, 94.0)
_LIP_CORNER = (FIGURES.mouth_x, -70.0, 82.0)
_LIP_UPPER = (0.0, -65.0, 98.0)
_LIP_LOWER = (0.0, -74.0, 96.0)
_CHIN = (0.0, -62.0, 60.0)
_SMALL_MM = 9.0

_MISMATCH = 0.04
"""How far the mouth's corner bone may take a vertex from its own share of the jaw's turn."""


_LEAST = 0.002
"""Weights of the jaw below this are dropped."""


def lid_angles(face: BaseFace) -> tuple[float, float]:
    """Turns (radians, + down) of the upper and the lower lid bone that shut the eye."""
    upper, lower = face.fields.shut_turns()
    return float(-upper.min()), float(-lower.max())


def _lid_weights(face: BaseFace) -> tuple[Array, Array, Array]:
    """Weights of the left lid bones and each vertex's distance from the axis at rest.

    The first two are the upper and the lower bone's; the distance is a factor.

    A weight w of a turn A moves a vertex by the angle d with w = sin d / (sin d + sin(A - d))
    and to |1 - w + w exp(iA)| of its distance from the axis.
    """
    f = face.fields
    want = np.abs(f.lid_turn(*f.shut_turns()))
    weights: list[Array] = []
    stretch = np.ones(f.count)
    for side, angle in zip((1, -1), lid_angles(face), strict=True):
        full = abs(angle)
        d = np.where(f.lid_side == side, np.minimum(want, full), 0.0)
        w = np.sin(d) / (np.sin(d) + np.sin(full - d))
        stretch /= np.hypot(1 - w + w * math.cos(full), w * math.sin(full))
        weights.append(w)
    return weights[0], weights[1], stretch


def _rest_vertices(face: BaseFace) -> Array:
    """The base face with its lids pushed out as linear skinning needs it."""
    f = face.fields
    stretch = _lid_weights(face)[2]
    q = f.vertices - FIGURES.eye
    q[:, 1:] *= stretch[:, None]
    left = np.where(f.on_lid[:, None], q + FIGURES.eye - f.vertices, 0.0)
    return f.vertices + f.both(left)


def _bones() -> list[Bone]:
    """All bones; parents before children."""
    hinge = FIGURES.jaw
    follow = Bone(
        "jaw_follow",
        hinge,
        hinge + 0.6 * (np.array(_CHIN) - hinge),
        "head",
        "XYZ",
        "jaw",
        CORNER_SHARE,
        deform=False,
    )
    out = [*rig.neck_and_head(), bone("jaw", hinge, _CHIN, "head", "XYZ"), follow]
    out += rig.eyes()
    up = np.array([0, _SMALL_MM, 0])
    for side, suffix in SIDES:
        mirror = np.array([side, 1, 1])
        for lid, size, share in (("lid_upper", 18, 0.55), ("lid_lower", 16, 0.45)):
            centre = FIGURES.eye * mirror
            tip = centre + np.array([0, 0, size])
            eye = "eye" + suffix
            out.append(Bone(lid + suffix, centre, tip, "head", "XYZ", eye, share, adds_pitch=True))
        for name, at, parent in (
            ("brow_inner", _BROW_INNER, "head"),
            ("brow_outer", _BROW_OUTER, "head"),
            ("cheek", _CHEEK, "head"),
            ("nose_wing", _NOSE_WING, "head"),
            ("lip_corner", _LIP_CORNER, "jaw_follow"),
        ):
            place = np.array(at) * mirror
            out.append(bone(name + suffix, place, place + up, parent))
    out.append(bone("lip_upper", _LIP_UPPER, np.array(_LIP_UPPER) + up, "head"))
    out.append(bone("lip_lower", _LIP_LOWER, np.array(_LIP_LOWER) + up, "jaw"))
    out.append(bone("tongue", (0, -75, 48), (0, -73, 82), "jaw", "XYZ"))
    return out


def _corner_weight(face: BaseFace) -> Array:
    """Weight of the left corner bone, equal on both lips so that a smile keeps them together.

    It is small enough that the jaw can still give every vertex its own share.
    """
    f = face.fields
    w = 0.95 * spot(f.vertices, (FIGURES.mouth_x + 3, -68, 84), (27, 25, 30))
    room = np.minimum(
        (face.jaw + _MISMATCH) / CORNER_SHARE, (1 - face.jaw + _MISMATCH) / (1 - CORNER_SHARE)
    )
    for _ in range(3):
        w = f.smooth(np.minimum(w, room), 2)
    pairs = np.array(seam_pairs(face.head))
    w[pairs] = w[pairs].min(1, keepdims=True)
    return w


def head_weights(face: BaseFace) -> Weights:
    """Weights of every bone over the head mesh; they sum to 1."""
    f = face.fields
    upper, lower, _ = _lid_weights(face)
    free = np.maximum(0.0, 1 - face.jaw)
    left = {
        "lid_upper": upper,
        "lid_lower": lower,
        "brow_inner": 0.9 * f.guard * spot(f.vertices, (14, 16, 95), (20, 22, 24)),
        "brow_outer": 0.9 * f.guard * spot(f.vertices, (42, 18, 82), (24, 20, 26)),
        "cheek": 0.8 * f.guard * free * spot(f.vertices, (41, -31, 76), 28),
        "nose_wing": 0.8 * free * spot(f.vertices, (15, -38, 99), 13),
        "lip_corner": _corner_weight(face),
    }
    small: Weights = {}
    for name, w in left.items():
        small[name + ".L"], small[name + ".R"] = w, w[f.partner]
    middle = bell(f.lip_distance / 13) * np.exp(-((f.x / 15) ** 2))
    middle[(f.ring >= 0) & (f.ring < 4)] = 0
    corners = small["lip_corner.L"] + small["lip_corner.R"]
    middle = 0.85 * middle * np.clip(1 - corners, 0, 1)
    small["lip_upper"] = middle * np.clip(2 * f.up - 1, 0, 1)
    small["lip_lower"] = middle * np.clip(1 - 2 * f.up, 0, 1)
    total = np.sum(list(small.values()), 0)
    over = np.maximum(total, 1.0)
    small = {name: w / over for name, w in small.items()}
    rest = np.maximum(1 - np.sum(list(small.values()), 0), 0)
    corners = small["lip_corner.L"] + small["lip_corner.R"]
    given = CORNER_SHARE * corners + small["lip_lower"]
    jaw = np.clip(face.jaw - given, 0, rest)
    jaw[jaw < _LEAST] = 0  # smoothing leaves traces far down the neck
    rest -= jaw
    split = rig.split_neck(f.vertices)
    return {"neck": rest * split["neck"], "head": rest * split["head"], "jaw": jaw} | small


def _part_weights(face: BaseFace, part: Part, roots: Indices, weights: Weights) -> Weights:
    """Weights of a separate part."""
    n = len(part.vertices)
    if part.name == "lashes":
        return {name: w[roots] for name, w in weights.items()}
    if part.name == "brows":
        index, share = nearest(part.vertices, face.head.vertices, 12, 1.5, 1.5)
        return {name: (w[index] * share).sum(1) for name, w in weights.items()}
    if part.name == "tongue":
        w = smooth_step(0.0, 0.35, tongue_place(part.vertices))
        return {"jaw": 1 - w, "tongue": w}
    solid = {"eye_L": "eye.L", "eye_R": "eye.R", "teeth_lower": "jaw"}
    return {solid.get(part.name, "head"): np.ones(n)}


def bone_face(face: BaseFace) -> Character:
    """The broad face, moved by 23 bones."""
    weights = head_weights(face)
    mesh = head_mesh(face, BROAD, {}, weights)
    rest = _rest_vertices(face)
    mesh.part.vertices = rest
    mesh.vertices = styled(mesh.part, BROAD, {}, weights).vertices
    meshes = [mesh]
    parts, roots = face.parts(BROAD)
    for part in parts:
        if part.name == "lashes":
            part.vertices = part.vertices + (rest - face.head.vertices)[roots]
        own = _part_weights(face, part, roots, weights)
        meshes.append(styled(part, BROAD, {}, own))
    upper, lower = lid_angles(face)
    notes = {
        "lid_upper_close_deg": round(math.degrees(upper), 4),
        "lid_lower_close_deg": round(math.degrees(lower), 4),
        "jaw_open_deg": FIGURES.jaw_deg,
        "axes": "local X points to the character's left; + pitches down what lies in front",
    }
    return Character("bone_face", "bone", BROAD, meshes, _bones(), notes=notes)
