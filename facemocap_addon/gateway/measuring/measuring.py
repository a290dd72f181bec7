# SPDX-License-Identifier: GPL-3.0-or-later
"""Measuring a character, and keeping the result with it until it changes.

A measurement is the person's: the panel keeps it in the file, and it stays when a take is removed.
The command line keeps nothing there: it uses what is kept, or the user's cache, or measures.

It is kept as an ID property of the armature, or of the mesh with the most shape keys, and so comes
along when the character is saved, copied or appended. Linked and overridden objects would lose it
on saving (4.5, 5.0 and 5.2 alike): for these a Text datablock of the open file keeps it, found
again by the fingerprint. What a character's own file keeps is there in every file that links it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy

from ...core.errors import FacemocapError
from ...core.measured import Measured
from ...core.measured_cache import cache_folder, read_cached, write_cached
from ...core.names import unique_name
from ...core.progress import Job, part_of_job
from ...core.rig_maps.working_map import ALL_BONES
from ..characters.characters import CharacterObjects
from ..limits import name_bytes
from ..probing.fingerprint import Fingerprint, take_fingerprint
from .measuring_steps import STEPS, calibrate_all, probe_and_scan

KEY = "facemocap_measured"
#: Probing's share of the time, beside the steps' weights.
_PROBING = 4.0


def measure_character(picked: CharacterObjects, scene: bpy.types.Scene) -> Job[Measured]:
    """Measure everything about a character; nothing of the file is changed.

    Raises
    ------
    FacemocapError
        When the character is changed, or the file undone or closed, meanwhile.
    """
    # whether a driver works is known only once the scene has been evaluated
    scene.view_layers[0].update()
    held = _Held.of(picked, scene)
    before = take_fingerprint(picked)
    whole = _PROBING + sum(step.weight for step in STEPS)
    done = _PROBING / whole
    probe, scan = yield from part_of_job(probe_and_scan(picked, scene), 0.0, done)
    measured = Measured(probe, before.digest, before.owners)
    for step in STEPS:
        picked, scene = held.again()
        width = step.weight / whole
        part = yield from part_of_job(step.run(picked, scene, measured, scan), done, width)
        measured = measured.with_part(step.name, part)
        done += width
    picked, scene = held.again()
    scene.view_layers[0].update()
    if take_fingerprint(picked) != before:
        raise _changed_meanwhile(picked.name)
    return measured


def ensure_measured(
    picked: CharacterObjects, scene: bpy.types.Scene, *, use_cache: bool = True
) -> Job[Measured]:
    """What is kept with the character or in the user's cache, or else measured now.

    Nothing is kept in the file (see the module's text); a new measurement goes to the cache.
    Errors as `measure_character`.
    """
    scene.view_layers[0].update()
    folder = cache_folder() if use_cache else None
    now = take_fingerprint(picked)
    found = _kept(picked, now) or _fitting(read_cached(now.digest, folder), now)
    if found is None:
        found = yield from measure_character(picked, scene)
        write_cached(found, folder)
    return found


def ensure_all_bones(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    measured: Measured,
    *,
    use_cache: bool = True,
) -> Job[Measured]:
    """The measurement with how far bones go for everything, also for what shape keys express.

    By the character's own ARKit shapes where it has them, else by the built-in reference.
    """
    if ALL_BONES not in measured.parts:
        part = yield from calibrate_all(picked, scene)
        measured = measured.with_part(ALL_BONES, part)
        write_cached(measured, cache_folder() if use_cache else None)
    return measured


def measure_for(
    picked: CharacterObjects, scene: bpy.types.Scene, *, all_bones: bool
) -> Job[Measured]:
    """What is kept with the character or measured now, with all of its bones on request.

    Nothing is kept and no cache is used; errors as `measure_character`.
    """
    measured = yield from ensure_measured(picked, scene, use_cache=False)
    if all_bones:
        measured = yield from ensure_all_bones(picked, scene, measured, use_cache=False)
    return measured


def measure_again(
    picked: CharacterObjects, scene: bpy.types.Scene, *, all_bones: bool
) -> Job[Measured]:
    """As `measure_for`, whatever is kept."""
    measured = yield from measure_character(picked, scene)
    if all_bones:
        measured = yield from ensure_all_bones(picked, scene, measured, use_cache=False)
    return measured


def stored_measurement(picked: CharacterObjects) -> Measured | None:
    """The measurement kept with the character; None without one, and when the character changed.

    A damaged one, one of another Face Mocap and one that lacks a step's part count as none. The
    scene has to be evaluated. Takes a tenth of a second for a large character: not for drawing
    panels.
    """
    if not any(True for _ in _values(picked)):
        return None
    return _kept(picked, take_fingerprint(picked))


def store_measurement(picked: CharacterObjects, measured: Measured) -> None:
    """Keep a measurement with the character, in place of a former one."""
    forget_measurement(picked)
    holder = _holder(picked)
    value = {"fingerprint": measured.fingerprint, "data": measured.to_bytes()}
    if _is_own(holder):
        holder[KEY] = value
        return
    names = {text.name for text in bpy.data.texts}
    text = bpy.data.texts.new(unique_name(f"{picked.name} (measured)", name_bytes(), names))
    text.write(
        f"Face Mocap measurement of {picked.name}\n\n"
        "How its controls move the face is stored in this text's custom properties, since the\n"
        "character comes from another file. Deleting this text only means measuring it again.\n"
    )
    text.use_fake_user = True
    text[KEY] = value | {"holder": holder.name_full}


def forget_measurement(picked: CharacterObjects) -> bool:
    """Delete what this file keeps of a character; whether there was anything.

    What a linked character's own file keeps stays there.
    """
    found = False
    for obj in picked.objects:
        if KEY in obj and _is_own(obj):
            del obj[KEY]
            found = True
    texts = [text for text in bpy.data.texts if KEY in text and text.library is None]
    if texts:
        digest, holder = take_fingerprint(picked).digest, _holder(picked).name_full
        for text in texts:
            value: Any = text[KEY]
            if digest == _get(value, "fingerprint") or holder == _get(value, "holder"):
                bpy.data.texts.remove(text)
                found = True
    return found


def _holder(picked: CharacterObjects) -> Any:
    """The object that keeps a character's measurement."""

    def shapes(mesh: Any) -> int:
        keys = mesh.data.shape_keys
        return len(keys.key_blocks) if keys is not None else 0

    return picked.armature or max(picked.meshes, key=shapes)


def _is_own(obj: bpy.types.Object) -> bool:
    """Whether the open file keeps an object's ID properties."""
    return obj.library is None and obj.override_library is None


def _values(picked: CharacterObjects) -> Iterator[Any]:
    """Kept values that may be the character's."""
    for holder in (*picked.objects, *bpy.data.texts):
        if KEY in holder:
            yield holder[KEY]


def _kept(picked: CharacterObjects, now: Fingerprint) -> Measured | None:
    for value in _values(picked):
        if _get(value, "fingerprint") != now.digest:
            continue
        data = _get(value, "data")
        try:
            measured = Measured.from_bytes(data) if isinstance(data, bytes) else None
        except FacemocapError:
            continue
        fitting = _fitting(measured, now)
        if fitting is not None:
            return fitting
    return None


def _get(value: Any, name: str) -> Any:
    """A member of a kept value, None where somebody has put something else there."""
    return value.get(name) if hasattr(value, "get") else None


def _fitting(measured: Measured | None, now: Fingerprint) -> Measured | None:
    """A whole measurement of this character, by its objects' present names; or None."""
    if measured is None or measured.fingerprint != now.digest:
        return None
    if any(step.name not in measured.parts for step in STEPS):
        return None
    try:
        return measured.renamed(now.owners)
    except ValueError:
        return None


@dataclass(frozen=True)
class _Held:
    """A character and a scene by their numbers in this session.

    Blender moves datablocks about when something is undone; their numbers stay.
    """

    name: str
    meshes: tuple[int, ...]
    armature: int | None
    scene: int

    @classmethod
    def of(cls, picked: CharacterObjects, scene: bpy.types.Scene) -> _Held:
        return cls(
            picked.name,
            tuple(mesh.session_uid for mesh in picked.meshes),
            picked.armature.session_uid if picked.armature else None,
            scene.session_uid,
        )

    def again(self) -> tuple[CharacterObjects, bpy.types.Scene]:
        """The same once more.

        Raises
        ------
        FacemocapError
            When the file no longer has them.
        """
        objects = {obj.session_uid: obj for obj in bpy.data.objects}
        scenes = {scene.session_uid: scene for scene in bpy.data.scenes}
        wanted = self.meshes if self.armature is None else (*self.meshes, self.armature)
        if self.scene not in scenes or any(number not in objects for number in wanted):
            raise _changed_meanwhile(self.name)
        armature = None if self.armature is None else objects[self.armature]
        meshes = tuple(objects[number] for number in self.meshes)
        return CharacterObjects(self.name, meshes, armature), scenes[self.scene]


def _changed_meanwhile(name: str) -> FacemocapError:
    return FacemocapError(f'"{name}" changed while it was being measured', "Measure it once more")
