# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Maya ASCII scene says of keyed places: units, transforms, curves and who drives whom.

The file is a list of commands. Only those few are looked at that matter, each by one pattern over
the whole text: a scene has far more of everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ..arrays import FloatArray
from .digits import PAD, parse_numbers

#: Frames a second of the words that Maya has for them; others are written out ("29.97fps").
RATES_HZ = {
    "game": 15.0, "film": 24.0, "pal": 25.0, "ntsc": 30.0, "show": 48.0, "palf": 50.0,
    "ntscf": 60.0, "hour": 1 / 3600, "min": 1 / 60, "sec": 1.0, "millisec": 1000.0,
}  # fmt: skip
_UNITS = re.compile(rb"^[ \t]*currentUnit\b([^;\n]*);", re.MULTILINE)
_UP = re.compile(rb'upAxis\s[^;\n]{0,200}?-ax(?:is)?\s+\\?"?([yz])')
_NODE = re.compile(rb"^createNode[ \t]+(\w+)([^;\n]*);", re.MULTILINE)
_LINK = re.compile(
    rb'^[ \t]*connectAttr[ \t]+(?:-\w+[ \t]+)*"([^"\n]+)"[ \t]+"([^"\n]+)"', re.MULTILINE
)
_KEYS = re.compile(rb'"\.(?:ktv|keyTimeValue)\[\d+(?::\d+)?\]"([^;"]*);')
_KEY_COUNT = re.compile(rb'-s(?:ize)?[ \t]+(\d+)[ \t]+"\.(?:ktv|keyTimeValue)')
_PLACE = re.compile(
    rb'"\.((?:t|r|s)[xyz]?|ro)"[ \t]+(?:-type[ \t]+"(?:double3|float3)"[ \t]+)?([^;"]*);'
)
_TRANSLATE = {
    **{f"t{axis}": k for k, axis in enumerate("xyz")},
    **{f"translate{axis}": k for k, axis in enumerate("XYZ")},
}
_ROTATE = ("r", "rx", "ry", "rz", "rotate", "rotateX", "rotateY", "rotateZ")
_BLENDED_IN = {f"it{axis}{n}": k for k, axis in enumerate("xyz") for n in "12"}
_BLENDED_OUT = {f"ot{axis}": k for k, axis in enumerate("xyz")}
#: Turns are applied in this order where a node does not say another one.
_ORDERS = ("xyz", "yzx", "zxy", "xzy", "yxz", "zyx")
_END = re.compile(rb"(?:;|//[^\n]*)\s*\Z")
_END_MARK = b"// End of"
_DEEPEST = 200
_CREATE = b"createNode"
_BLANK = 32
#: A command may be so far from the beginning of its line.
_INDENT = 4096


@dataclass
class Transform:
    """A node with a place.

    Attributes
    ----------
    path : str
        Names from the root on, ``|`` before each.
    parent : str
        Path of the node above, empty at the root.
    channels : dict of str to float
        Values set: ``tx``, ``ry``, ``sz``, ``ro``.
    keys : dict of int to str
        The curve that drives each axis of its place.
    turned : bool
        Whether something drives its turn.
    """

    path: str
    parent: str
    channels: dict[str, float] = field(default_factory=dict[str, float])
    keys: dict[int, str] = field(default_factory=dict[int, str])
    turned: bool = False

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path.rpartition("|")[2]

    def place(self) -> FloatArray:
        """Where it stands ``(3,)``."""
        return np.array([self.channels.get(f"t{axis}", 0.0) for axis in "xyz"])

    def matrix(self) -> FloatArray:
        """What turns and scales what is below it, ``(3, 3)``."""
        out = np.diag([self.channels.get(f"s{axis}", 1.0) for axis in "xyz"])
        order = int(self.channels.get("ro", 0.0))
        for axis in _ORDERS[order] if 0 <= order < len(_ORDERS) else _ORDERS[0]:
            angle = np.radians(self.channels.get(f"r{axis}", 0.0))
            one, two = (("y", "z"), ("z", "x"), ("x", "y"))["xyz".index(axis)]
            turn = np.eye(3)
            i, j = "xyz".index(one), "xyz".index(two)
            turn[i, i] = turn[j, j] = np.cos(angle)
            turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
            out = turn @ out
        return out


@dataclass
class Scene:
    """What was found.

    Attributes
    ----------
    length_unit, time_unit : str
        Maya's words, empty where the scene does not say them.
    up : str
        y or z; empty where the scene does not say it.
    transforms : dict of str to Transform
        By path, in the order of the file.
    named : dict of str to list of Transform
        The same by their own names.
    curves : dict of str to (k, 2) float64
        Times and values of the keys of each curve of lengths over time.
    unlinked : int
        Curves that drive nothing that was found.
    whole : bool
        Whether all keys are there, and the end of the file.
    """

    length_unit: str = ""
    time_unit: str = ""
    up: str = ""
    transforms: dict[str, Transform] = field(default_factory=dict[str, Transform])
    named: dict[str, list[Transform]] = field(default_factory=dict[str, list[Transform]])
    curves: dict[str, FloatArray] = field(default_factory=dict[str, FloatArray])
    unlinked: int = 0
    whole: bool = True

    @property
    def rate_hz(self) -> float:
        """Frames a second; 0 where the scene names no time unit that is known."""
        known = RATES_HZ.get(self.time_unit)
        if known is not None:
            return known
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(fps|df)", self.time_unit)
        return float(found[1]) if found else 0.0


def parse_scene(text: bytes) -> Scene:
    """Read a scene of which nothing is taken for granted."""
    scene = Scene()
    units = _UNITS.search(text)
    if units:
        scene.length_unit = _flag(units[1], b"l", b"linear")
        scene.time_unit = _flag(units[1], b"t", b"time")
    up = _UP.search(text)
    scene.up = up[1].decode() if up else ""
    nodes = list(_nodes(text))
    blends: dict[str, dict[int, str]] = {}
    ends = [node.start() for node in nodes[1:]] + [len(text)]
    for node, end in zip(nodes, ends, strict=False):
        kind, flags = node[1], node[2]
        name = _flag(flags, b"n", b"name")
        if kind == b"animCurveTL" and name:
            _add_curve(scene, name, text[node.end() : end])
        elif kind in (b"transform", b"joint") and name:
            _add_transform(scene, name, _flag(flags, b"p", b"parent"), text[node.end() : end])
        elif kind == b"camera":
            owner = _find(scene, _flag(flags, b"p", b"parent"))
            if owner is not None:
                del scene.transforms[owner.path]
                scene.named[owner.name].remove(owner)
        elif kind == b"pairBlend" and name:
            blends[name] = {}
    _link(scene, text, blends)
    tail = text[-4096:]
    scene.whole &= _END.search(tail) is not None
    scene.whole &= _END_MARK in tail or not scene.unlinked
    return scene


def _nodes(text: bytes) -> Iterator[re.Match[bytes]]:
    """All nodes: found by their word, and a pattern only then, for most of a scene is numbers."""
    at = text.find(_CREATE)
    while at >= 0:
        found = _NODE.match(text, at)
        if found:
            yield found
        at = text.find(_CREATE, at + 1)


def _flag(text: bytes, short: bytes, long: bytes) -> str:
    """What follows a flag of a command, without quotation marks."""
    found = re.search(rb'-(?:%s|%s)[ \t]+"?([^"\s;]+)' % (short, long), text)
    return found[1].decode("utf-8", "replace") if found else ""


def _add_curve(scene: Scene, name: str, block: bytes) -> None:
    """Keys of a curve; one that is not whole makes the scene not whole."""
    try:
        numbers = _numbers(b" ".join(found[1] for found in _KEYS.finditer(block)))
    except ValueError:
        scene.whole = False
        return
    count = _KEY_COUNT.search(block)
    if len(numbers) % 2 or (count and 2 * int(count[1]) > len(numbers)):
        scene.whole = False
    keys = numbers[: len(numbers) // 2 * 2].reshape(-1, 2)
    keys = keys[np.isfinite(keys).all(axis=1)]
    if len(keys):
        scene.curves[name] = keys


def _numbers(text: bytes) -> FloatArray:
    """Numbers ``(n,)`` between blanks.

    Raises
    ------
    ValueError
        When something between them is none.
    """
    padded = b"".join((bytes(PAD), text, b" "))
    blank = np.frombuffer(padded, np.uint8) <= _BLANK
    edges = np.flatnonzero(blank[1:] != blank[:-1]) + 1
    values, missing, _odd = parse_numbers(padded, edges[::2], edges[1::2], trim=False)
    return np.array([float(word) for word in text.split()]) if missing.any() else values


def _add_transform(scene: Scene, name: str, parent: str, block: bytes) -> None:
    above = _find(scene, parent)
    path = f"{above.path if above else ''}|{name}"
    node = Transform(path, above.path if above else "")
    if path.count("|") > _DEEPEST:
        return
    for found in _PLACE.finditer(block):
        key = found[1].decode()
        try:
            numbers = [float(number) for number in found[2].split()]
        except ValueError:
            continue
        if len(key) == 1:
            node.channels.update({f"{key}{a}": x for a, x in zip("xyz", numbers, strict=False)})
        elif numbers:
            node.channels[key] = numbers[0]
    if path not in scene.transforms:
        scene.transforms[path] = node
        scene.named.setdefault(node.name, []).append(node)


def _find(scene: Scene, name: str) -> Transform | None:
    """The transform of a name or of a path from anywhere on; the last one of several."""
    tail = f"|{name.lstrip('|')}"
    found = scene.transforms.get(tail)
    if found is None and name:
        alike = reversed(scene.named.get(name.rpartition("|")[2], ()))
        found = next((node for node in alike if node.path.endswith(tail)), None)
    return found


def _link(scene: Scene, text: bytes, blends: dict[str, dict[int, str]]) -> None:
    """Find which curve drives which axis, straight or through a blend of two inputs."""
    links: list[tuple[str, str, str, str]] = []
    for found in _LINK.finditer(text, max(text.find(b"connectAttr") - _INDENT, 0)):
        source, _, output = found[1].decode("utf-8", "replace").partition(".")
        target, _, attribute = found[2].decode("utf-8", "replace").partition(".")
        attribute = attribute.rpartition(".")[2]
        if source in scene.curves and target in blends:
            if attribute in _BLENDED_IN:
                blends[target].setdefault(_BLENDED_IN[attribute], source)
        elif source in scene.curves or source in blends:
            links.append((source, output, target, attribute))
        elif attribute in _ROTATE:
            turned = _find(scene, target)
            if turned is not None:
                turned.turned = True
    used: set[str] = set()
    for source, output, target, attribute in links:
        curve = source
        if source in blends:
            curve = blends[source].get(_BLENDED_OUT.get(output, -1), "")
        used.add(curve)
        axis = _TRANSLATE.get(attribute)
        node = _find(scene, target) if axis is not None and curve in scene.curves else None
        if node is not None and axis is not None:
            node.keys.setdefault(axis, curve)
    scene.unlinked = len(set(scene.curves) - used)
