# SPDX-License-Identifier: GPL-3.0-or-later
"""The landmark basis, out of where the landmarks lie on the sample head and what was seen of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from facemocap_addon.core.channels import arkit_names
from facemocap_addon.core.video.landmark_basis import (
    CORNERS_M,
    EYES,
    LANDMARKS,
    MESH,
    LandmarkBasis,
)
from facemocap_addon.core.video.landmark_pose import STILL_M, fit_similar

from .hits import EYES as EYE_MESHES
from .hits import cast_landmarks, evaluated_points
from .stills import HEAD, SAMPLE_RIGS, open_head, set_shape

Array = NDArray[np.float64]
HITS = SAMPLE_RIGS / "landmark_hits.json"
#: Part of a frown's inward movement that MediaPipe shows.
INWARD = 0.25
#: Shapes whose landmarks hardly move have no likeness worth the name.
LEAST_PX = 0.3
#: Landmarks of both sides that are farther from each other's mirror image are not the same place.
FAR_M = 0.006
#: Shapes that are the same on both sides and part the lips.
BOTH_SIDES = ("jawOpen", "mouthFunnel")


def from_blender(points: Array) -> Array:
    """Blender's axes (face to -y, z up) in ours (face to +z, y up)."""
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)


def mesh_landmarks(hits: list[list[Any]]) -> tuple[Array, dict[str, Array]]:
    """Landmarks ``(478, 3)`` of the neutral head, and of it with each shape at 1, in our axes."""
    head = open_head()
    bodies = {name: bpy.data.objects[name] for name in (HEAD, *EYE_MESHES.values())}
    owners = np.array([list(bodies).index(hit[0]) for hit in hits])
    corners = np.array([hit[1:4] for hit in hits])
    shares = np.array([hit[4:7] for hit in hits])

    def now(only_head: bool) -> Array:
        out = np.zeros((LANDMARKS, 3))
        for number, body in enumerate(bodies.values()):
            if only_head and body is not head:
                continue
            mine = owners == number
            points = evaluated_points(body)
            out[mine] = np.einsum("pc,pci->pi", shares[mine], points[corners[mine]])
        return from_blender(out)

    neutral = now(only_head=False)
    shapes: dict[str, Array] = {}
    known = {block.name for block in head.data.shape_keys.key_blocks}
    for name in arkit_names():
        shapes[name] = neutral.copy()
        if name in known:
            set_shape(name, 1.0)
            posed = now(only_head=True)
            shapes[name][owners == 0] = posed[owners == 0]
            set_shape(name, 0.0)
    return neutral, shapes


def stillness(moves: Array) -> Array:
    """How still each landmark is: 1 where no shape moves it."""
    moved = np.sqrt((moves**2).sum(axis=(0, 2)))
    return 1.0 / (1.0 + (moved / STILL_M) ** 2)


def what_was_seen(seen: dict[str, Any], moves: dict[str, Array]) -> dict[str, list[float]]:
    """Gain and likeness of each shape: the movement on the stills beside that of the mesh.

    Only what is across the view counts; where the head seems to be is taken off both.
    """
    still = stillness(np.stack([*moves.values()]))[:MESH]
    flat = {name: np.array(points)[:MESH] * (1.0, -1.0, -1.0) for name, points in seen.items()}
    neutral = flat["neutral"]
    out: dict[str, list[float]] = {}
    # pixels a metre, by the distance of the corners of the eyes
    scale = float(np.linalg.norm(neutral[EYES["left"]["outer"]] - neutral[EYES["right"]["outer"]]))
    scale /= CORNERS_M
    for name, move in moves.items():
        meant = move[:MESH, :2] * scale
        size = float(np.sqrt((meant**2).sum(axis=1).max()))
        if name not in flat or size < LEAST_PX:
            out[name] = [0.0, 0.0]
            continue
        points = flat[name]
        factor, turns, place = fit_similar(points[None], neutral[None], still[None])
        level = factor[0] * points @ turns[0].T + place[0]
        moved = (level - neutral)[:, :2]
        both = float((moved * meant).sum())
        gain = both / float((meant**2).sum())
        likeness = both / float(np.sqrt((meant**2).sum() * (moved**2).sum()) or 1.0)
        out[name] = [round(gain, 3), round(likeness, 3)]
    return out


def as_shown(name: str, move: Array) -> Array:
    """What MediaPipe shows of a shape's movement: brows that sink, hardly that they draw inward.

    Of the rest of a frown it shows about half on stills of the sample head.
    """
    return move * (INWARD, 1.0, 1.0) if name.startswith("browDown") else move


def make_hits(seen: dict[str, Any], size_px: int) -> dict[str, Any]:
    """Everything that MediaPipe is needed for, as plain values."""
    hits = cast_landmarks(seen["points"], size_px)
    neutral, shapes = mesh_landmarks(hits)
    unit = metric_scale(neutral)
    moves = {name: as_shown(name, points - neutral) * unit for name, points in shapes.items()}
    return {
        "schema": 1,
        "source": f"sample_rigs/{HEAD}.blend seen by {seen['tracker']}, python dev.py landmarks",
        "still_px": size_px,
        "points": hits,
        "seen": what_was_seen(seen["points"], moves),
    }


def metric_scale(neutral: Array) -> float:
    """What brings the outer corners of the eyes to their usual distance."""
    apart = np.linalg.norm(neutral[EYES["left"]["outer"]] - neutral[EYES["right"]["outer"]])
    return float(CORNERS_M / apart)


def build_basis(hits: dict[str, Any]) -> LandmarkBasis:
    """The basis, from the hits and the sample head alone."""
    neutral, shapes = mesh_landmarks(hits["points"])
    unit = metric_scale(neutral)
    centres = np.stack(
        [
            from_blender(evaluated_points(bpy.data.objects[EYE_MESHES[side]])).mean(axis=0)
            for side in ("left", "right")
        ]
    )
    names = tuple(shapes)
    moves = {name: points - neutral for name, points in shapes.items()}
    partners = find_partners(neutral, moves)
    neutral, moves = same_on_both_sides(neutral, moves, partners)
    moves = {name: as_shown(name, move) for name, move in moves.items()}
    seen = np.array([hits["seen"][name] for name in names])
    # the middle between the outer corners is the origin
    origin = (neutral[EYES["left"]["outer"]] + neutral[EYES["right"]["outer"]]) / 2
    return LandmarkBasis(
        names=names,
        neutral=(neutral - origin) * unit,
        moves=np.stack([moves[name] * unit for name in names]),
        gains=seen[:, 0],
        likeness=seen[:, 1],
        centres=(centres - origin) * unit,
        partners=partners,
    )


def same_on_both_sides(
    neutral: Array, moves: dict[str, Array], partners: NDArray[np.intp]
) -> tuple[Array, dict[str, Array]]:
    """The mean of a landmark and its partner's mirror image: the head is the same on both sides.

    Where the two lie far apart, one of them fell beside the outline: the one in front counts.
    """
    flip = np.array([-1.0, 1.0, 1.0])
    other = neutral[partners] * flip
    share = np.full(len(neutral), 0.5)
    far = np.linalg.norm(neutral - other, axis=1) > FAR_M
    share[far] = np.where(neutral[far, 2] > other[far, 2], 1.0, 0.0)
    mix = share[:, None]
    out: dict[str, Array] = {}
    for name, move in moves.items():
        mirrored = moves[other_side(name)][partners] * flip
        out[name] = mix * move + (1.0 - mix) * mirrored
    return mix * neutral + (1.0 - mix) * other, out


def other_side(name: str) -> str:
    """The coefficient of the other side; its own name for one of the middle."""
    for one, two in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(one):
            return name.removesuffix(one) + two
    return name


def find_partners(neutral: Array, moves: dict[str, Array]) -> NDArray[np.intp]:
    """For each landmark that which becomes it in a mirrored face.

    The nearest to its mirror image, at rest and with shapes that are the same on both sides; those
    that part the lips tell the lips apart.
    """
    from scipy.optimize import linear_sum_assignment

    faces = np.concatenate([neutral, *(neutral + moves[name] for name in BOTH_SIDES)], axis=1)
    flip = np.tile([-1.0, 1.0, 1.0], 1 + len(BOTH_SIDES))
    off = ((faces[None] - (faces * flip)[:, None]) ** 2).sum(axis=2)
    # the same for both directions, so that partners are each other's
    return linear_sum_assignment(off + off.T)[1]


def read_hits(path: Path = HITS) -> dict[str, Any]:
    """The stored hits."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_hits(hits: dict[str, Any], path: Path = HITS) -> None:
    """Store hits, a landmark a line."""
    head = {name: value for name, value in hits.items() if name not in ("points", "seen")}
    text = json.dumps(head, indent=1)[:-2]
    seen = ",\n  ".join(f"{json.dumps(n)}: {json.dumps(v)}" for n, v in hits["seen"].items())
    points = ",\n  ".join(map(json.dumps, hits["points"]))
    whole = f'{text},\n "seen": {{\n  {seen}\n }},\n "points": [\n  {points}\n ]\n}}\n'
    path.write_text(whole, encoding="utf-8")
