# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of life within a stack: where they stand, switched on and off, and ready-made sets.

The sets are stack files in ``data/layer_presets`` that hold nothing but layers. All their numbers
are defaults of taste.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ..errors import FacemocapError
from ..resources import data_file
from ..stack.edits import add_step, enable_step, set_params
from ..stack.kinds import kind_of
from ..stack.params import params_to_json
from ..stack.reading import stack_from_json
from ..stack.stack import Stack, Step, make_step
from .tracks import LAYER_KINDS

#: What a layer starts with where its kind's own defaults leave something out.
_START: Mapping[str, Mapping[str, Any]] = {"breathing": {"body": True}}
#: What belongs to the take and not to a set: it stays.
_OF_THE_TAKE = ("holds", "phrases", "phrases_from", "seed", "edits")


@dataclass(frozen=True, slots=True)
class LayerPreset:
    """A ready-made set of layers.

    Attributes
    ----------
    name, label, what : str
        As its file is called, as menus call it, and one sentence.
    stack : Stack
        Its layers.
    """

    name: str
    label: str
    what: str
    stack: Stack


@cache
def layer_presets() -> tuple[LayerPreset, ...]:
    """All sets, by their labels."""
    found: list[LayerPreset] = []
    for path in sorted(data_file("layer_presets").glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        stack = stack_from_json({"schema": data["schema"], "steps": data["steps"]}, path.name)
        found.append(LayerPreset(path.stem, data["label"], data["what"], stack))
    return tuple(sorted(found, key=lambda preset: preset.label))


def layer_preset(name: str) -> LayerPreset:
    """A set by its name; an error where there is none."""
    for preset in layer_presets():
        if preset.name == name:
            return preset
    names = ", ".join(preset.name for preset in layer_presets())
    raise FacemocapError(f'There is no set of layers "{name}"', f"Choose one of {names}")


def place_of_layer(stack: Stack, kind: str) -> int | None:
    """Place of the step that is the layer of a kind: the first one; None without any."""
    places = (place for place, step in enumerate(stack.steps) if step.kind == kind)
    return next(places, None)


def place_for_layer(stack: Stack, kind: str) -> int:
    """Where a new layer goes: behind all that is no layer, in the order of `LAYER_KINDS`."""
    rank = LAYER_KINDS.index(kind)
    before = [
        place
        for place, step in enumerate(stack.steps)
        if step.kind not in LAYER_KINDS or LAYER_KINDS.index(step.kind) < rank
    ]
    return before[-1] + 1 if before else 0


def switch_layer(stack: Stack, kind: str, enabled: bool) -> tuple[Stack, int]:
    """The stack with a layer switched on or off, and its place; it is added where it lacks."""
    place = place_of_layer(stack, kind)
    if place is not None:
        return enable_step(stack, place, enabled), place
    place = place_for_layer(stack, kind)
    step = replace(make_step(kind, **_START.get(kind, {})), enabled=enabled)
    return add_step(stack, step, place), place


def with_layers(stack: Stack, layers: Stack) -> Stack:
    """The stack with these layers instead of its own.

    Held breaths, phrases and seeds stay as they are; all steps that are no layers too.
    """
    kept = {step.kind: step for step in reversed(stack.steps) if step.kind in LAYER_KINDS}
    out = Stack(tuple(step for step in stack.steps if step.kind not in LAYER_KINDS))
    for step in layers.steps:
        out = add_step(out, _kept(step, kept.get(step.kind)), place_for_layer(out, step.kind))
    return out


def _kept(step: Step, before: Step | None) -> Step:
    if before is None:
        return step
    own = params_to_json(before.params)
    stays = {name: own[name] for name in _OF_THE_TAKE if name in own}
    return set_params(Stack((step,)), 0, stays).steps[0]


def set_layer_seed(stack: Stack, kind: str, seed: int) -> Stack:
    """The stack with another seed of a layer; an error where it draws nothing."""
    place = place_of_layer(stack, kind)
    label = kind_of(kind).label
    if place is None:
        raise FacemocapError(f"{label} is not in the stack", "Switch it on first")
    if "seed" not in params_to_json(stack.steps[place].params):
        raise FacemocapError(f"{label} draws nothing", "Choose another layer")
    return set_params(stack, place, {"seed": seed})


def next_seed(seed: int) -> int:
    """Another seed, far from the last and never the same twice in a row."""
    return (seed * 1103515245 + 12345) % 2**31 % 100000
