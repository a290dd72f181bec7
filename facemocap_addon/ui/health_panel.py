# SPDX-License-Identifier: GPL-3.0-or-later
"""Health: what is wrong with a take or with what plays on a character, and what is in it."""

from __future__ import annotations

import re
from typing import Any

import bpy

from ..core.health.wording import FAULT, NOTE, WARNING
from ..props import stale_health, state_of
from .sentences import draw_fact, draw_sentences
from .take_panel import SidebarPanel

#: How each severity is headed, and its icon.
_GROUPS = (
    (FAULT, "Faults", "CANCEL"),
    (WARNING, "Warnings", "ERROR"),
)
#: A number stays on one line with its unit.
_NUMBER = re.compile(r"(\d) (s\b|%|mm\b|Hz\b)")
_FORMS = ((".html", "Page"), (".json", "JSON"), (".csv", "Table"))


class FACEMOCAP_UL_health_events(bpy.types.UIList):
    """Blinks or lip contacts in order of time."""

    bl_idname = "FACEMOCAP_UL_health_events"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: Any,
        data: Any,
        item: Any,
        _icon: int,
        _active_data: object,
        *_rest: object,
    ) -> None:
        """Draw when it is, what it is, and what stays open on the character."""
        row = layout.row(align=True)
        button = row.operator("facemocap.go_to_health_event", text="", icon="TIME", emboss=False)
        button.at_s = item.at_s
        parts = row.split(factor=0.36)
        parts.label(text=f"{item.at_s:.2f} {item.name}".rstrip())
        if not item.gaps:
            parts.label(text=item.figures)
            return
        parts = parts.split(factor=0.5)
        parts.label(text=item.figures)
        parts.label(text=item.gaps)


class HealthPart(SidebarPanel):
    """A panel that is there only with a report."""

    bl_parent_id = "FACEMOCAP_PT_health"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a report."""
        return bool(state_of(context.scene).health.subject)


class FACEMOCAP_PT_health(SidebarPanel, bpy.types.Panel):
    """The last health report."""

    bl_idname = "FACEMOCAP_PT_health"
    bl_label = "Health"
    bl_options = {"DEFAULT_CLOSED"}
    # below Cleanup: the order of registration decides
    bl_order = 2

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a take or a character."""
        state = state_of(context.scene)
        return bool(state.takes) or bool(state.characters)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the buttons, and the findings by their severity."""
        layout = self.layout
        state = state_of(context.scene)
        health = state.health
        row = layout.row(align=True)
        row.operator("facemocap.check_health", text="Check Take", icon="VIEWZOOM").what = "TAKE"
        if any(item.applied for item in state.characters):
            button = row.operator("facemocap.check_health", text="Check Performance")
            button.what = "PERFORMANCE"
        if not health.subject:
            draw_sentences(layout, context, "Measures what is wrong with a take; changes nothing.")
            return
        if why := stale_health(state):
            draw_sentences(layout, context, f"{why}: check again.", "FILE_REFRESH")
        column = layout.column(align=True)
        column.label(text=health.subject)
        draw_sentences(column, context, health.verdict, "BLANK1")
        for severity, title, icon in _GROUPS:
            _draw_findings(layout, context, severity, title, icon)
        row = layout.row(align=True)
        row.label(text="Save")
        for form, name in _FORMS:
            row.operator("facemocap.save_health", text=f"{name}...").form = form


class FACEMOCAP_PT_health_notes(HealthPart, bpy.types.Panel):
    """What is good to know."""

    bl_idname = "FACEMOCAP_PT_health_notes"
    bl_label = "Notes"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the notes."""
        _draw_findings(self.layout, context, NOTE, "", "INFO")


class FACEMOCAP_PT_health_events(HealthPart, bpy.types.Panel):
    """Blinks and closed lips that were found."""

    bl_idname = "FACEMOCAP_PT_health_events"
    bl_label = "Blinks and Lips"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        """Draw both lists; what stays open on a character, as captured and as it plays."""
        layout = self.layout
        health = state_of(context.scene).health
        for name, active, title, told in (
            ("blinks", "active_blink", "Blinks", health.blinks_told),
            ("contacts", "active_contact", "Lip contacts", health.contacts_told),
        ):
            column = layout.column()
            draw_sentences(column, context, f"{title}: {told}.", "NONE")
            if getattr(health, name):
                column.template_list(
                    "FACEMOCAP_UL_health_events",
                    name,
                    health,
                    name,
                    health,
                    active,
                    rows=3,
                    maxrows=6,
                )
        if health.blinks:
            words = "Per cent that the left and the right eye close."
            if health.is_performance:
                words += " Behind that: what stays open here, as captured and as it plays."
            draw_sentences(layout, context, words)


class FACEMOCAP_PT_health_figures(HealthPart, bpy.types.Panel):
    """Figures of the recording, of noise, and of left and right."""

    bl_idname = "FACEMOCAP_PT_health_figures"
    bl_label = "Figures"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        """Draw names with their figures."""
        layout = self.layout
        health = state_of(context.scene).health
        for title, lines in (("", health.facts), ("Noise by region", health.noise)):
            column = layout.column(align=True)
            column.scale_y = 0.85
            if title and lines:
                column.label(text=title)
            for line in lines:
                draw_fact(column, line.name, line.value)
        if health.sides:
            column = layout.column(align=True)
            column.label(text="Is a part of it mirrored?")
            for line in health.sides:
                draw_sentences(column, context, f"{line.name}: {line.value}.")


def _draw_findings(
    layout: Any, context: bpy.types.Context, severity: str, title: str, icon: str
) -> None:
    """Draw the findings of one severity, below their title."""
    findings = state_of(context.scene).health.findings
    own = [(number, each) for number, each in enumerate(findings) if each.severity == severity]
    if own and title:
        layout.label(text=f"{title} ({len(own)})")
    for number, finding in own:
        _draw_finding(layout, context, finding, number, icon)


def _draw_finding(
    layout: Any, context: bpy.types.Context, finding: Any, number: int, icon: str
) -> None:
    """Draw a finding's sentences, and buttons to its moments where it has any."""
    draw_sentences(layout, context, _NUMBER.sub("\\1\u00a0\\2", finding.text), icon)
    if not finding.count:
        return
    row = layout.row(align=True)
    row.alignment = "RIGHT"
    moments = "1 moment" if finding.count == 1 else f"{finding.count} moments"
    row.label(text=moments)
    for symbol, backwards in (("PREV_KEYFRAME", True), ("NEXT_KEYFRAME", False)):
        button = row.operator("facemocap.go_to_finding", text="", icon=symbol)
        button.finding, button.backwards = number, backwards


CLASSES = (
    FACEMOCAP_UL_health_events,
    FACEMOCAP_PT_health,
    FACEMOCAP_PT_health_notes,
    FACEMOCAP_PT_health_events,
    FACEMOCAP_PT_health_figures,
)
