# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be said of a take on a character: drivers in the way, openings that stay open."""

from __future__ import annotations

from collections.abc import Iterator

from .on_character import BLINK, CONTACT, OnCharacter
from .wording import FAULT, NOTE, WARNING, Finding, at, counted, named

#: Gaps that are seen: per cent of the open eye, and of the mouth's width.
EYE_OPEN, LIPS_OPEN = 5.0, 2.0
#: So many sentences about single drivers are told.
_TOLD = 5


def character_findings(own: OnCharacter) -> Iterator[Finding]:
    """Findings about a take on a character."""
    yield from _drivers(own)
    if not own.openings:
        yield Finding(
            "contacts_unknown",
            NOTE,
            0.65,
            f"Whether lids and lips meet on {own.character} is not known: it was not measured, or "
            "has no eyeballs or lips to find them by.",
        )
        return
    yield from _closings(own, BLINK, EYE_OPEN, "eyes_open")
    yield from _closings(own, CONTACT, LIPS_OPEN, "lips_open")


def _drivers(own: OnCharacter) -> Iterator[Finding]:
    keyed = [driver for driver in own.drivers if driver.is_keyed]
    if keyed:
        first = keyed[0]
        yield Finding(
            "driven",
            FAULT,
            5.0,
            f"{named([driver.name for driver in keyed])} "
            f"{'is' if len(keyed) == 1 else 'are'} keyed and driven ({first.driver}): the driver "
            f"wins and the take does not move {'it' if len(keyed) == 1 else 'them'}. Match the "
            "character again.",
        )
    for number, note in enumerate(own.notes[:_TOLD]):
        more = len(own.notes) - _TOLD
        tail = f" And {more} more of the kind." if number == _TOLD - 1 and more > 0 else ""
        yield Finding("driver", WARNING, 1.6 - 0.01 * number, note + tail)
    moved = [driver for driver in own.drivers if driver.moved_by]
    if moved:
        yield Finding(
            "moved_by",
            NOTE,
            0.4,
            f"{counted(len(moved), 'driven control')} "
            f"{'is' if len(moved) == 1 else 'are'} moved by what drives "
            f"{'it' if len(moved) == 1 else 'them'}: {moved[0].name} by {moved[0].moved_by}"
            f"{' and so on' if len(moved) > 1 else ''}.",
        )


def _closings(own: OnCharacter, what: str, limit: float, code: str) -> Iterator[Finding]:
    every = own.gaps(what)
    if not every:
        return
    noun = "full blink" if what == BLINK else "lip contact"
    whole = "the open eye" if what == BLINK else "the mouth's width"
    wide = [each for each in every if each.after > limit]
    most = max(each.before for each in every)
    if wide:
        worst = max(wide, key=lambda each: each.after)
        times = tuple(dict.fromkeys(each.at_s for each in wide))
        count = len({each.at_s for each in every})
        then = (
            f" (as captured {most:.1f} %). Widen the sliders, or edit the map."
            if own.is_kept
            else ". Let lids and lips meet when the take is applied."
        )
        yield Finding(
            code,
            WARNING,
            1.7 + 0.01 * worst.after,
            f"{len(times)} of {counted(count, noun)} {'leaves' if len(times) == 1 else 'leave'} "
            f"{own.character} open {at(times)}, by up to {worst.after:.1f} % of {whole}{then}",
            times,
        )
    elif own.is_kept and most > limit:
        yield Finding(
            code.replace("open", "closed"),
            NOTE,
            0.3,
            f"All {counted(len({each.at_s for each in every}), noun)} close on {own.character}: to "
            f"{max(each.after for each in every):.1f} % of {whole} at most, as captured "
            f"{most:.1f} % would stay open.",
        )
