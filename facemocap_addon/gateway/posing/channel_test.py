# SPDX-License-Identifier: GPL-3.0-or-later
"""A channel tried out on the character itself: values set for a moment and put back exactly.

Nothing is keyed and no Action is touched. An animated value that is set by hand holds until the
frame changes, so the test shows on top of whatever plays; afterwards every value is what it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ...core.channels import Channel, arkit_schema
from ...core.controls import BONE, Control
from ...core.errors import FacemocapError
from ...core.rig_maps.map_edits import TURN_RAD, default_gain
from ...core.rig_maps.retargeting import SolveResult, retarget
from ...core.rig_maps.rig_map import RigMap, RigMapEntry, Source
from ...core.take import Take, make_take
from ..characters.characters import CharacterObjects
from ..characters.rest_values import read_values, restore_values
from ..data_paths import split_path
from ..writing.targets import make_targets, missing_controls

#: How long a test takes by the clock.
TEST_S = 1.2
#: Poses that are worked out beforehand.
_POSES = 61
#: Less than this is no movement.
_LEAST = 1e-9
_COLLECTIONS = {
    "OBJECT": "objects", "KEY": "shape_keys", "ARMATURE": "armatures", "MESH": "meshes",
}  # fmt: skip


@dataclass(frozen=True)
class _Part:
    """What is set on one datablock: its number in this session, former values, and the poses.

    ``poses`` has, by data path, the components and their values ``(n,)``.
    """

    collection: str
    number: int
    before: str
    poses: dict[str, list[tuple[int, np.ndarray]]]


class ChannelTest:
    """A movement that can be shown pose by pose and taken back.

    No reference to Blender's data is kept: after an undo or another file there may be nothing left
    of it, and then there is nothing to put back.
    """

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._parts = tuple(parts)

    @property
    def values(self) -> int:
        """How many values move."""
        return sum(len(poses) for part in self._parts for poses in part.poses.values())

    def show(self, share: float) -> None:
        """Set the pose of a moment, ``share`` of the test's time from 0 to 1."""
        number = round(min(max(share, 0.0), 1.0) * (_POSES - 1))
        for part in self._parts:
            datablock = _find(part)
            if datablock is None:
                continue
            for path, components in part.poses.items():
                _set(datablock, path, [(index, float(v[number])) for index, v in components])
            datablock.update_tag()

    def put_back(self) -> None:
        """Give every value what it had before."""
        for part in self._parts:
            datablock = _find(part)
            if datablock is not None:
                restore_values(datablock, part.before)


def try_channel(picked: CharacterObjects, rig_map: RigMap, channel: str) -> ChannelTest:
    """A channel that goes from rest to its full value and back, over all that it drives.

    Everything happens on the way that happens to a take: gains, fits, responses, offsets, limits.
    The other channels are at rest. An angle goes to both sides.

    Raises
    ------
    FacemocapError
        When the channel drives nothing, or a control is missing.
    """
    solved = retarget(_ramp(rig_map, channel), rig_map)
    moving = np.ptp(solved.values, axis=0) > _LEAST if len(solved.controls) else np.zeros(0, bool)
    if not moving.any():
        raise FacemocapError(
            f'"{channel}" moves nothing on "{picked.name}"', "Choose a control for it"
        )
    return _test(picked, solved, moving)


def try_control(picked: CharacterObjects, control: Control) -> ChannelTest:
    """A control that goes to its full value and back, to see what it does; errors as above.

    A bone turns by 20 degrees, or moves by a tenth of its length.
    """
    if control.kind == BONE:
        full = TURN_RAD if control.is_rotation else default_gain(control, "")
    else:
        low, high = control.range
        full = high if high > 0 else low
    entry = RigMapEntry(
        control.key,
        (Source("test", full - control.rest),),
        offset=control.rest,
        limits=(min(control.range[0], full), max(control.range[1], full)),
    )
    rig_map = RigMap(picked.name, (entry,))
    solved = retarget(_ramp(rig_map, "test"), rig_map)
    return _test(picked, solved, np.ones(1, np.bool_))


def _ramp(rig_map: RigMap, channel: str) -> Take:
    """A take in which one channel goes up and down, and all others that the map names are at 0."""
    less = (name for fit in rig_map.fits for pair in fit.less for name in pair)
    over = (source.over for entry in rig_map.entries for source in entry.sources if source.over)
    names = list(dict.fromkeys([channel, *rig_map.channels, *less, *over]))
    schema = arkit_schema()
    channels = [schema.get(name) or Channel(name) for name in names]
    share = np.linspace(0.0, 1.0, _POSES)
    values = np.zeros((_POSES, len(names)))
    if channels[0].kind == "angle":
        values[:, 0] = TURN_RAD * np.sin(2 * math.pi * share)
    else:
        values[:, 0] = np.sin(math.pi * share) ** 2
    # at its ends a sine is not quite nought
    values[[0, -1], 0] = 0.0
    return make_take(share * TEST_S, channels, values, name="test")


def _test(picked: CharacterObjects, solved: SolveResult, moving: np.ndarray) -> ChannelTest:
    bones = {
        (c.owner, c.path)
        for c, moves in zip(solved.controls, moving, strict=True)
        if moves and c.kind == BONE
    }
    # a bone's rotation is one thing: its components that stay at rest belong to it
    kept = [
        number
        for number, control in enumerate(solved.controls)
        if moving[number] or (control.owner, control.path) in bones
    ]
    controls = tuple(solved.controls[number] for number in kept)
    if missing := missing_controls(picked, controls):
        raise FacemocapError(
            f'"{picked.name}" lacks {len(missing)} of the rig map\'s controls: {missing[0]}',
            "Match the character again, or mend the map",
        )
    part = SolveResult(
        controls,
        solved.times,
        solved.values[:, kept],
        solved.known[:, kept],
        solved.clipped[:, kept],
        solved.residual,
    )
    frames = np.arange(len(solved.times), dtype=np.float64)
    targets = make_targets(picked, part, frames, drop_unknown=False, head_bones=frozenset())
    parts: list[_Part] = []
    for target in targets:
        poses: dict[str, list[tuple[int, np.ndarray]]] = {}
        for curve in target.curves:
            poses.setdefault(curve.path, []).append((curve.index, curve.values))
        datablock = target.datablock
        before = read_values(datablock, poses)
        parts.append(_Part(_COLLECTIONS[datablock.id_type], datablock.session_uid, before, poses))
    return ChannelTest(parts)


def _find(part: _Part) -> Any:
    """The datablock, if it still exists."""
    members: Any = getattr(bpy.data, part.collection)
    return next((member for member in members if member.session_uid == part.number), None)


def _set(datablock: Any, path: str, values: Sequence[tuple[int, float]]) -> None:
    head, attribute, key = split_path(path)
    try:
        holder = datablock.path_resolve(head) if head else datablock
        present = getattr(holder, attribute) if attribute else holder[key]
    except (ValueError, KeyError, AttributeError):
        return
    if isinstance(present, int | float):
        value = values[0][1]
        # switches and counters take nothing else
        new: Any = value if isinstance(present, float) else type(present)(round(value))
    else:
        new = list(present)
        for index, value in values:
            new[index] = value
    if attribute:
        setattr(holder, attribute, new)
    else:
        holder[key] = new
