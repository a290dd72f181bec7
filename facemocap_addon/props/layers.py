# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Life panel shows: each layer's switch, influence and parameters, beside the list.

The truth is the stack's text, as for the list of steps. A group shows the first step of its kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, FloatProperty, PointerProperty

from ..core.errors import FacemocapError
from ..core.layers.presets import place_of_layer, switch_layer
from ..core.layers.tracks import LAYER_KINDS
from ..core.stack.edits import set_influence, set_params
from ..core.stack.kinds import kind_of, kinds
from ..core.stack.stack import Stack
from .maps import character_of
from .quiet import is_quiet, quiet
from .stack_editing import StackEdits, StackViews, store_stack, stored_stack
from .step_params import make_groups, short, show_params, shown_value

if TYPE_CHECKING:
    from .groups import FACEMOCAP_PG_character

_ON, _INFLUENCE, _ON_TRACK = "layer_on", "layer_influence", "layer_on_track"


# ---------------------------------------------------------------- what a person changes


def _edit(group: Any, edit: Any) -> None:
    """Change the stack of the character that a group belongs to; what cannot be is said."""
    item = None if is_quiet() else character_of(group)
    if item is None:
        return
    try:
        before = stored_stack(item)
        after: Stack = edit(before)
    except FacemocapError as problem:
        item.stack.problem = str(problem)
        return
    item.stack.problem = ""
    if after != before:
        # what is in the person's hands shows it already
        with StackViews.resting():
            store_stack(item, after)
        StackEdits.made(item)


def _kind_of_group(group: Any) -> str:
    return group.path_from_id().rpartition(".")[2]


def _switched(group: Any, _context: Any) -> None:
    kind = _kind_of_group(group)
    _edit(group, lambda stack: switch_layer(stack, kind, getattr(group, _ON))[0])
    if (item := character_of(group)) is not None and not is_quiet():
        show_layers(item, stored_stack(item))


def _influence_changed(group: Any, _context: Any) -> None:
    kind = _kind_of_group(group)

    def edit(stack: Stack) -> Stack:
        place = place_of_layer(stack, kind)
        return stack if place is None else set_influence(stack, place, short(group.layer_influence))

    _edit(group, edit)


def _param_changed(group: Any, name: str) -> None:
    kind = kind_of(_kind_of_group(group))

    def edit(stack: Stack) -> Stack:
        place = place_of_layer(stack, kind.name)
        if place is None:
            return stack
        return set_params(stack, place, {name: shown_value(group, kind, name)})

    _edit(group, edit)


def _pair_changed(pair: Any, _context: Any) -> None:
    path, _, name = pair.path_from_id().rpartition(".")
    _param_changed(pair.id_data.path_resolve(path), name.partition("[")[0])


# ---------------------------------------------------------------- what is shown


def show_layers(item: FACEMOCAP_PG_character, stack: Stack) -> None:
    """Show the layers of a stack."""
    with quiet():
        for name in LAYER_KINDS:
            group = getattr(item.life, name)
            place = place_of_layer(stack, name)
            step = None if place is None else stack.steps[place]
            group.layer_on = step is not None and step.enabled
            if step is None:
                continue
            show_params(group, kind_of(name), step.params)
            if not isinstance(step.influence, tuple):
                group.layer_influence = step.influence


class FACEMOCAP_PG_layer_pair(bpy.types.PropertyGroup):
    """Two moments that belong together."""

    first: FloatProperty(
        name="From",
        description="Seconds after the take's first sample",
        precision=3,
        options=set(),
        update=_pair_changed,
    )
    second: FloatProperty(
        name="To",
        description="Seconds after the take's first sample",
        precision=3,
        options=set(),
        update=_pair_changed,
    )


def _layer_group(name: str, params: dict[str, Any]) -> type:
    label = kinds()[name].label
    own: dict[str, Any] = {
        _ON: BoolProperty(
            name=label,
            description=f"{kinds()[name].what}. The step is added to the stack",
            options=set(),
            update=_switched,
        ),
        _INFLUENCE: FloatProperty(
            name="Influence",
            description="How much of the layer counts; keys are set on the step in Cleanup, or on "
            "the NLA strip where it plays from a track",
            default=1.0,
            min=0.0,
            max=1.0,
            subtype="FACTOR",
            options=set(),
            update=_influence_changed,
        ),
        _ON_TRACK: BoolProperty(
            name="On a Track", description="The layer plays from NLA tracks of its own"
        ),
    }
    return type(
        f"FACEMOCAP_PG_layer_{name}",
        (bpy.types.PropertyGroup,),
        {
            "__annotations__": {**own, **params},
            "__doc__": f"The layer {label}.",
            "__module__": __name__,
        },
    )


LAYER_GROUPS = {
    name: _layer_group(name, dict(group.__annotations__))
    for name, group in make_groups(FACEMOCAP_PG_layer_pair, _param_changed).items()
    if name in LAYER_KINDS
}
FACEMOCAP_PG_life: Any = type(
    "FACEMOCAP_PG_life",
    (bpy.types.PropertyGroup,),
    {
        "__annotations__": {
            name: PointerProperty(
                type=group, name=kinds()[name].label, description=f"{kinds()[name].what}, the layer"
            )
            for name, group in LAYER_GROUPS.items()
        },
        "__doc__": "The layers of life of a character.",
        "__module__": __name__,
    },
)

StackViews.follow(show_layers)

CLASSES = (FACEMOCAP_PG_layer_pair, *LAYER_GROUPS.values(), FACEMOCAP_PG_life)
