# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a comp together as a take of this file, and open the recipe of one that there is."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.errors import FacemocapError
from ...core.report import Report
from ...core.take_comp import Member, Recipe, Seam, Stretch, compose, recipe_of
from ...gateway.files.take_storage import (
    load_take,
    store_take,
    stored_takes,
    take_digest,
    take_label,
)
from ...props import state_of
from ..panel_takes import list_take
from ..steps import StepOperator, need_take


class FACEMOCAP_OT_compose_takes(StepOperator, bpy.types.Operator):
    """Put the stretches together."""

    bl_idname = "facemocap.compose_takes"
    bl_label = "Put Together"
    bl_description = (
        "Make a new take of the base and the stretches. Seams are set where they are seen least, "
        "near where they are asked for; the takes themselves stay as they are"
    )

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be a base and a stretch."""
        comp: Any = state_of(context.scene).comp
        if comp.base is None:
            return cls.refuse("Choose the take that is the base")
        if not comp.stretches:
            return cls.refuse("Add a stretch of another take")
        return True

    def perform(self, context: bpy.types.Context) -> Report:
        """Store the new take beside the others and choose it."""
        scene = context.scene
        comp: Any = state_of(scene).comp
        recipe, texts = recipe_of_panel(comp)
        takes = {name: load_take(text) for name, text in texts.items()}
        composed = compose(takes, recipe)
        list_take(scene, store_take(composed.take), composed.take)
        comp.seams = "\n".join(_line(seam) for seam in composed.seams)
        return Report(
            summary=f"{composed.take.label}: {len(recipe.stretches)} stretches, "
            f"{len(composed.seams)} seams",
            counts={"seams": len(composed.seams), "stretches": len(recipe.stretches)},
            warnings=composed.warnings,
        )


class FACEMOCAP_OT_open_comp(StepOperator, bpy.types.Operator):
    """Show the recipe of the chosen take."""

    bl_idname = "facemocap.open_comp"
    bl_label = "Open Recipe"
    bl_description = "Show how the chosen take was put together, so that it can be changed"
    needs = ("take",)

    def perform(self, context: bpy.types.Context) -> Report:
        """Its takes are found by their samples, whatever they are called now."""
        state = state_of(context.scene)
        item = need_take(state)
        recipe = recipe_of(load_take(item.text))
        if recipe is None:
            raise FacemocapError(f'"{item.name}" is no comp', "Choose a take that was put together")
        by_digest = {take_digest(text): text for text in stored_takes()}
        missing = [n for n, member in recipe.takes.items() if member.digest not in by_digest]
        if missing:
            raise FacemocapError(
                f'The take "{missing[0]}" of this comp is not in this file', "Import it again"
            )
        texts = {name: by_digest[member.digest] for name, member in recipe.takes.items()}
        show_recipe(state.comp, recipe, texts)
        return Report(summary=f"{item.name} can be changed and put together again")


def recipe_of_panel(comp: Any) -> tuple[Recipe, dict[str, bpy.types.Text]]:
    """What the panel shows, as a recipe, and its takes; one that is shifted counts as another."""
    members: dict[str, Member] = {}
    texts: dict[str, bpy.types.Text] = {}

    def name_of(text: bpy.types.Text, offset_s: float) -> str:
        digest = take_digest(text)
        for name, member in members.items():
            if (member.digest, member.offset_s) == (digest, offset_s):
                return name
        name, number = take_label(text), 2
        while name in members:
            name = f"{take_label(text)} {number}"
            number += 1
        members[name], texts[name] = Member("", offset_s, digest), text
        return name

    base = name_of(comp.base, 0.0)
    stretches: list[Stretch] = []
    for number, row in enumerate(comp.stretches):
        if row.text is None:
            raise FacemocapError(f"Stretch {number + 1} has no take", "Choose one, or remove it")
        start, end = (row.start_s if row.use_start else None), (row.end_s if row.use_end else None)
        if start is not None and end is not None and start >= end:
            raise FacemocapError(
                f"Stretch {number + 1} ends before it begins", "Set its end after its start"
            )
        stretches.append(
            Stretch(
                take=name_of(row.text, float(row.offset_s)),
                regions=tuple(sorted(row.regions)),
                side="" if row.side == "ALL" else row.side,
                start_s=start,
                end_s=end,
            )
        )
    title = comp.title.strip() or "comp"
    recipe = Recipe(base, members, tuple(stretches), title, comp.search_s, comp.longest_s)
    return recipe, texts


def show_recipe(comp: Any, recipe: Recipe, texts: dict[str, bpy.types.Text]) -> None:
    """Fill the panel from a recipe."""
    comp.base, comp.title = texts[recipe.base], recipe.name
    comp.search_s, comp.longest_s = recipe.search_s, recipe.longest_s
    comp.stretches.clear()
    for stretch in recipe.stretches:
        row = comp.stretches.add()
        row.text = texts[stretch.take]
        row.regions, row.side = set(stretch.regions), stretch.side or "ALL"
        row.offset_s = recipe.takes[stretch.take].offset_s
        row.use_start, row.use_end = stretch.start_s is not None, stretch.end_s is not None
        row.start_s, row.end_s = stretch.start_s or 0.0, stretch.end_s or 0.0
    comp.active, comp.seams = 0, ""


def _line(seam: Seam) -> str:
    moved = seam.at_s - seam.asked_s
    return f"{seam.stretch + 1} {seam.end}: {seam.at_s:.2f} s ({moved:+.2f})"


CLASSES = (FACEMOCAP_OT_compose_takes, FACEMOCAP_OT_open_comp)
