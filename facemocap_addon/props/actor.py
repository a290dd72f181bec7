# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel remembers of the actor: range of motion, and example pairs of each character.

Of both the JSON text is the truth; the list of examples is a view of it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    FloatProperty,
    IntProperty,
    StringProperty,
)

from ..core.actor.example_pairs import ExampleLibrary, example_library_from_json
from ..core.actor.range_of_motion import RangeOfMotion, range_of_motion_from_json
from ..core.errors import FacemocapError
from .maps import character_of
from .quiet import is_quiet, quiet

if TYPE_CHECKING:
    from .groups import FACEMOCAP_PG_character, FACEMOCAP_PG_scene


def _renamed(row: FACEMOCAP_PG_example, _context: bpy.types.Context) -> None:
    """Give an example the name that was typed; one that another has is not taken over."""
    character = character_of(row)
    if is_quiet() or character is None:
        return
    library = stored_examples(character)
    number = list(character.examples.rows).index(row)
    if library is None or number >= len(library.examples):
        return
    example = library.examples[number]
    try:
        renamed = replace(example, name=row.title.strip())
        store_examples(character, library.replaced(example.name, renamed))
    except (FacemocapError, ValueError):
        store_examples(character, library)


class FACEMOCAP_PG_example(bpy.types.PropertyGroup):
    """One example pair, as the list shows it."""

    title: StringProperty(
        name="Name", description="What the captured face and its pose are called", update=_renamed
    )
    take: StringProperty(name="Take", description="Take that the captured face is from")
    at_s: FloatProperty(
        name="Time", description="Seconds after that take's first sample", unit="TIME_ABSOLUTE"
    )


class FACEMOCAP_PG_examples(bpy.types.PropertyGroup):
    """Example pairs of a character."""

    library_json: StringProperty(
        name="Example Pairs",
        description="Captured faces and the poses that belong to them, as JSON",
    )
    use: BoolProperty(
        name="Use Examples",
        description="Apply Take corrects the take so that each captured face gets its pose",
        default=True,
    )
    rows: CollectionProperty(
        type=FACEMOCAP_PG_example, name="Examples", description="The pairs as the list shows them"
    )
    active_row: IntProperty(name="Example", description="Pair that is chosen", min=0)


class FACEMOCAP_PG_actor(bpy.types.PropertyGroup):
    """Whose takes these are, and what that actor's face goes from and to."""

    actor: StringProperty(name="Actor", description="Name of the actor, for files", default="Actor")
    is_own: BoolProperty(
        name="From a Performance",
        description="The take need not show all that the actor can do: grow channels less. Off "
        "for a calibration take, in which the actor goes through all movements",
        default=True,
    )
    use_neutral: BoolProperty(
        name="Neutral At",
        description="You tell when the actor's face is at rest; else it is where it does least",
    )
    neutral_s: FloatProperty(
        name="Neutral",
        description="Seconds after the take's first sample at which the actor's face is at rest",
        min=0.0,
        soft_max=600.0,
        precision=3,
        unit="TIME_ABSOLUTE",
    )
    range_json: StringProperty(
        name="Range of Motion", description="Neutral and extreme of every channel, as JSON"
    )
    use_range: BoolProperty(
        name="Use Range",
        description="Apply Take brings the take to the actor's range first: neutral to 0, extreme "
        "to 1",
        default=True,
    )
    source: StringProperty(name="Measured On", description="Take that the range was measured on")
    count: IntProperty(name="Channels", description="Channels that have a range", min=0)
    notes: StringProperty(
        name="Notes", description="What to know about the range, one sentence a line"
    )


def stored_range(state: FACEMOCAP_PG_scene) -> RangeOfMotion | None:
    """The actor's range, None without one; errors as `range_of_motion_from_json`."""
    text = state.actor.range_json
    return range_of_motion_from_json(_plain(text), "Actor") if text else None


def store_range(state: FACEMOCAP_PG_scene, rom: RangeOfMotion | None) -> None:
    """Keep a range of motion, or none, and what the panel shows of it."""
    actor = state.actor
    actor.range_json = json.dumps(rom.to_json(), ensure_ascii=False) if rom else ""
    actor.source = rom.source if rom else ""
    actor.count = len(rom.ranges) if rom else 0
    actor.notes = "\n".join(rom.warnings) if rom else ""
    if rom is not None and rom.actor:
        actor.actor = rom.actor


def stored_examples(character: FACEMOCAP_PG_character) -> ExampleLibrary | None:
    """A character's example pairs, None without any; errors as `example_library_from_json`."""
    text = character.examples.library_json
    return example_library_from_json(_plain(text), character.name) if text else None


def store_examples(character: FACEMOCAP_PG_character, library: ExampleLibrary | None) -> None:
    """Keep a character's example pairs, and list them; a library without any is not kept."""
    view = character.examples
    pairs = library.examples if library else ()
    text = json.dumps(library.to_json(), ensure_ascii=False) if library and pairs else ""
    view.library_json = text
    with quiet():
        while len(view.rows) > len(pairs):
            view.rows.remove(len(view.rows) - 1)
        while len(view.rows) < len(pairs):
            view.rows.add()
        for row, example in zip(view.rows, pairs, strict=True):
            row.title, row.take = example.name, example.take
            row.at_s = example.time_s or 0.0
    view.active_row = min(view.active_row, max(len(pairs) - 1, 0))


def _plain(text: str) -> object:
    """What a stored text says; of one that somebody damaged nothing."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None


CLASSES = (FACEMOCAP_PG_example, FACEMOCAP_PG_examples, FACEMOCAP_PG_actor)
