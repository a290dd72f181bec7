# SPDX-License-Identifier: GPL-3.0-or-later
"""facs_controls: shapes driven by custom properties with FACS names.

Kinds of drivers, so that a program meets each of them: plain sum (SUM), average (AVERAGE),
expressions that Blender evaluates itself (simple), and two that need Python.
"""

from __future__ import annotations

from math import radians

from . import bones as rig
from .base import BaseFace, Character, Driver, styled
from .blends import head_mesh, on_bone
from .keys_eyes import GAZE_DEG
from .mesh import Keys
from .styles import LEAN

_LR = (("_L", "Left"), ("_R", "Right"))

# Action units with a left and a right control: shape, name of ours, description.
_PAIRED = {
    "AU2": ("browOuterUp", "OuterBrowRaise", "Outer brow up"),
    "AU4": ("browDown", "BrowLower", "Brow down and in"),
    "AU5": ("eyeWide", "LidRaise", "Upper lid up"),
    "AU6": ("cheekSquint", "CheekRaise", "Cheek up"),
    "AU7": ("eyeSquint", "LidTighten", "Lids tighten"),
    "AU9": ("noseSneer", "NoseWrinkle", "Nose wrinkles"),
    "AU10": ("mouthUpperUp", "UpperLipRaise", "Upper lip up"),
    "AU12": ("mouthSmile", "CornerPull", "Lip corner up and out, a smile"),
    "AU14": ("mouthDimple", "CornerDimple", "Lip corner in, a dimple"),
    "AU15": ("mouthFrown", "CornerDepress", "Lip corner down, a frown"),
    "AU16": ("mouthLowerDown", "LowerLipDepress", "Lower lip down"),
    "AU20": ("mouthStretch", "LipStretch", "Lip corner sideways"),
    "AU24": ("mouthPress", "LipPress", "Lips press together"),
    "AU45": ("eyeBlink", "LidClose", "Lids close"),
}

# Action units with one control that drives one shape as it is.
_SINGLE = {
    "AU18": ("mouthPucker", "LipPucker", "Lips narrow and forward"),
    "AU22": ("mouthFunnel", "LipFunnel", "Lips forward and open"),
    "AU26": ("jawOpen", "JawDrop", "Jaw opens"),
    "AU29": ("jawForward", "JawThrust", "Jaw forward"),
    "AU30_L": ("jawLeft", "JawSide_L", "Jaw to the character's left"),
    "AU30_R": ("jawRight", "JawSide_R", "Jaw to the character's right"),
}

_OTHER = {
    "AU1_L": "Inner brow up, left half of an average",
    "AU1_R": "Inner brow up, right half of an average",
    "AU8": "Lips together over an open jaw (no more than AU26)",
    "AU13_L": "Sharp lip puller, adds to AU12_L",
    "AU13_R": "Sharp lip puller, adds to AU12_R",
    "AU17": "Chin up, lower lip shrugs and the upper follows",
    "AU19": "Tongue out (driver needs Python)",
    "AU28": "Lips roll in over the teeth",
    "AU33": "Cheeks puff (driver needs Python)",
    "AU61": "Eyes to the character's left",
    "AU62": "Eyes to the character's right",
    "AU63": "Eyes up",
    "AU64": "Eyes down",
}

# An expression with a list is outside what Blender evaluates without Python.
_PYTHON_CLAMP = "sorted([0.0, {0}, 1.0])[1]"


def _sum(*controls: str) -> Driver:
    return Driver("SUM", {f"v{i}": c for i, c in enumerate(controls)})


def _simple(expression: str, **variables: str) -> Driver:
    return Driver("SCRIPTED", variables, expression)


def controls() -> dict[str, str]:
    """Description of every control, by name, in order of the action units."""
    out = dict(_OTHER)
    for unit, (_, _, text) in _PAIRED.items():
        out |= {unit + "_L": text + ", left", unit + "_R": text + ", right"}
    out |= {unit: text for unit, (_, _, text) in _SINGLE.items()}

    def order(name: str) -> tuple[int, str]:
        number, _, side = name[2:].partition("_")
        return int(number), side

    return {name: out[name] for name in sorted(out, key=order)}


def shapes() -> tuple[dict[str, str], dict[str, Driver]]:
    """Our name for each ARKit shape that the character has, and the driver of each name."""
    names: dict[str, str] = {}
    drivers: dict[str, Driver] = {}

    def put(shape: str, name: str, driver: Driver) -> None:
        names[shape] = name
        drivers[name] = driver

    put("browInnerUp", "InnerBrowRaise", Driver("AVERAGE", {"left": "AU1_L", "right": "AU1_R"}))
    for unit, (shape, name, _) in _PAIRED.items():
        for suffix, side in _LR:
            driver = _sum(unit + suffix)
            if unit == "AU12":
                driver = _sum(unit + suffix, "AU13" + suffix)
            elif unit in ("AU5", "AU7"):  # a closed lid neither widens nor tightens
                driver = _simple("au * (1 - shut)", au=unit + suffix, shut="AU45" + suffix)
            put(shape + side, name + suffix, driver)
    for unit, (shape, name, _) in _SINGLE.items():
        put(shape, name, _sum(unit))
    put("mouthClose", "LipsTogether", _simple("min(lips, jaw)", lips="AU8", jaw="AU26"))
    put("mouthShrugLower", "ChinRaise", _sum("AU17"))
    put("mouthShrugUpper", "ChinRaiseUpper", _simple("0.3 * chin", chin="AU17"))
    put("mouthRollLower", "LipSuckLower", _sum("AU28"))
    put("mouthRollUpper", "LipSuckUpper", _sum("AU28"))
    python = {"cheekPuff": ("CheekPuff", "AU33"), "tongueOut": ("TongueShow", "AU19")}
    for shape, (name, unit) in python.items():
        put(shape, name, _simple(_PYTHON_CLAMP.format("au"), au=unit))
    for suffix, side in _LR:
        outward, inward = ("AU61", "AU62") if side == "Left" else ("AU62", "AU61")
        put("eyeLookOut" + side, "GazeOut" + suffix, _sum(outward))
        put("eyeLookIn" + side, "GazeIn" + suffix, _sum(inward))
        put("eyeLookUp" + side, "GazeUp" + suffix, _sum("AU63"))
        put("eyeLookDown" + side, "GazeDown" + suffix, _sum("AU64"))
    return names, drivers


def _eye_drivers() -> dict[tuple[str, int], Driver]:
    """Eye bones follow AU61 to AU64.

    Local X pitches down; local Z points down, so a turn to the left is negative about it.
    """
    out: dict[tuple[str, int], Driver] = {}
    turn = {name: f"{radians(degrees):.6f}" for name, degrees in GAZE_DEG.items()}
    for suffix, left, right in ((".L", "Out", "In"), (".R", "In", "Out")):
        pitch = f"{turn['Down']} * down - {turn['Up']} * up"
        out[("eye" + suffix, 0)] = _simple(pitch, down="AU64", up="AU63")
        yaw = f"{turn[right]} * right - {turn[left]} * left"
        out[("eye" + suffix, 2)] = _simple(yaw, right="AU62", left="AU61")
    return out


def facs_controls(face: BaseFace) -> Character:
    """The lean face with properties for controls."""
    names, drivers = shapes()

    def renamed(keys: Keys) -> Keys:
        # the warp needs jawOpen before mouthClose under their own names; renamed afterwards
        return {shape: keys[shape] for shape in names if shape in keys}

    meshes = [head_mesh(face, LEAN, renamed(face.keys), rig.split_neck(face.head.vertices))]
    for part in face.parts(LEAN)[0]:
        bone = part.name.replace("_", ".") if part.name.startswith("eye_") else "head"
        meshes.append(styled(part, LEAN, renamed(part.keys), on_bone(part, bone)))
    for mesh in meshes:
        mesh.keys = {names[shape]: d for shape, d in mesh.keys.items()}
    return Character(
        "facs_controls",
        "facs",
        LEAN,
        meshes,
        [*rig.neck_and_head(), *rig.eyes(mode="XYZ")],
        controls=controls(),
        key_drivers=drivers,
        bone_drivers=_eye_drivers(),
    )
