# SPDX-License-Identifier: GPL-3.0-or-later
"""A performance's stack, in the record of our Action: what was run, and what it did.

The record holds the raw take, the stack and how the take was put on, so that all of it can be run
again from the file alone (`rerunning`).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ...core.contacts.face_contacts import FaceContacts, contacts_from_json
from ...core.errors import FacemocapError
from ...core.stack.difference import Difference, difference_from_json, differences
from ...core.stack.stack import Stack
from .kept_options import options_of_text, options_text, stack_of_text
from .preparing import ApplyOptions, Prepared
from .records import KEY, Performance

#: Names in the record.
OPTIONS, _STACK, _RAW = "options", "stack", "shows_raw"
_DRAFT = "draft"
_STEPS, _DIFFERENCES, _CONTACTS = "steps", "differences", "contacts"


def keep_stack(record: Any, prepared: Prepared) -> None:
    """Note in a record what was run, how, and what came of it."""
    options = prepared.options
    record[OPTIONS] = options_text(options)
    record[_STACK] = options.stack.text if options.stack.steps else ""
    record[_RAW] = int(options.shows_raw)
    record[_DRAFT] = int(prepared.is_draft)
    cleaned = prepared.take if prepared.cleaned is None else prepared.cleaned
    record[_STEPS] = json.dumps([each.to_json() for each in prepared.steps], ensure_ascii=False)
    found = [each.to_json() for each in differences(prepared.take, cleaned)]
    record[_DIFFERENCES] = json.dumps(found, ensure_ascii=False)
    given = prepared.contacts
    record[_CONTACTS] = json.dumps(given.to_json(), ensure_ascii=False) if given else ""


def stack_of(performance: Performance) -> Stack:
    """The performance's stack; without steps where it has none. Errors as `stack_from_json`."""
    return stack_of_text(_text(performance, _STACK), performance.action.name)


def shows_raw(performance: Performance) -> bool:
    """Whether the raw take is shown for comparison, though there is a stack."""
    return bool(performance.action[KEY].get(_RAW, 0))


def check_stack_plays(performance: Performance) -> None:
    """Refuse to hand a performance over while its stack is not what plays.

    Raises
    ------
    FacemocapError
        When the raw take is shown.
    """
    if shows_raw(performance):
        raise FacemocapError(
            f'The raw take is shown on "{performance.character_name}"',
            "Switch Show Raw off in Cleanup > Compare",
        )


def is_draft(performance: Performance) -> bool:
    """Whether lids and lips have still to be brought together."""
    return bool(performance.action[KEY].get(_DRAFT, 0))


def options_of(performance: Performance) -> ApplyOptions:
    """How the take was put on: what it takes to do it again."""
    options = options_of_text(_text(performance, OPTIONS), performance.start_frame)
    return replace(options, stack=stack_of(performance), shows_raw=shows_raw(performance))


def steps_of(performance: Performance) -> list[dict[str, Any]]:
    """What each step did when it was run last, as `StepReport.to_json` has it."""
    return json.loads(_text(performance, _STEPS) or "[]")


def differences_of(performance: Performance) -> tuple[Difference, ...]:
    """How far what plays is from the raw take."""
    return tuple(
        difference_from_json(each) for each in json.loads(_text(performance, _DIFFERENCES) or "[]")
    )


def contacts_of(performance: Performance) -> FaceContacts | None:
    """Contacts that were given when the take was applied."""
    text = _text(performance, _CONTACTS)
    return contacts_from_json(json.loads(text)) if text else None


def _text(performance: Performance, name: str) -> str:
    return str(performance.action[KEY].get(name, ""))


def about_raw(performance: Performance) -> str:
    """What the curves without the stack depend on."""
    record = performance.action[KEY]
    return "\n".join(
        (performance.take_digest, str(record["rig_map"]), str(record.get(OPTIONS, "")))
    )
