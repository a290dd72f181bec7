# SPDX-License-Identifier: GPL-3.0-or-later
"""How a take was put on a character, as text in our Action's record: it can be done once more."""

from __future__ import annotations

import json
from typing import Any

from ...core.actor.example_pairs import example_library_from_json
from ...core.actor.range_of_motion import range_of_motion_from_json
from ...core.reduction.plan import plan_from_json
from ...core.stack.reading import stack_from_json
from ...core.stack.stack import Stack
from .preparing import ApplyOptions

#: Fields whose values are written as they are.
_PLAIN = (
    "start_frame",
    "on_capture_times",
    "raw",
    "mirror",
    "set_scene_range",
    "face_layer",
    "head_layer",
    "override",
    "contacts",
    "widen_sliders",
    "seed",
)
#: What `options_text` does not hold: said anew each time, or kept beside it.
ELSEWHERE = ("hand_edits", "stack", "shows_raw")


def options_text(options: ApplyOptions) -> str:
    """Options as a JSON text; the stack has a place of its own."""
    data: dict[str, Any] = {name: getattr(options, name) for name in _PLAIN}
    data["range_s"] = list(options.range_s)
    for name in ("actor_range", "examples"):
        value = getattr(options, name)
        if value is not None:
            data[name] = value.to_json()
    if options.reduce is not None:
        data["reduce"] = options.reduce.to_json()
    return json.dumps(data, ensure_ascii=False)


def options_of_text(text: str, start_frame: float) -> ApplyOptions:
    """The options of such a text; of a performance from before it was kept the usual ones."""
    data: dict[str, Any] = json.loads(text) if text else {"start_frame": start_frame}
    given = {name: data[name] for name in _PLAIN if name in data}
    start_s, end_s = data.get("range_s", (None, None))
    rom, examples = data.get("actor_range"), data.get("examples")
    plan = data.get("reduce")
    return ApplyOptions(
        **given,
        range_s=(start_s, end_s),
        actor_range=range_of_motion_from_json(rom, "Actor") if rom else None,
        examples=example_library_from_json(examples, "Examples") if examples else None,
        reduce=plan_from_json(plan) if plan else None,
    )


def stack_of_text(text: str, name: str) -> Stack:
    """A stack that was kept as text; none is one without steps."""
    return stack_from_json(json.loads(text), name) if text else Stack()
