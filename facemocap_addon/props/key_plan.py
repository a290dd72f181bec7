# SPDX-License-Identifier: GPL-3.0-or-later
"""How the panel wants keys: one on every frame, few within a tolerance, or fewer by rule."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty

from ..core.reduction.plan import KeyPlan

MODES = (
    ("EVERY", "Every Frame", "A key on every frame, as captured"),
    ("ERROR", "Few Keys", "As few keys with handles as a tolerance allows"),
    ("EXTREMES", "Extremes", "Keys on turning points, and where the curve is steepest between two"),
    ("NTH", "Every n-th Frame", "A key on every n-th frame"),
    ("TWOS", "On Twos", "Values held for two frames"),
)
UNITS = (
    ("UNITS", "Units", "The controls' own units: shape key values, radians"),
    ("PERCENT", "Per Cent", "Per cent of each control's range"),
    ("MM", "Millimetres", "Millimetres on the mesh, of all controls together"),
)


class FACEMOCAP_PG_key_plan(bpy.types.PropertyGroup):
    """The choice, with a tolerance for each unit."""

    mode: EnumProperty(name="Keys", description="How many keys the take has", items=MODES)
    unit: EnumProperty(name="Unit", description="What the tolerance counts in", items=UNITS)
    error: FloatProperty(
        name="Tolerance",
        description="How far a control may be off, in its own unit",
        default=0.01,
        min=0.0001,
        soft_max=0.1,
        max=10.0,
        precision=4,
        step=0.1,
    )
    error_percent: FloatProperty(
        name="Tolerance",
        description="How far a control may be off, in per cent of its range",
        default=1.0,
        min=0.01,
        soft_max=10.0,
        max=100.0,
        precision=2,
        subtype="PERCENTAGE",
    )
    error_mm: FloatProperty(
        name="Tolerance (mm)",
        description="How far a point of the mesh may be off, in millimetres",
        default=0.2,
        min=0.001,
        soft_max=2.0,
        max=1000.0,
        precision=3,
        step=1,
    )
    step: IntProperty(name="Frames", description="From one key to the next", default=4, min=2)


def plan_of(choice: FACEMOCAP_PG_key_plan) -> KeyPlan | None:
    """The plan of the panel's choice; None for a key on every frame."""
    if choice.mode == "EVERY":
        return None
    if choice.mode == "NTH":
        return KeyPlan("NTH", step=min(choice.step, 1000))
    if choice.mode == "TWOS":
        return KeyPlan("TWOS")
    if choice.mode == "EXTREMES":
        return KeyPlan("EXTREMES", round(float(choice.error), 6))
    amounts = {"UNITS": choice.error, "PERCENT": choice.error_percent, "MM": choice.error_mm}
    return KeyPlan("ERROR", round(float(amounts[choice.unit]), 6), choice.unit)


def show_plan(choice: FACEMOCAP_PG_key_plan, plan: KeyPlan | None) -> None:
    """Show how a performance has its keys."""
    choice.mode = "EVERY" if plan is None else plan.mode
    if plan is None:
        return
    if plan.mode == "NTH":
        choice.step = plan.step
    if plan.mode == "EXTREMES":
        choice.error = plan.tolerance
    if plan.mode == "ERROR":
        choice.unit = plan.unit
        name = {"UNITS": "error", "PERCENT": "error_percent", "MM": "error_mm"}[plan.unit]
        setattr(choice, name, plan.tolerance)


CLASSES = (FACEMOCAP_PG_key_plan,)
