# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap events``: blinks, eye darts, closed lips, phrases and expressions of a recording."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from ..core.events.blinks.finding import find_blinks
from ..core.events.gaze.finding import find_gaze
from ..core.events.lips.finding import find_lip_contacts
from ..core.events.lips.phrases import find_phrases
from ..core.events.lips.sound import Sound
from ..core.events.transitions.finding import find_transitions
from ..core.take import Take
from .command import DONE, Command, add_json_option
from .output import SCHEMA, Console
from .read_options import add_read_options, read_options
from .sound_options import add_sound_option, sound_of
from .sources import read_recording


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("take", metavar="TAKE", help="the recording, or a take of ours (.take.npz)")
    add_sound_option(parser, "where phrases and plosives are heard")
    add_read_options(parser)
    add_json_option(parser, "what was found")


def _run(arguments: Namespace, console: Console) -> int:
    path = Path(arguments.take)
    take = read_recording(path, read_options(arguments))
    found = _found(take, sound_of(arguments, console))
    contacts = found["lip_contacts"]
    closed_s = sum(contact["end_s"] - contact["start_s"] for contact in contacts)
    console.say(
        f"{take.source.name}: {_counted(found['blinks'], 'blink')}, "
        f"{_counted(found['saccades'], 'eye dart')}, lips closed {len(contacts)} times "
        f"({closed_s:.2f} s of {take.duration_s:.2f} s), {_counted(found['phrases'], 'phrase')}, "
        f"{_counted(found['transitions'], 'expression')}"
    )
    console.say_table(_rows(found), indent=2)
    console.answer({"schema": SCHEMA, "take": str(arguments.take), **found})
    return DONE


def _found(take: Take, sound: Sound | None) -> dict[str, list[dict[str, Any]]]:
    """All events as plain values, by the names of the JSON document."""
    gaze = find_gaze(take)
    return {
        "blinks": [blink.to_json() for blink in find_blinks(take)],
        "saccades": [dart.to_json() for dart in gaze.saccades],
        "fixations": [rest.to_json() for rest in gaze.fixations],
        "lip_contacts": [
            {**contact.to_json(), "first_sample": contact.first, "last_sample": contact.last}
            for contact in find_lip_contacts(take, sound)
        ],
        "phrases": [phrase.to_json() for phrase in find_phrases(take, sound)],
        "transitions": [event.to_json() for event in find_transitions(take)],
    }


def _rows(found: dict[str, list[dict[str, Any]]]) -> list[tuple[str, str]]:
    """A line for each event in the order of time."""
    lines: list[tuple[float, tuple[str, str]]] = []
    for event in found["blinks"]:
        what = f"{event['kind']} blink" if event["side"] == "B" else f"{event['kind']}, one eye"
        lines.append(_line(event, "onset_s", "offset_s", what, f"{event['closure']:.0%} closed"))
    for event in found["saccades"]:
        how = f"{event['amplitude_deg']:.1f} degrees"
        lines.append(_line(event, "onset_s", "offset_s", "eye dart", how))
    for event in found["lip_contacts"]:
        samples = f"samples {event['first_sample']} to {event['last_sample']}"
        lines.append(_line(event, "start_s", "end_s", f"lips closed, {event['kind']}", samples))
    lines += [
        _line(event, "start_s", "end_s", "phrase", f"by the {event['source']}")
        for event in found["phrases"]
    ]
    for event in found["transitions"]:
        how = f"up to {event['amplitude']:.2f}"
        lines.append(_line(event, "onset_s", "offset_s", event["group"].replace("_", " "), how))
    return [row for _, row in sorted(lines)]


def _line(
    event: dict[str, Any], first: str, last: str, what: str, how: str
) -> tuple[float, tuple[str, str]]:
    return event[first], (f"{event[first]:.3f} to {event[last]:.3f} s", f"{what}: {how}")


def _counted(events: list[dict[str, Any]], word: str) -> str:
    return f"{len(events)} {word}{'' if len(events) == 1 else 's'}"


COMMAND = Command(
    "events",
    "say when eyes blink and dart, lips close, speech and expressions begin and end",
    "Say what happens in a take and when: blinks of each eye, darts of the gaze, contacts of the\n"
    "lips, phrases, and how brows, jaw, smile and cheeks come and go. These are the events that\n"
    "the steps `blinks`, `gaze`, `lips` and `transitions` of a stack edit one by one.\n"
    "Lips are closed while jawOpen less mouthClose lies under 0.02 above its own lowest values\n"
    "(2nd percentile), and mouthFunnel, mouthUpperUp and mouthLowerDown are each under 0.15, for\n"
    "two samples or more; on these stretches `facemocap retarget` lets the lips meet.",
    ("facemocap events MySlate_3_iPhone.csv", "facemocap events take.csv --json > events.json"),
    _add_arguments,
    _run,
)
