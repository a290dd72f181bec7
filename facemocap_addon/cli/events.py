# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap events``: when the lips of a recording are closed."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ..core.contacts.captured import lip_contacts
from .command import DONE, Command, add_json_option
from .output import SCHEMA, Console
from .read_options import add_read_options, read_options
from .sources import read_recording


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("take", metavar="TAKE", help="the recording, or a take of ours (.take.npz)")
    add_read_options(parser)
    add_json_option(parser, "what was found")


def _run(arguments: Namespace, console: Console) -> int:
    take = read_recording(Path(arguments.take), read_options(arguments))
    contacts = lip_contacts(take)
    closed_s = sum(contact.end_s - contact.start_s for contact in contacts)
    console.say(
        f"{take.source.name}: lips closed {len(contacts)} times, {closed_s:.2f} s of "
        f"{take.duration_s:.2f} s"
    )
    console.say_table(
        [
            (
                f"{contact.start_s:.3f} to {contact.end_s:.3f} s",
                f"samples {contact.first} to {contact.last}",
            )
            for contact in contacts
        ],
        indent=2,
    )
    console.answer(
        {
            "schema": SCHEMA,
            "take": str(arguments.take),
            "lip_contacts": [contact.to_json() for contact in contacts],
        }
    )
    return DONE


COMMAND = Command(
    "events",
    "say when the lips of a take are closed",
    "Say when the lips of a take are closed: while jawOpen less mouthClose lies under 0.02 above\n"
    "its own lowest values (2nd percentile), and mouthFunnel, mouthUpperUp and mouthLowerDown are\n"
    "each under 0.15, for two samples or more. On these stretches `facemocap retarget` lets the\n"
    "lips of a character meet.",
    ("facemocap events MySlate_3_iPhone.csv", "facemocap events take.csv --json > events.json"),
    _add_arguments,
    _run,
)
