# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig map as lines that a person can read: matched, uncertain and unmatched.

A line is a channel and the controls that it drives, or a control that nothing drives. A channel is
uncertain while one of its controls is; what a measurement guesses and the map does not have is
uncertain too, and drives nothing until a person takes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..channels import arkit_schema, squeeze
from ..controls import BONE, Control, ControlKey
from ..findings import Findings, Guess
from .rig_map import RigMap

MATCHED, UNCERTAIN, UNMATCHED, IDLE = "MATCHED", "UNCERTAIN", "UNMATCHED", "CONTROLS"
#: Entries less sure than this want a look.
SURE = 0.7
_AXES = "XYZ"
_MOVEMENT = re.compile(r" (?:turn|move) [XYZ]$")


@dataclass(frozen=True, slots=True)
class Link:
    """One control of a line.

    Attributes
    ----------
    label : str
        What a person calls the control, and finds it by.
    title : str
        The same, without what all controls of the line have in common.
    control : ControlKey
    channel : str
        Channel that drives it; empty where nothing does.
    gain, confidence : float
    limits : (float, float)
    how : str
        As `RigMapEntry.how`; empty where nothing drives the control or the map does not have it.
    is_guess : bool
        The map does not have it: a measurement guesses it.
    turns : bool
        The gain is an angle at the channel's full value.
    """

    label: str
    control: ControlKey
    title: str = ""
    channel: str = ""
    gain: float = 1.0
    confidence: float = 1.0
    limits: tuple[float, float] = (0.0, 1.0)
    how: str = ""
    is_guess: bool = False
    turns: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list."""

    name: str
    status: str
    region: str
    summary: str = ""
    confidence: float = 1.0
    links: tuple[Link, ...] = ()


def control_label(key: ControlKey, control: Control | None) -> str:
    """What a person calls a control: its name, the part of it, and the object that has it."""
    name = control.name if control else key.path
    if key.kind == BONE:
        movement = "turn" if key.path.endswith(".rotation") else "move"
        name = f"{name} {movement} {_AXES[key.index]}"
    return f"{name} · {key.owner}"


def control_labels(controls: Mapping[ControlKey, Control]) -> dict[str, ControlKey]:
    """Every control by its label; a label that two would share gets the data path added."""
    labels: dict[str, ControlKey] = {}
    for key, control in controls.items():
        label = control_label(key, control)
        labels[f"{label} · {key.path}" if label in labels else label] = key
    return labels


def turns(control: ControlKey, channel: str) -> bool:
    """Whether a gain is an angle: a bone turned by a channel that is none itself."""
    known = arkit_schema().get(channel)
    is_weight = known is None or known.kind == "weight"
    return control.kind == BONE and control.path.endswith(".rotation") and is_weight


def region_of(channel: str) -> str:
    """Region of a channel's name; other when no schema knows it."""
    known = arkit_schema().get(channel)
    return known.region if known else "other"


def list_lines(
    rig_map: RigMap,
    channels: Sequence[str],
    controls: Mapping[ControlKey, Control],
    findings: Findings | None = None,
) -> list[Line]:
    """Channels in their order, then controls that nothing drives.

    Parameters
    ----------
    rig_map : RigMap
    channels : sequence of str
        Those that a person can choose from: the take's.
    controls : mapping
        What the character offers to be keyed.
    findings : Findings, optional
        What was measured on it.
    """
    found = findings or Findings()
    labels = {key: label for label, key in control_labels(controls).items()}
    driving = {s.channel for e in rig_map.entries for s in e.sources}
    driven = {entry.control for entry in rig_map.entries}
    guesses: dict[str, list[Guess]] = {}
    for guess in found.guesses:
        # a bone may take several channels; of what drives a shape already nothing is guessed
        is_free = guess.control.kind == BONE or guess.control not in driven
        if guess.channel not in rig_map.covered and is_free:
            guesses.setdefault(guess.channel, []).append(guess)
    lines: list[Line] = []
    for name in channels:
        if name in driving:
            lines.append(_driving(name, rig_map, labels))
        elif name in rig_map.covered:
            lines.append(Line(name, MATCHED, region_of(name), _through(name)))
        elif any(guess.control in labels for guess in guesses.get(name, ())):
            lines.append(_guessed(name, guesses[name], labels))
        else:
            lines.append(Line(name, UNMATCHED, region_of(name)))
    return lines + _idle(rig_map, driven, controls, labels, found)


def _through(channel: str) -> str:
    """By what a channel reaches the character that no entry names."""
    if channel.startswith("eyeLook"):
        return "as eye angles"
    return "as eyeLook" if channel.endswith(("Yaw", "Pitch", "Roll")) else "mixed"


def _driving(name: str, rig_map: RigMap, labels: Mapping[ControlKey, str]) -> Line:
    links = tuple(
        Link(
            label=labels.get(entry.control) or control_label(entry.control, None),
            control=entry.control,
            channel=name,
            gain=source.gain,
            confidence=entry.confidence,
            limits=entry.limits,
            how=entry.how,
            turns=turns(entry.control, name),
        )
        for entry in rig_map.entries
        for source in entry.sources
        if source.channel == name
    )
    least = min(link.confidence for link in links)
    status = MATCHED if least >= SURE else UNCERTAIN
    return Line(name, status, region_of(name), _summary(name, links), least, _titled(name, links))


def _guessed(name: str, guesses: Iterable[Guess], labels: Mapping[ControlKey, str]) -> Line:
    links = tuple(
        Link(
            label=labels[guess.control],
            control=guess.control,
            channel=name,
            gain=guess.gain,
            confidence=guess.confidence,
            limits=guess.limits,
            is_guess=True,
            turns=turns(guess.control, name),
        )
        for guess in guesses
        if guess.control in labels
    )
    least = min(link.confidence for link in links)
    summary = f"{_summary(name, links)}?"
    return Line(name, UNCERTAIN, region_of(name), summary, least, _titled(name, links))


def _idle(
    rig_map: RigMap,
    driven: set[ControlKey],
    controls: Mapping[ControlKey, Control],
    labels: Mapping[ControlKey, str],
    findings: Findings,
) -> list[Line]:
    """Shape keys and properties that nothing drives, and idle bones of the face, once each."""
    lines = [
        Line(labels[key], IDLE, findings.regions.get(key, "other"), links=(Link(labels[key], key),))
        for key in controls
        if key.kind != BONE and key not in driven
    ]
    bones: dict[str, list[ControlKey]] = {}
    for key, control in controls.items():
        if key.kind == BONE:
            bones.setdefault(control.name, []).append(key)
    moving = {controls[key].name for key in driven if key.kind == BONE and key in controls}
    for name in dict.fromkeys(rig_map.unmatched_controls):
        if name not in bones or name in moving:
            continue
        keys = bones[name]
        region = next((findings.regions[key] for key in keys if key in findings.regions), "other")
        links = tuple(Link(labels[key], key, _movement(labels[key])) for key in keys)
        lines.append(Line(f"{name} · {keys[0].owner}", IDLE, region, links=links))
    return lines


def _titled(channel: str, links: tuple[Link, ...]) -> tuple[Link, ...]:
    """Links with titles: the object where the name is the channel's own, else the name.

    A name that several objects have gets the object added.
    """
    names = [link.label.split(" · ")[0] for link in links]
    titled: list[Link] = []
    for link, name in zip(links, names, strict=True):
        title = name if names.count(name) == 1 else f"{name} · {link.control.owner}"
        own = squeeze(name) == squeeze(channel)
        titled.append(replace(link, title=link.control.owner if own else title))
    return tuple(titled)


def _movement(label: str) -> str:
    """``turn X`` of a bone's label."""
    return " ".join(label.split(" · ", maxsplit=1)[0].rsplit(" ", 2)[-2:])


def _summary(channel: str, links: Iterable[Link]) -> str:
    """What a channel drives in a few words.

    Shape keys of one name on several meshes count as one, as do the components of a bone; of a
    control that has the channel's own name the object is enough.
    """
    owners: dict[str, list[str]] = {}
    for link in links:
        name = _MOVEMENT.sub("", link.label.split(" · ")[0])
        owners.setdefault(name, []).append(link.control.owner)
    return ", ".join(_in_short(name, set(held), channel) for name, held in owners.items())


def _in_short(name: str, owners: set[str], channel: str) -> str:
    where = next(iter(owners)) if len(owners) == 1 else f"{len(owners)} meshes"
    if squeeze(name) == squeeze(channel):
        return where
    return name if len(owners) == 1 else f"{name} ×{len(owners)}"
