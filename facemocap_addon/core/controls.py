# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls: what a character offers to be keyed. Strings and numbers only."""

from __future__ import annotations

from dataclasses import dataclass, replace

Vector = tuple[float, float, float]

SHAPE_KEY, BONE, PROPERTY = "shape_key", "bone", "property"
KINDS = (SHAPE_KEY, BONE, PROPERTY)


@dataclass(frozen=True, slots=True)
class Control:
    """One number of a character that a person could key.

    Attributes
    ----------
    kind : str
        ``shape_key``, ``bone`` or ``property``.
    owner : str
        Full name of the object: the mesh of a shape key, the armature of a bone.
    path : str
        Data path from the datablock that is animated. For bones the path ends in ``.location`` or
        ``.rotation``; the latter is a rotation vector (radians) in the bone's own rest axes,
        written in whatever rotation mode the bone has.
    index : int
        Component 0 to 2 of a bone's path; 0 otherwise.
    name : str
        What names are matched against: shape key, bone or property.
    rest : float
        Value of the rest pose.
    range : (float, float)
        What the control accepts (slider limits, soft limits of a property).
    axis : Vector or None
        For bones: direction of the axis at rest in the character's frame (x to its left, y up,
        z out of the face).
    at : Vector or None
        For bones: rest position of its head in that frame, in the armature's own units (those of
        the bone's location).
    tail : Vector or None
        For bones: rest position of its tail, likewise.
    parent : str
        For bones: name of the parent bone.
    driven_by : str
        Why it must not be keyed: the expression or kind of the driver that owns it. Empty if none.
    constrained : bool
        For bones: constraints turn or move it too (lids that follow the eye by themselves).
    answers : tuple of Answer
        For driven controls: how they answer to what a person would move instead.
    """

    kind: str
    owner: str
    path: str
    index: int
    name: str
    rest: float = 0.0
    range: tuple[float, float] = (0.0, 1.0)
    axis: Vector | None = None
    at: Vector | None = None
    tail: Vector | None = None
    parent: str = ""
    driven_by: str = ""
    constrained: bool = False
    answers: tuple[Answer, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, not {self.kind!r}")

    @property
    def key(self) -> ControlKey:
        """What identifies the control within a file."""
        return ControlKey(self.kind, self.owner, self.path, self.index)

    @property
    def is_rotation(self) -> bool:
        """Whether it is a component of a bone's rotation vector."""
        return self.kind == BONE and self.path.endswith(".rotation")

    def renamed(self, owner: str) -> Control:
        """The same control of an object that has another name now."""
        return replace(self, owner=owner)


@dataclass(frozen=True, slots=True, order=True)
class ControlKey:
    """Identity of a control, as rig maps write it."""

    kind: str
    owner: str
    path: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """How a driven control answers to one control at the beginning of its drivers, its root.

    Attributes
    ----------
    root : ControlKey
        What a person would move.
    points : tuple of (float, float)
        The root's value and the driven one, rising in the first, rising or falling in the second;
        two where the answer is straight. Beyond its ends the driven value stays as it is.
    rest : float
        The root's value at rest.
    is_handle : bool
        The root is a bone that deforms nothing: it is there to drive, whatever it is called.
    """

    root: ControlKey
    points: tuple[tuple[float, float], ...]
    rest: float = 0.0
    is_handle: bool = False
