# SPDX-License-Identifier: GPL-3.0-or-later
"""The two characters whose shapes are keyed as they are: arkit_head and toon."""

from __future__ import annotations

import json

import numpy as np

from . import bones as rig
from .base import BaseFace, Character, Skinned, compose, styled
from .bones import SIDES
from .colour import skin_colours
from .distance import Array
from .eyeball import look_keys
from .head import landmarks
from .mesh import SLOTS, Keys, Part
from .styles import PLAIN, TOON, Style

_EYE_BONE = {"eye" + suffix.replace(".", "_"): "eye" + suffix for _, suffix in SIDES}


def head_mesh(face: BaseFace, style: Style, keys: Keys, weights: dict[str, Array]) -> Skinned:
    """The head itself as a styled mesh with colours and landmarks."""
    part = Part("head", SLOTS, face.head.vertices, face.head.faces, face.head.slots)
    mesh = styled(part, style, keys, weights)
    mesh.colours = skin_colours(face, style)
    mesh.properties["landmarks"] = json.dumps(landmarks(face.head), separators=(",", ":"))
    return mesh


def on_bone(part: Part, name: str) -> dict[str, Array]:
    """Weights of a part that hangs on one bone."""
    return {name: np.ones(len(part.vertices))}


def arkit_head(face: BaseFace) -> Character:
    """52 ARKit shapes over head, lower teeth, tongue, brows and lashes; eyes turn by bones."""
    meshes = [head_mesh(face, PLAIN, face.keys, rig.split_neck(face.head.vertices))]
    for part in face.parts(PLAIN)[0]:
        bone = _EYE_BONE.get(part.name, "head")
        meshes.append(styled(part, PLAIN, part.keys, on_bone(part, bone)))
    return Character("arkit_head", "arkit", PLAIN, meshes, [*rig.neck_and_head(), *rig.eyes()])


def _sides(**weights: float) -> dict[str, float]:
    """The same weight for the left and right shape of each name."""
    return {name + side: w for name, w in weights.items() for side in ("Left", "Right")}


TOON_SHAPES: dict[str, dict[str, float]] = {
    "A": {"jawOpen": 0.85} | _sides(mouthLowerDown=0.2, mouthUpperUp=0.15),
    "I": {"jawOpen": 0.12}
    | _sides(mouthStretch=0.55, mouthSmile=0.25, mouthLowerDown=0.45, mouthUpperUp=0.25),
    "U": {"jawOpen": 0.12, "mouthPucker": 0.85, "mouthFunnel": 0.35},
    "E": {"jawOpen": 0.34}
    | _sides(mouthStretch=0.4, mouthSmile=0.15, mouthLowerDown=0.3, mouthUpperUp=0.2),
    "O": {"jawOpen": 0.55, "mouthFunnel": 0.5, "mouthPucker": 0.5},
    "Blink": _sides(eyeBlink=1.0),
    "Blink_L": {"eyeBlinkLeft": 1.0},
    "Blink_R": {"eyeBlinkRight": 1.0},
    "Joy": _sides(mouthSmile=1.0, smileFold=-0.9, cheekSquint=0.45, eyeSquint=0.9, browOuterUp=0.5),
    "Angry": _sides(browDown=1.0, noseSneer=0.5, mouthFrown=0.5, eyeSquint=0.4, mouthPress=0.4),
    "Sorrow": {"browInnerUp": 1.0, "mouthShrugLower": 0.4}
    | _sides(mouthFrown=0.75, eyeBlink=0.2, eyeLookDown=0.2),
    "Fun": {"jawOpen": 0.28, "browInnerUp": 0.3}
    | _sides(mouthSmile=0.8, smileFold=-0.75, mouthUpperUp=0.3, browOuterUp=0.5),
    "LookUp": _sides(eyeLookUp=1.0) | {"lookUp": 1.0},
    "LookDown": _sides(eyeLookDown=1.0) | {"lookDown": 1.0},
}
"""VRM-like shapes as sums of the face's own; `lookUp` and `lookDown` turn the eyeballs."""

TOON_LOOK_UP_DEG, TOON_LOOK_DOWN_DEG = 22.0, 26.0


def toon(face: BaseFace) -> Character:
    """A stylised character with 14 VRM-like shapes; its eyes follow LookUp and LookDown."""

    def shapes(keys: Keys) -> Keys:
        made = {name: compose(keys, recipe) for name, recipe in TOON_SHAPES.items()}
        return {name: d for name, d in made.items() if d is not None}

    weights = rig.split_neck(face.head.vertices, "Neck", "Head")
    meshes = [head_mesh(face, TOON, shapes(face.keys | face.extra), weights)]
    for part in face.parts(TOON)[0]:
        keys = part.keys
        if part.name in _EYE_BONE:
            side = 1 if part.name.endswith("L") else -1
            keys = look_keys(part, side, TOON_LOOK_UP_DEG, TOON_LOOK_DOWN_DEG)
        meshes.append(styled(part, TOON, shapes(keys), on_bone(part, "Head")))
    return Character("toon", "toon", TOON, meshes, rig.neck_and_head("Neck", "Head"))
