# SPDX-License-Identifier: GPL-3.0-or-later
"""A character as plain data: what the gateway read from the scene."""

from __future__ import annotations

from dataclasses import dataclass

from .controls import Control


@dataclass(frozen=True, slots=True)
class Character:
    """A face that can be animated.

    Attributes
    ----------
    name : str
        What the animator calls it: its collection or its main object.
    meshes : tuple of str
        Full names of the objects that carry the face's shape keys or follow its bones.
    armature : str
        Full name of the armature object; empty when there is none.
    controls : tuple of Control
        Everything that could be keyed, and what is driven (``driven_by`` says by what).
    notes : tuple of str
        What the animator should know, as whole sentences: idle drivers, muted drivers.
    """

    name: str
    meshes: tuple[str, ...]
    armature: str
    controls: tuple[Control, ...]
    notes: tuple[str, ...] = ()
