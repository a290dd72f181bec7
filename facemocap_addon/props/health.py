# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel shows of the last health report: sentences and moments, as they were measured."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

if TYPE_CHECKING:
    from .groups import FACEMOCAP_PG_character, FACEMOCAP_PG_scene


class FACEMOCAP_PG_finding(bpy.types.PropertyGroup):
    """One finding of a health report."""

    severity: StringProperty(name="Severity", description="Fault, warning or note")
    text: StringProperty(name="Finding", description="What was found, as whole sentences")
    times: StringProperty(
        name="Times",
        description="Moments to look at, seconds after the take's first sample, by spaces",
    )
    count: IntProperty(name="Moments", description="How many moments to look at there are", min=0)


class FACEMOCAP_PG_health_event(bpy.types.PropertyGroup):
    """A blink, or a stretch of closed lips."""

    at_s: FloatProperty(
        name="Time",
        description="Seconds after the take's first sample",
        unit="TIME_ABSOLUTE",
    )
    is_odd: BoolProperty(name="Odd", description="A partial, long or one-eyed blink")
    figures: StringProperty(name="Figures", description="How far it closes, or how long it lasts")
    gaps: StringProperty(
        name="On the Character",
        description="What stays open on the character, as captured and as it plays",
    )


class FACEMOCAP_PG_health_fact(bpy.types.PropertyGroup):
    """A figure with its name."""

    value: StringProperty(name="Value", description="The figure, with its unit")


class FACEMOCAP_PG_health(bpy.types.PropertyGroup):
    """The last health report."""

    subject: StringProperty(name="Of", description="What was checked")
    is_performance: BoolProperty(
        name="Performance", description="What plays on a character was checked, not a take alone"
    )
    take: PointerProperty(
        type=bpy.types.Text, name="Take", description="Recording that was checked"
    )
    character: StringProperty(name="Character", description="Character that it was checked for")
    stamp: StringProperty(
        name="Stamp", description="What the report depends on: stack, map and take, as a number"
    )
    verdict: StringProperty(name="Verdict", description="All findings in one sentence")
    findings: CollectionProperty(
        type=FACEMOCAP_PG_finding, name="Findings", description="The worst first"
    )
    blinks: CollectionProperty(
        type=FACEMOCAP_PG_health_event, name="Blinks", description="Blinks in order of time"
    )
    active_blink: IntProperty(name="Blink", description="Chosen blink", min=0, options=set())
    blinks_told: StringProperty(name="Blinks", description="How many blinks of which kind")
    contacts: CollectionProperty(
        type=FACEMOCAP_PG_health_event,
        name="Lip Contacts",
        description="Stretches of closed lips in order of time",
    )
    active_contact: IntProperty(
        name="Lip Contact", description="Chosen lip contact", min=0, options=set()
    )
    contacts_told: StringProperty(name="Lip Contacts", description="How many, and how long in all")
    noise: CollectionProperty(
        type=FACEMOCAP_PG_health_fact, name="Noise", description="Noise of each region of the face"
    )
    sides: CollectionProperty(
        type=FACEMOCAP_PG_health_fact,
        name="Left and Right",
        description="Whether a part of the take is mirrored, and by what that is told",
    )
    facts: CollectionProperty(
        type=FACEMOCAP_PG_health_fact,
        name="Recording",
        description="Rate, drops and gaps; on a character mapping, lids and lips, drivers",
    )


def health_stamp(item: FACEMOCAP_PG_character | None, *, is_performance: bool) -> str:
    """What a report depends on beside the take: map, stack, and whether the raw take shows."""
    if item is None:
        return ""
    parts = [item.map_json]
    if is_performance:
        parts += [item.applied, item.stack.text, str(item.stack.show_raw), str(item.applied_start)]
    return f"{zlib.crc32(chr(10).join(parts).encode()):08x}"


def stale_health(state: FACEMOCAP_PG_scene) -> str:
    """Why the report is not of what is there now; empty while it is."""
    health = state.health
    if health.take is None:
        return "The recording is gone"
    number = state.characters.find(health.character) if health.character else -1
    item = state.characters[number] if number >= 0 else None
    if health.character and item is None:
        return f"{health.character} is no longer on the list"
    if health_stamp(item, is_performance=health.is_performance) != health.stamp:
        what = "Take, stack or map" if health.is_performance else "The map"
        return f"{what} was changed since"
    return ""


CLASSES = (
    FACEMOCAP_PG_finding,
    FACEMOCAP_PG_health_event,
    FACEMOCAP_PG_health_fact,
    FACEMOCAP_PG_health,
)
