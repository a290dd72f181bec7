# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a posed face does what a channel says: an oracle that shares no code with the program.

It looks at landmarks on the evaluated mesh (`face_landmarks`) and nothing else. It asks for the
region (nothing elsewhere moves farther), the side (the other side moves less) and the direction,
and for a motion that a viewer sees; not for a certain amount. The limits were written down before
anything was measured. Two allowances came after a look at the heads: a sculpted sneer takes the
inner brow along, and one bone in a lip raises its middle.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from face_landmarks import Pose

#: A side is mistaken where the other side goes this many times as far the channel's way.
MISTAKEN = 1.5

_REGIONS = {
    "eye": ("lid_upper", "lid_lower"),
    "brow": ("brow_inner", "brow_outer"),
    "nose": ("nose_wing", "brow_inner", "under_eye"),
    "cheek": ("cheek", "under_eye"),
    "mouth": ("chin", "lip_upper", "lip_lower", "corner", "tongue", "cheek"),
}


@dataclass(frozen=True)
class Verdict:
    """Whether a pose is right, whether it took the wrong side, and what was seen."""

    right: bool
    wrong_side: bool
    seen: str


def judge(channel: str, pose: Pose, before: Pose) -> Verdict:
    """Whether ``pose`` is what ``channel`` means; ``before`` is what it is added to."""
    base, side = _split(channel)
    seen = _CHECKS[base](side, pose, before)
    failed = [text for text, holds in seen if not holds]
    other = {"L": "R", "R": "L"}.get(side, "")
    wrong = False
    if other:
        own_size, other_size = _toward(base, side, pose), _toward(base, other, pose)
        wrong = other_size > MISTAKEN * max(own_size, 0.0) and other_size > 0.01
    elif base in _DIRECTED:
        wrong = _DIRECTED[base](pose) < -0.01
    stray = _stray(base, pose)
    if stray:
        failed.append(stray)
    return Verdict(not failed and not wrong, wrong, "; ".join(failed))


_Seen = list[tuple[str, bool]]


def _split(channel: str) -> tuple[str, str]:
    """``eyeBlinkLeft`` is (``eyeBlink~``, ``L``); jawLeft and mouthLeft are directions."""
    if channel in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
        return channel, ""
    for word, side in (("Left", "L"), ("Right", "R")):
        if channel.endswith(word):
            return channel.removesuffix(word) + "~", side
    return channel, ""


def _out(side: str) -> int:
    return 1 if side == "L" else -1


def _gaze(side: str, pose: Pose) -> tuple[float, float]:
    """(degrees outward, degrees up) of one eyeball."""
    turn = pose.turns[side]
    return _out(side) * float(turn[1]), -float(turn[0])


def _is_least(what: str, value: float, least: float) -> tuple[str, bool]:
    return f"{what} {value:.3f} is not {least} or more", value >= least


def _blink(side: str, pose: Pose, _: Pose) -> _Seen:
    rest = pose.gap(f"_{side}", moved=False)
    other = "R" if side == "L" else "L"
    return [
        _is_least("lids closed by", 1 - pose.gap(f"_{side}") / rest, 0.6),
        _is_least("and not beyond", 1.5 - (1 - pose.gap(f"_{side}") / rest), 0.0),
        _is_least("upper lid down by", -float(pose.moved[f"lid_upper_{side}"][1]), 0.01),
        _is_least("other eye as open as", pose.gap(f"_{other}") / rest, 0.8),
    ]


def _wide(side: str, pose: Pose, _: Pose) -> _Seen:
    rest = pose.gap(f"_{side}", moved=False)
    return [
        _is_least("lids opened by", pose.gap(f"_{side}") / rest - 1, 0.08),
        _is_least("upper lid up by", float(pose.moved[f"lid_upper_{side}"][1]), 0.005),
    ]


def _squint(side: str, pose: Pose, _: Pose) -> _Seen:
    closed = 1 - pose.gap(f"_{side}") / pose.gap(f"_{side}", moved=False)
    return [
        _is_least("lids nearer by", closed, 0.08),
        _is_least("but not shut", 0.8 - closed, 0.0),
        _is_least("lower lid up by", float(pose.moved[f"lid_lower_{side}"][1]), 0.005),
    ]


def _look(outward: int, up: int) -> Callable[[str, Pose, Pose], _Seen]:
    def check(side: str, pose: Pose, _: Pose) -> _Seen:
        aside, above = _gaze(side, pose)
        wanted, stray = (outward * aside, above) if outward else (up * above, aside)
        other = _gaze("R" if side == "L" else "L", pose)
        return [
            _is_least("degrees", wanted, 8.0),
            _is_least("not across", 0.5 * wanted - abs(stray), 0.0),
            _is_least("not the other eye", 0.3 * wanted - max(map(abs, other)), 0.0),
        ]

    return check


def _along(landmark: str, direction: Sequence[float], least: float) -> Any:
    """A check that a landmark (``~`` for the side) goes some way, x counting outward."""

    def check(side: str, pose: Pose, _: Pose) -> _Seen:
        sides = (side,) if side else ("L", "R")
        return [
            _is_least(f"{landmark} {one}", _part(landmark, direction, one, pose), least)
            for one in sides
        ]

    return check


def _part(landmark: str, direction: Sequence[float], side: str, pose: Pose) -> float:
    way = np.array(direction, np.float64) * [_out(side) if "~" in landmark else 1, 1, 1]
    return float(pose.moved[landmark.replace("~", side)] @ way)


def _all(*checks: Any) -> Callable[[str, Pose, Pose], _Seen]:
    def check(side: str, pose: Pose, before: Pose) -> _Seen:
        return [seen for one in checks for seen in one(side, pose, before)]

    return check


def _brow_inner(_: str, pose: Pose, __: Pose) -> _Seen:
    out: _Seen = []
    for side in "LR":
        inner, outer = (float(pose.moved[f"brow_{p}_{side}"][1]) for p in ("inner", "outer"))
        out += [
            _is_least(f"inner brow {side} up", inner, 0.03),
            _is_least(f"more than outer {side}", inner - outer, 0.0),
        ]
    return out


def _brow_outer(side: str, pose: Pose, _: Pose) -> _Seen:
    inner, outer = (float(pose.moved[f"brow_{p}_{side}"][1]) for p in ("inner", "outer"))
    return [
        _is_least("outer brow up", outer, 0.03),
        _is_least("more than inner", outer - inner, 0.0),
    ]


def _brow_down(side: str, pose: Pose, _: Pose) -> _Seen:
    both = [float(pose.moved[f"brow_{p}_{side}"][1]) for p in ("inner", "outer")]
    return [_is_least("brow down", -0.5 * sum(both), 0.02)]


def _jaw_open(_: str, pose: Pose, __: Pose) -> _Seen:
    opened = pose.gap("", "lip") - pose.gap("", "lip", moved=False)
    return [
        _is_least("chin down", -float(pose.moved["chin"][1]), 0.12),
        _is_least("lips apart", opened, 0.1),
        _is_least("not aside", 0.03 - abs(float(pose.moved["chin"][0])), 0.0),
    ]


def _jaw_aside(sign: int) -> Callable[[str, Pose, Pose], _Seen]:
    def check(_: str, pose: Pose, __: Pose) -> _Seen:
        chin = pose.moved["chin"]
        return [
            _is_least("chin aside", sign * float(chin[0]), 0.03),
            _is_least("more than down", abs(float(chin[0])) - abs(float(chin[1])), 0.0),
        ]

    return check


def _mouth_aside(sign: int) -> Callable[[str, Pose, Pose], _Seen]:
    names = ("lip_upper", "lip_lower", "corner_L", "corner_R")

    def check(_: str, pose: Pose, __: Pose) -> _Seen:
        mean = sign * float(np.mean([pose.moved[name][0] for name in names]))
        return [_is_least("mouth aside", mean, 0.03)]

    return check


def _mouth_close(_: str, pose: Pose, before: Pose) -> _Seen:
    rest = before.gap("", "lip", moved=False)
    opened = max(before.gap("", "lip") - rest, 1e-9)
    return [
        _is_least("jaw opened the lips", opened, 0.1),
        _is_least("lips closed by", 1 - (pose.gap("", "lip") - rest) / opened, 0.3),
        _is_least("chin stays down", -float(pose.moved["chin"][1]), 0.1),
    ]


def _pucker(_: str, pose: Pose, __: Pose) -> _Seen:
    narrower = float(pose.moved["corner_R"][0] - pose.moved["corner_L"][0])
    forward = float(pose.moved["lip_upper"][2] + pose.moved["lip_lower"][2]) / 2
    return [
        _is_least("mouth narrower", narrower, 0.06),
        _is_least("lips not drawn back", forward, -0.01),
    ]


def _funnel(_: str, pose: Pose, __: Pose) -> _Seen:
    forward = float(pose.moved["lip_upper"][2] + pose.moved["lip_lower"][2]) / 2
    wider = float(pose.moved["corner_L"][0] - pose.moved["corner_R"][0])
    return [_is_least("lips forward", forward, 0.02), _is_least("not wider", 0.02 - wider, 0.0)]


def _lip(which: str, up: int) -> Callable[[str, Pose, Pose], _Seen]:
    def check(side: str, pose: Pose, _: Pose) -> _Seen:
        # a face with one bone in the lip has it in the middle
        most = max(up * float(pose.moved[n][1]) for n in (which, f"{which}_{side}"))
        return [_is_least(f"{which} {side}", most, 0.03)]

    return check


def _press(side: str, pose: Pose, _: Pose) -> _Seen:
    upper, lower = (float(pose.moved[f"lip_{p}_{side}"][1]) for p in ("upper", "lower"))
    return [_is_least("lips nearer", lower - upper, 0.005)]


_CHECKS: dict[str, Callable[[str, Pose, Pose], _Seen]] = {
    "eyeBlink~": _blink,
    "eyeWide~": _wide,
    "eyeSquint~": _squint,
    "eyeLookIn~": _look(-1, 0),
    "eyeLookOut~": _look(1, 0),
    "eyeLookUp~": _look(0, 1),
    "eyeLookDown~": _look(0, -1),
    "browDown~": _brow_down,
    "browInnerUp": _brow_inner,
    "browOuterUp~": _brow_outer,
    "cheekPuff": _along("cheek_~", (1, 0, 1), 0.04),
    "cheekSquint~": _along("under_eye_~", (0, 1, 0), 0.02),
    "noseSneer~": _along("nose_wing_~", (0, 1, 0), 0.015),
    "jawOpen": _jaw_open,
    "jawForward": _along("chin", (0, 0, 1), 0.02),
    "jawLeft": _jaw_aside(1),
    "jawRight": _jaw_aside(-1),
    "mouthClose": _mouth_close,
    "mouthFunnel": _funnel,
    "mouthPucker": _pucker,
    "mouthLeft": _mouth_aside(1),
    "mouthRight": _mouth_aside(-1),
    "mouthSmile~": _all(_along("corner_~", (0, 1, 0), 0.04), _along("corner_~", (1, 0, 0), 0.02)),
    "mouthFrown~": _along("corner_~", (0, -1, 0), 0.04),
    "mouthDimple~": _along("corner_~", (1, 0, -1), 0.03),
    "mouthStretch~": _along("corner_~", (1, 0, 0), 0.03),
    "mouthRollLower": _along("lip_lower", (0, 0, -1), 0.01),
    "mouthRollUpper": _along("lip_upper", (0, 0, -1), 0.01),
    "mouthShrugLower": _along("lip_lower", (0, 1, 0), 0.015),
    "mouthShrugUpper": _along("lip_upper", (0, 1, 0), 0.015),
    "mouthPress~": _press,
    "mouthLowerDown~": _lip("lip_lower", -1),
    "mouthUpperUp~": _lip("lip_upper", 1),
    "tongueOut": _along("tongue", (0, 0, 1), 0.1),
}

#: Channels that mean a direction: how far the pose goes that way.
_DIRECTED: dict[str, Callable[[Pose], float]] = {
    "jawLeft": lambda pose: float(pose.moved["chin"][0]),
    "jawRight": lambda pose: -float(pose.moved["chin"][0]),
    "mouthLeft": lambda pose: float(pose.moved["lip_lower"][0]),
    "mouthRight": lambda pose: -float(pose.moved["lip_lower"][0]),
}

#: What tells the side of a channel: a landmark and the way that it goes.
_TELLING: dict[str, tuple[str, tuple[float, float, float]]] = {
    "eyeBlink~": ("lid_upper_~", (0, -1, 0)),
    "eyeWide~": ("lid_upper_~", (0, 1, 0)),
    "eyeSquint~": ("lid_lower_~", (0, 1, 0)),
    "browDown~": ("brow_inner_~", (0, -1, 0)),
    "browOuterUp~": ("brow_outer_~", (0, 1, 0)),
    "cheekSquint~": ("under_eye_~", (0, 1, 0)),
    "noseSneer~": ("nose_wing_~", (0, 1, 0)),
    "mouthSmile~": ("corner_~", (0.5, 1, 0)),
    "mouthFrown~": ("corner_~", (0, -1, 0)),
    "mouthDimple~": ("corner_~", (1, 0, -1)),
    "mouthStretch~": ("corner_~", (1, 0, 0)),
    "mouthPress~": ("lip_lower_~", (0, 1, 0)),
    "mouthLowerDown~": ("lip_lower_~", (0, -1, 0)),
    "mouthUpperUp~": ("lip_upper_~", (0, 1, 0)),
}


def _toward(base: str, side: str, pose: Pose) -> float:
    """How far a side goes the channel's way."""
    if base.startswith("eyeLook"):
        aside, above = _gaze(side, pose)
        # both eyes of a face look the same way: the other one's "in" is this one's "out"
        size = {"Out": aside, "In": -aside, "Up": above, "Down": -above}[base[7:-1]]
        return size / 50
    landmark, direction = _TELLING[base]
    return _part(landmark, direction, side, pose)


def _region(base: str) -> set[str]:
    for start, region in (("eye", "eye"), ("brow", "brow"), ("nose", "nose"), ("cheek", "cheek")):
        if base.startswith(start):
            return set(_REGIONS[region])
    return set(_REGIONS["mouth"])


def _stray(base: str, pose: Pose) -> str:
    """What moves farther than anything in the channel's own region; "" if nothing does."""
    own = _region(base)
    size = {name: float(np.linalg.norm(moved)) for name, moved in pose.moved.items()}
    inside = {n: s for n, s in size.items() if _plain(n) in own}
    outside = {n: s for n, s in size.items() if _plain(n) not in own}
    most = max(outside, key=lambda name: outside[name])
    least = max(inside.values())
    if base.startswith("eyeLook"):
        # the eyeball's own front, half a radius of about 0.2 away, counts as well
        least = max(least, 0.2 * math.radians(max(abs(t).max() for t in pose.turns.values())))
    return f"{most} moves {outside[most]:.3f}, more" if outside[most] > least else ""


def _plain(name: str) -> str:
    return name[:-2] if name.endswith(("_L", "_R")) else name
