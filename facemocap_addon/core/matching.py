# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig maps found by names: shape keys, custom properties and bones against a take's channels.

What has no partner on either side is reported, not guessed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from .bone_matching import match_bones
from .channels import arkit_names, arkit_schema, match_name, squeeze
from .controls import BONE, Control
from .resources import DATA
from .rig_map import RigMap, RigMapEntry, Source
from .take import Take

#: A rig with this many ARKit shapes is an ARKit rig; composite presets beside them stay at rest.
ARKIT_ENOUGH = 20


@dataclass(frozen=True, slots=True)
class Convention:
    """A naming habit: what drives each of its targets."""

    name: str
    fingerprint: tuple[str, ...]
    exclusive: tuple[tuple[str, tuple[str, ...]], ...]
    targets: dict[str, tuple[Source, ...]]


@cache
def conventions() -> tuple[Convention, ...]:
    """The conventions under ``data/conventions``, in the order of their names."""
    found: list[Convention] = []
    for path in sorted((DATA / "conventions").glob("*.json")):
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found.append(
            Convention(
                name=document["name"],
                fingerprint=tuple(document["fingerprint"]),
                exclusive=tuple((loser, tuple(by)) for loser, by in document["exclusive"]),
                targets={
                    target: tuple(Source(channel, float(gain)) for channel, gain in parts.items())
                    for target, parts in document["targets"].items()
                },
            )
        )
    return tuple(found)


def match(controls: Sequence[Control], take: Take | None = None, rig: str = "") -> RigMap:
    """Find which channels drive which controls, by names.

    Parameters
    ----------
    controls : sequence of Control
        Driven controls are never matched: what drives them is.
    take : Take, optional
        Its recorded channels are looked for; without one, all ARKit channels are.
    rig : str
        Name of the character, for the map's heading.

    Returns
    -------
    RigMap
        ``unmatched_channels``: recorded channels that drive nothing (eye angles count as matched
        where the eyeLook coefficients of that eye are). ``unmatched_controls``:
        controls (bones by name, within the head) that nothing drives.
    """
    free = [control for control in controls if not control.driven_by]
    named = [control for control in free if control.kind != BONE]
    entries = _match_arkit(named)
    if len({source.channel for entry in entries for source in entry.sources}) < ARKIT_ENOUGH:
        taken = {entry.control for entry in entries}
        entries += _match_conventions([c for c in named if c.key not in taken])
    on_shapes = {source.channel for entry in entries for source in entry.sources}
    bones = [control for control in free if control.kind == BONE]
    bone_entries, bone_roles = match_bones(bones, on_shapes)
    entries += bone_entries
    wanted = take.recorded if take is not None else tuple(arkit_schema())
    covered = RigMap(rig, tuple(entries)).covered
    return RigMap(
        rig=rig,
        entries=tuple(entries),
        unmatched_channels=tuple(name for name in wanted if name not in covered),
        unmatched_controls=tuple(
            dict.fromkeys(
                [
                    *_idle_named(named, entries),
                    *(name for name in bone_roles.face_bones if name not in bone_roles.used),
                ]
            )
        ),
    )


def _match_arkit(controls: Sequence[Control]) -> list[RigMapEntry]:
    """Controls with ARKit names; on one owner, of two that spell one channel the plainer wins."""
    best: dict[tuple[str, str], tuple[float, Control]] = {}
    for control in controls:
        channel = match_name(control.name, arkit_names())
        if channel is None:
            continue
        exact = squeeze(control.name) == squeeze(channel)
        confidence = 1.0 if exact else 0.9
        place = (control.owner, channel)
        if place not in best or confidence > best[place][0]:
            best[place] = (confidence, control)
    return [
        _entry(control, (Source(channel),), confidence)
        for (_, channel), (confidence, control) in best.items()
    ]


def _match_conventions(controls: Sequence[Control]) -> list[RigMapEntry]:
    """The convention that most names of the character belong to, on each of its owners."""
    names = {_plain(control.name) for control in controls}
    found: list[tuple[int, Convention]] = []
    for convention in conventions():
        prints = sum(_plain(name) in names for name in convention.fingerprint)
        if 2 * prints >= len(convention.fingerprint):
            found.append((sum(_plain(name) in names for name in convention.targets), convention))
    if not found:
        return []
    # hits alone decide: two conventions may tie only where they name the same things
    best = max(found, key=lambda pair: pair[0])[1]
    entries: list[RigMapEntry] = []
    for owner in dict.fromkeys(control.owner for control in controls):
        own = {_plain(control.name): control for control in controls if control.owner == owner}
        entries += _convention_entries(best, own)
    return entries


def _convention_entries(convention: Convention, squeezed: dict[str, Control]) -> list[RigMapEntry]:
    present = {name for name in convention.targets if _plain(name) in squeezed}
    for loser, by in convention.exclusive:
        if all(name in present for name in by):
            present.discard(loser)
    return [
        _entry(squeezed[_plain(name)], sources, 0.8)
        for name, sources in convention.targets.items()
        if name in present and sources
    ]


def _plain(name: str) -> str:
    """A name as conventions compare it: letters and digits, no leading zeros of a number."""
    text = squeeze(name)
    digits = "".join(c if c.isdigit() else " " for c in text).split()
    for number in digits:
        text = text.replace(number, str(int(number)), 1)
    return text


def _entry(control: Control, sources: tuple[Source, ...], confidence: float) -> RigMapEntry:
    return RigMapEntry(
        control=control.key,
        sources=sources,
        limits=control.range,
        confidence=confidence,
        how="name",
    )


def _idle_named(controls: Sequence[Control], entries: Sequence[RigMapEntry]) -> list[str]:
    used = {entry.control for entry in entries}
    return [control.name for control in controls if control.key not in used]
