# SPDX-License-Identifier: GPL-3.0-or-later
"""How far each control turns the eyeballs, measured on a throw-away copy of the character."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import bpy
import numpy as np

from ...core.controls import BONE, PROPERTY, SHAPE_KEY, Control, Vector
from ...core.gaze.eye_turns import EyeTurn, eyeball_points, fit_turn, turns_to_json
from ...core.measured import Measured, Part
from ...core.probing.eyeballs import find_eyes
from ...core.probing.face_frame import find_frame
from ...core.probing.scan import Motion, Scan, find_islands
from ...core.progress import Job, Progress
from ..characters.bone_frames import character_frame
from ..characters.characters import CharacterObjects, read_character
from ..probing.probe_copy import Ruler, Standin, standin
from ..probing.probe_moves import Mover, lay_properties_to_rest
from ..probing.probe_reach import free_controls
from ..probing.probe_shapes import ShapeReader

#: How far a bone is turned (radians), and moved (distances between the eyes).
TURN_RAD, MOVE_SHARE = 0.2, 0.5
#: A control that turns no eyeball by this much (radians) is left out.
LEAST_RAD = 0.005
#: A bone that takes an eyeball's middle this far (its radii) carries the whole head.
CARRIES = 0.25
#: Bones with this much weight on a vertex move it.
LEAST_WEIGHT = 0.1


def measure_eye_turns(
    picked: CharacterObjects, scene: bpy.types.Scene
) -> Job[tuple[EyeTurn, ...] | None]:
    """What each shape, property and bone does to the eyeballs; None where there are none.

    Of bones only those are tried on which an eyeball hangs, by weights, parents and constraints,
    and of these a target's place and an eye's own rotation are kept, nothing that carries the head.
    Nothing of the file is changed. Shapes are read without evaluating anything.
    """
    controls = read_character(picked, scene).controls
    with standin(picked, scene, controls) as copy:
        properties = [c for c in controls if c.kind == PROPERTY and not c.driven_by]
        lay_properties_to_rest(copy, properties)
        ruler = Ruler(copy)
        points = ruler.points()
        islands = find_islands(points, ruler.edges())
        shapes = [c for c in controls if c.kind == SHAPE_KEY]
        motions = _shape_motions(copy, ruler, shapes)
        moves = np.zeros(len(points), np.bool_)
        for motion in motions:
            moves[motion.rows] = True
        pivots = np.array(list(ruler.bone_heads().values())).reshape(-1, 3)
        eyes = find_eyes(points, islands, moves if moves.any() else None, pivots)
        if eyes is None:
            return None
        if picked.armature is not None:
            frame = character_frame(picked.armature)
        else:
            frame = find_frame(Scan(points, islands, tuple(motions))).axes
        balls = eyeball_points(points, islands, eyes, frame[0])
        radius = 0.5 * (eyes[0].radius + eyes[1].radius)
        eyeballs = _Eyeballs(points, balls, frame, radius)
        found = [turn for motion in motions if (turn := eyeballs.of_motion(motion)) is not None]
        between_m = float(np.linalg.norm(eyes[0].centre - eyes[1].centre))
        mover = Mover(copy, ruler, between_m)
        between = between_m / _scale(copy)
        names = _hang_on(copy, ruler, balls)
        bones = [
            c
            for c in free_controls(picked.armature, controls)
            if c.kind == BONE and c.name in names
        ]
        found += yield from _moved(copy, mover, eyeballs, [*properties, *bones], between)
    return tuple(found)


def measure_part(
    picked: CharacterObjects, scene: bpy.types.Scene, _measured: Measured
) -> Job[Part]:
    """The measurement as a part that is kept with the character (`measuring.Step`)."""
    turns = yield from measure_eye_turns(picked, scene)
    return None if turns is None else turns_to_json(turns)


class _Eyeballs:
    """Both eyeballs at rest, to compare with."""

    def __init__(
        self,
        points: np.ndarray,
        balls: tuple[np.ndarray, np.ndarray],
        frame: np.ndarray,
        radius_m: float,
    ) -> None:
        self._points = points
        self._balls = balls
        self._frame = frame
        self._radius_m = radius_m

    def of_motion(self, motion: Motion) -> EyeTurn | None:
        """What a measured motion does."""
        field = np.zeros_like(self._points)
        field[motion.rows] = motion.moved
        return self.turn(motion.control, motion.amount, field)

    def turn(self, control: Control, amount: float, field: np.ndarray) -> EyeTurn | None:
        """What displacements ``(n, 3)`` of all points do; None where no eyeball turns."""
        turns: list[np.ndarray] = []
        shifts: list[float] = []
        for rows in self._balls:
            if not field[rows].any():
                turns.append(np.zeros(3))
                shifts.append(0.0)
                continue
            rest = self._points[rows]
            vector, shift = fit_turn(rest, rest + field[rows])
            turns.append(self._frame @ vector)
            shifts.append(shift / self._radius_m)
        if max(float(np.linalg.norm(vector)) for vector in turns) < LEAST_RAD:
            return None
        return EyeTurn(
            control.key,
            amount,
            _vector(turns[0]),
            _vector(turns[1]),
            round(shifts[0], 5),
            round(shifts[1], 5),
        )


def _vector(numbers: np.ndarray) -> Vector:
    x, y, z = (round(float(number), 7) for number in numbers)
    return (x, y, z)


def _shape_motions(copy: Standin, ruler: Ruler, controls: Sequence[Control]) -> list[Motion]:
    by_name = {obj.name: made for obj, made in copy.copies.items()}
    readers: dict[str, ShapeReader] = {}
    motions: list[Motion] = []
    for control in controls:
        if control.owner not in readers:
            readers[control.owner] = ShapeReader(by_name[control.owner], ruler)
        motions += readers[control.owner].motions(control)
    return motions


def _moved(
    copy: Standin,
    mover: Mover,
    eyeballs: _Eyeballs,
    controls: Sequence[Control],
    between: float,
) -> Job[list[EyeTurn]]:
    """Turns by properties and bones: each holder at once first, its components where it matters."""
    holders: dict[tuple[str, str], list[Control]] = {}
    for control in controls:
        holders.setdefault((control.owner, control.path), []).append(control)
    found: list[EyeTurn] = []
    for number, members in enumerate(holders.values()):
        yield Progress(number / len(holders), "Measuring the eyes")
        copy.check()
        amounts = {c: _amount(c, between) for c in members}
        if len(members) > 1:
            # unequal parts, so that components do not undo each other
            parts = {c: a * (1 - 0.2 * c.index) for c, a in amounts.items()}
            whole = eyeballs.turn(members[0], 1.0, mover.displacement(parts))
            if whole is None or max(whole.shift_left, whole.shift_right) > CARRIES:
                continue
        for control, amount in amounts.items():
            turn = eyeballs.turn(control, amount, mover.displacement({control: amount}))
            if turn is not None:
                found.append(turn)
    return found


def _amount(control: Control, between: float) -> float:
    if control.kind == BONE:
        return TURN_RAD if control.is_rotation else MOVE_SHARE * between
    low, high = control.range
    return high if high > 0 else low


def _scale(copy: Standin) -> float:
    """Metres of one unit of the armature."""
    if copy.armature is None:
        return 1.0
    matrix = np.array(copy.armature.evaluated_get(copy.evaluate()).matrix_world)[:3, :3]
    return float(np.cbrt(abs(np.linalg.det(matrix)))) or 1.0


def _hang_on(copy: Standin, ruler: Ruler, balls: tuple[np.ndarray, np.ndarray]) -> set[str]:
    """Names of the bones that may turn an eyeball."""
    armature = copy.armature
    if armature is None:
        return set()
    waiting: list[str] = []
    rows = np.concatenate(balls)
    for mesh in copy.meshes:
        part = ruler.part(mesh)
        own = rows[(rows >= part.start) & (rows < part.stop)] - part.start
        if len(own):
            waiting += _weighted(mesh, own)
            waiting += [obj.parent_bone for obj in _above(mesh) if obj.parent_type == "BONE"]
    bones: Any = armature.pose.bones
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found or name not in bones:
            continue
        found.add(name)
        bone = bones[name]
        if bone.parent is not None:
            waiting.append(bone.parent.name)
        for constraint in bone.constraints:
            if not constraint.mute:
                waiting += _subtargets(constraint)
    return found


def _weighted(mesh: bpy.types.Object, rows: np.ndarray) -> list[str]:
    """Names of the vertex groups with weight on some of the vertices."""
    names = [group.name for group in mesh.vertex_groups]
    found: set[int] = set()
    for row in rows.tolist():
        found.update(
            member.group
            for member in mesh.data.vertices[row].groups
            if member.weight > LEAST_WEIGHT
        )
    return [names[group] for group in sorted(found)]


def _above(obj: bpy.types.Object) -> Iterable[bpy.types.Object]:
    """An object and its parents."""
    at: bpy.types.Object | None = obj
    while at is not None:
        yield at
        at = at.parent


def _subtargets(constraint: Any) -> list[str]:
    names = [getattr(constraint, "subtarget", ""), getattr(constraint, "pole_subtarget", "")]
    if constraint.type == "ARMATURE":
        names += [target.subtarget for target in constraint.targets]
    return [name for name in names if name]
