# SPDX-License-Identifier: GPL-3.0-or-later
"""Face bones calibrated on real rigs: seconds, and how near the driven rig comes to its own shapes.

The two Rigify heads and the MakeHuman head carry their ARKit shapes as truth. Bones are calibrated
once by these shapes and once by the built-in reference; then the rig itself, not the copy that was
calibrated on, is driven to each channel at 1 and every vertex is compared with the shape. Printed
are lengths in millimetres as the character is built.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Quaternion

from facemocap_addon.core.calibration.fit import UPON
from facemocap_addon.core.calibration.result import Calibration
from facemocap_addon.core.channels import arkit_names
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.rotations import from_vector
from facemocap_addon.gateway.characters.characters import CharacterObjects, find_characters
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.measuring.calibration import Reference, calibrate_bones
from facemocap_addon.gateway.probing.probing import scan_character

from . import ROOT, Measurement

RIGS = (
    "makehuman_rigify/makehuman_rigify_super_face.blend",
    "makehuman_rigify/makehuman_rigify_skin_face.blend",
    "makehuman/makehuman_face_female.blend",
)
#: Channels that act together in life: the pose of all should be the sum of their shapes.
TOGETHER = (
    ("mouthSmileLeft", "mouthSmileRight"),
    ("jawOpen", "mouthSmileLeft", "mouthSmileRight"),
    ("eyeBlinkLeft", "eyeBlinkRight", "cheekSquintLeft", "cheekSquintRight"),
    ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    ("browDownLeft", "browDownRight", "noseSneerLeft", "noseSneerRight"),
    ("jawOpen", "mouthFunnel"),
)


def measure() -> list[Measurement]:
    """Seconds for measuring and calibrating each rig; the tables are printed."""
    folder = Path(os.environ.get("FACEMOCAP_SHARED") or ROOT.parent / "shared") / "rigs"
    out: list[Measurement] = []
    for name in RIGS:
        for reference in ("own", "sample"):
            label = f"{Path(name).stem}, {reference}"
            if not (folder / name).is_file():
                out.append(Measurement(label, None, note="the real rigs are not here"))
            else:
                out.append(_measure(folder / name, label, reference))
    return out


def _measure(path: Path, label: str, reference: Reference) -> Measurement:
    scene = open_rig(path)
    picked = find_characters(scene)[0]
    began = time.perf_counter()
    scan = run_job(scan_character(picked, scene))
    scanned = time.perf_counter()
    calibration = run_job(calibrate_bones(picked, scene, None, scan, reference=reference))
    taken = time.perf_counter() - began
    print(f"\n{label}: measured in {scanned - began:.1f} s, both {taken:.1f} s", flush=True)
    with driven_rig(picked, scene) as rig:
        shares = _print_channels(calibration, rig)
        _print_together(calibration, rig)
    met = [share for name, share in shares.items() if name in calibration.channels]
    return Measurement(label, taken, note=f"mean R2 {np.mean(met):.3f} over {len(met)} channels")


def _print_channels(calibration: Calibration, rig: DrivenRig) -> dict[str, float]:
    """One line a channel; the share of each that is explained."""
    shares: dict[str, float] = {}
    print(
        f"  {'channel':20} {'R2':>6} {'moves':>6} {'mean':>6} {'95 %':>6} {'max':>6}  controls, mm"
    )
    controls = {fit.channel: fit.controls for fit in calibration.fits}
    for channel in arkit_names():
        want = rig.shape(channel)
        base = UPON.get(channel)
        pose = {channel: 1.0} | ({base: 1.0} if base else {})
        left = rig.pose(calibration.pose(pose)) - want
        if base:
            # what is left to do in the pose of the other channel
            under = rig.pose(calibration.pose({base: 1.0}))
            left -= rig.shape(base)
            want = want + rig.shape(base) - under
        away = np.linalg.norm(left, axis=1)
        size = np.linalg.norm(want, axis=1)
        shares[channel] = 1.0 - float((away**2).sum() / max((size**2).sum(), 1e-12))
        moving = away[(size > 0.1) | (away > 0.1)]
        print(
            f"  {channel:20} {shares[channel]:6.3f} {size.max():6.1f} {moving.mean():6.2f} "
            f"{np.percentile(moving, 95):6.2f} {away.max():6.2f}  {controls.get(channel, 0)}"
        )
    everything = float(np.mean(list(shares.values())))
    met = float(np.mean([shares[name] for name in calibration.channels]))
    print(
        f"  mean R2 over all {len(shares)}: {everything:.3f}; over {len(calibration.channels)}",
        end="",
    )
    print(f" that the bones express: {met:.3f}")
    for channel, why in calibration.left_out:
        print(f"  left out: {channel}, for {why}")
    return shares


def _print_together(calibration: Calibration, rig: DrivenRig) -> None:
    """Channels driven at once beside the sum of their shapes."""
    for names in TOGETHER:
        want = np.sum([rig.shape(name) for name in names], axis=0)
        left = rig.pose(calibration.pose(dict.fromkeys(names, 1.0))) - want
        share = 1.0 - float((left**2).sum() / (want**2).sum())
        far = float(np.linalg.norm(left, axis=1).max())
        print(f"  together R2 {share:.3f}, at most {far:.1f} mm: {', '.join(names)}")


@dataclass
class DrivenRig:
    """The character itself, posed and read: nothing of the code that calibrated it is used."""

    picked: CharacterObjects
    scene: bpy.types.Scene
    rest: np.ndarray

    def pose(self, values: Mapping[Any, float]) -> np.ndarray:
        """Displacements ``(n, 3)`` in millimetres when bones have these values."""
        armature: Any = self.picked.armature
        turns: dict[str, np.ndarray] = {}
        for key, value in values.items():
            head, _, channel = key.path.rpartition(".")
            bone = armature.path_resolve(head)
            if channel == "location":
                bone.location[key.index] = value
            else:
                turns.setdefault(bone.name, np.zeros(3))[key.index] = value
        for name, vector in turns.items():
            bone = armature.pose.bones[name]
            turn = Quaternion(from_vector(vector).tolist())
            if bone.rotation_mode == "QUATERNION":
                bone.rotation_quaternion = turn
            else:
                bone.rotation_euler = turn.to_euler(bone.rotation_mode)
        moved = self.places() - self.rest
        _lay_to_rest(self.picked)
        return 1000.0 * moved

    def shape(self, channel: str) -> np.ndarray:
        """Displacements ``(n, 3)`` in millimetres of the shapes of this name, from their data."""
        parts: list[np.ndarray] = []
        for mesh in self.picked.meshes:
            keys = mesh.data.shape_keys
            local = np.zeros((len(mesh.data.vertices), 3))
            block = keys.key_blocks.get(channel) if keys else None
            if block is not None:
                local = _coordinates(block.data) - _coordinates(block.relative_key.data)
            parts.append(local @ np.array(mesh.matrix_world)[:3, :3].T)
        return 1000.0 * np.concatenate(parts)

    def places(self) -> np.ndarray:
        """Where all vertices are in the world."""
        layer = self.scene.view_layers[0]
        layer.update()
        graph = layer.depsgraph
        assert graph is not None
        parts: list[np.ndarray] = []
        for mesh in self.picked.meshes:
            moved = mesh.evaluated_get(graph)
            matrix = np.array(moved.matrix_world)
            parts.append(_coordinates(moved.data.vertices) @ matrix[:3, :3].T + matrix[:3, 3])
        return np.concatenate(parts)


@contextmanager
def driven_rig(picked: CharacterObjects, scene: bpy.types.Scene) -> Iterator[DrivenRig]:
    """The rig at rest, nothing playing, its shapes at nought."""
    for obj in picked.objects:
        for datablock in (obj, obj.data, getattr(obj.data, "shape_keys", None)):
            if datablock is not None and datablock.animation_data is not None:
                datablock.animation_data.action = None
    for mesh in picked.meshes:
        for block in mesh.data.shape_keys.key_blocks if mesh.data.shape_keys else ():
            block.value = 0.0
    _lay_to_rest(picked)
    rig = DrivenRig(picked, scene, np.zeros((0, 3)))
    rig.rest = rig.places()
    yield rig


def _lay_to_rest(picked: CharacterObjects) -> None:
    armature: Any = picked.armature
    for bone in armature.pose.bones:
        bone.matrix_basis = Matrix()


def _coordinates(points: Any) -> np.ndarray:
    flat = np.empty(len(points) * 3, np.float32)
    points.foreach_get("co", flat)
    return flat.reshape(-1, 3).astype(np.float64)
