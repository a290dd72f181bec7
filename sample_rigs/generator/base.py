# SPDX-License-Identifier: GPL-3.0-or-later
"""The base face that all characters are made from, and what a finished character consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .arkit import ARKIT, shape_keys
from .bones import Bone
from .distance import Array
from .eyeball import build_eye
from .fields import Fields
from .hair import build_hair
from .head import build_head
from .jaw import jaw_weights
from .mesh import HeadMesh, Indices, Keys, Part
from .styles import Style, restyle
from .teeth import build_teeth, build_tongue
from .trim import build_brows, build_lashes


@dataclass
class BaseFace:
    """Head mesh, its weights and the 52 shapes, before any style."""

    head: HeadMesh
    fields: Fields
    jaw: Array
    keys: Keys
    """The 52 ARKit shapes."""
    extra: Keys
    """Components of shapes that a character may weigh differently."""

    @classmethod
    def build(cls) -> BaseFace:
        """Construct everything from the figures (a few seconds)."""
        head = build_head()
        fields = Fields(head)
        jaw = jaw_weights(fields)
        shapes = shape_keys(fields, jaw)
        extra = {name: d for name, d in shapes.items() if name not in ARKIT}
        return cls(head, fields, jaw, {name: shapes[name] for name in ARKIT}, extra)

    def parts(self, style: Style) -> tuple[list[Part], Indices]:
        """Fresh parts with ARKit shapes, and the root vertex of each lash vertex."""
        lashes, roots = build_lashes(self.head, self.keys, style.lash_scale)
        parts = [
            build_eye(1),
            build_eye(-1),
            build_teeth(True),
            build_teeth(False),
            build_tongue(),
            build_brows(self.head, self.keys, style.brow_thickness),
            lashes,
            build_hair(),
        ]
        return parts, roots


@dataclass
class Skinned:
    """A mesh of a character: part, styled vertices and shapes (mm), bone weights, colours."""

    part: Part
    vertices: Array
    keys: Keys
    weights: Mapping[str, Array]
    colours: Array | None = None
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Driver:
    """What moves a driven value.

    `variables` maps a name in the expression to a property of the armature; `expression` is used
    by kind SCRIPTED alone.
    """

    kind: str
    variables: dict[str, str]
    expression: str = ""


@dataclass
class Character:
    """All that one .blend file holds, in millimetres and without Blender."""

    name: str
    prefix: str
    style: Style
    meshes: list[Skinned]
    bones: list[Bone]
    controls: dict[str, str] = field(default_factory=dict)
    """Custom properties 0 .. 1 of the armature: description by name."""
    notes: dict[str, float | str] = field(default_factory=dict)
    """Other custom properties of the armature."""
    key_drivers: dict[str, Driver] = field(default_factory=dict)
    """Drivers of shape keys, by key name."""
    bone_drivers: dict[tuple[str, int], Driver] = field(default_factory=dict)
    """Drivers of Euler rotations, by bone and axis."""


def compose(keys: Keys, recipe: Mapping[str, float]) -> Array | None:
    """Weighted sum of the shapes that a mesh has; None when it has none of them."""
    present = [w * keys[name] for name, w in recipe.items() if name in keys]
    return np.sum(present, 0) if present else None


def styled(part: Part, style: Style, keys: Keys, weights: Mapping[str, Array]) -> Skinned:
    """A part in a style with the given shapes."""
    vertices, moved = restyle(part.vertices, keys, style, part.rigid)
    return Skinned(part, vertices, moved, weights)
