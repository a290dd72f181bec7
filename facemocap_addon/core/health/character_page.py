# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a health page that says how a take is on a character."""

from __future__ import annotations

from collections.abc import Sequence

from ..pages import Content, Markup, element, facts, paragraph, section, table
from .on_character import BLINK, CONTACT, Closing, OnCharacter
from .wording import counted

_ROWS = 120
_OPENINGS = {"left_lids": "left eye", "right_lids": "right eye", "mouth": "lips"}


def character_section(own: OnCharacter | None) -> Markup:
    """Blinks, closed lips and drivers on a character; nothing where it was not measured."""
    if own is None:
        return Markup()
    parts: list[Content] = [
        facts(
            [
                ("Full blinks", _told(own.gaps(BLINK), "of the open eye")),
                ("Lip contacts", _told(own.gaps(CONTACT), "of the mouth's width")),
                ("Kept", "lids and lips are brought together" if own.is_kept else "as captured"),
                ("Drivers", _drivers(own)),
                ("In the way", " ".join(own.notes)),
            ]
            if own.openings
            else [
                ("Lids and lips", "not known: the character was not measured"),
                ("Drivers", _drivers(own)),
                ("In the way", " ".join(own.notes)),
            ]
        )
    ]
    if own.closings:
        rows = [
            (
                f"{each.at_s:.2f}",
                each.what if each.is_full else f"partial {each.what}",
                _OPENINGS.get(each.opening, each.opening),
                f"{each.before:.1f} %",
                f"{each.after:.1f} %",
            )
            for each in own.closings[:_ROWS]
        ]
        header = ("At, s", "", "Opening", "Open as captured", "Open as it plays")
        parts.append(table(header, rows, numbers=(0, 3, 4)))
        more = len(own.closings) - _ROWS
        if more > 0:
            parts.append(paragraph(f"And {counted(more, 'more row')}.", class_="note"))
        parts.append(
            paragraph(
                "Measured on the mesh: of a blink the least that stays open within 0.05 s of its "
                "peak, of a lip contact the most in all its frames. Eyes in per cent of the open "
                "eye at rest, lips of the mouth's width.",
                class_="note",
            )
        )
    if own.drivers:
        rows = [
            (
                each.name,
                each.owner,
                each.driver,
                "keyed all the same" if each.is_keyed else each.moved_by,
            )
            for each in own.drivers[:_ROWS]
        ]
        parts.append(element("h3", "Controls that drivers own"))
        parts.append(table(("Control", "Of", "Driver", "Moved by"), rows, numbers=()))
    return section(f"As it plays on {own.character}", *parts)


def _told(closings: Sequence[Closing], whole: str) -> str:
    if not closings:
        return "none"
    moments = len({each.at_s for each in closings})
    before, after = (max(getattr(c, side) for c in closings) for side in ("before", "after"))
    return f"{moments}, open by {after:.1f} % {whole} at most ({before:.1f} % as captured)"


def _drivers(own: OnCharacter) -> str:
    if not own.drivers:
        return "none that matter"
    keyed = sum(driver.is_keyed for driver in own.drivers)
    told = f"{counted(len(own.drivers), 'control')}"
    return f"{told}, {keyed} of them keyed against their driver" if keyed else told
