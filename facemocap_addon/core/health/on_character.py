# SPDX-License-Identifier: GPL-3.0-or-later
"""A take on a character: drivers in the way, and whether lids and lips meet when they should."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray, IntArray
from ..character import Character
from ..contacts.captured import LipContact
from ..contacts.face_contacts import LEFT_LIDS, MOUTH, RIGHT_LIDS
from ..controls import BONE, Control, ControlKey
from ..drivers.driver_following import choose_answers
from ..rig_maps.rig_map import RigMap

BLINK, CONTACT = "blink", "lip contact"
#: A blink shuts the eye somewhere this near to its peak (seconds), whatever the scene's rate.
AROUND_S = 0.05


@dataclass(frozen=True, slots=True)
class DrivenControl:
    """A control of the face that a driver owns.

    Attributes
    ----------
    name, owner : str
        Of the control, and the object that has it.
    driver : str
        What drives it.
    moved_by : str
        The control that the map moves instead; empty where there is none.
    is_keyed : bool
        The map keys the driven control itself: the driver wins, and it does not move.
    """

    name: str
    owner: str
    driver: str
    moved_by: str
    is_keyed: bool

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Closing:
    """A blink or a closed mouth, as it is on the character.

    Attributes
    ----------
    what : str
        ``blink`` or ``lip contact``.
    opening : str
        ``left_lids``, ``right_lids`` or ``mouth``.
    at_s : float
        On the take's clock: the blink's peak, the contact's start.
    is_full : bool
        It should close the opening; partial blinks need not.
    before, after : float
        Gap in per cent, as captured and with lids and lips brought together: the least of a blink,
        the largest of a contact.
    """

    what: str
    opening: str
    at_s: float
    is_full: bool
    before: float
    after: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True)
class OnCharacter:
    """What was measured of a take on a character.

    Attributes
    ----------
    character : str
    drivers : tuple of DrivenControl
        Controls that the take would move, and drivers own.
    notes : tuple of str
        What the character says of drivers that do nothing or cannot be followed.
    openings : tuple of str
        Those that are known on its mesh; none where it was not measured.
    closings : tuple of Closing
        In order of time.
    is_kept : bool
        Lids and lips are brought together.
    """

    character: str
    drivers: tuple[DrivenControl, ...] = ()
    notes: tuple[str, ...] = ()
    openings: tuple[str, ...] = ()
    closings: tuple[Closing, ...] = ()
    is_kept: bool = False

    def gaps(self, what: str) -> tuple[Closing, ...]:
        """The full blinks, or the lip contacts."""
        return tuple(each for each in self.closings if each.what == what and each.is_full)

    def to_json(self) -> dict[str, Any]:
        """Plain values; gaps in per cent of the open eye, and of the mouth's width."""
        return {
            "character": self.character,
            "contacts_kept": self.is_kept,
            "openings": list(self.openings),
            "drivers": [driver.to_json() for driver in self.drivers],
            "notes": list(self.notes),
            "closings": [closing.to_json() for closing in self.closings],
        }


@dataclass(frozen=True, slots=True)
class Moment:
    """What is to be measured: an opening, on some frames."""

    what: str
    opening: str
    at_s: float
    is_full: bool
    rows: tuple[int, ...]


def moments_of(
    blinks: Iterable[Any],
    contacts: Iterable[LipContact],
    times_s: FloatArray,
    openings: Sequence[str],
) -> tuple[Moment, ...]:
    """Frames (rows of ``times_s``, (n,) seconds) at which openings should be closed.

    A contact that falls between two frames counts on the nearer one; what lies beyond the frames
    is left out.
    """
    if not len(times_s):
        return ()
    out: list[Moment] = []
    step = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 1.0

    def rows(first_s: float, last_s: float) -> IntArray:
        inside = np.flatnonzero((times_s >= first_s - 1e-6) & (times_s <= last_s + 1e-6))
        if len(inside):
            return inside
        nearest = int(np.argmin(np.abs(times_s - 0.5 * (first_s + last_s))))
        off = abs(float(times_s[nearest]) - 0.5 * (first_s + last_s))
        return np.array([nearest] if off <= step else [], np.int64)

    for blink in blinks:
        around = rows(blink.peak_s - AROUND_S, blink.peak_s + AROUND_S)
        for opening in _blinking(blink):
            if opening in openings and len(around):
                full = blink.kind != "partial"
                row = tuple(around.tolist())
                out.append(Moment(BLINK, opening, blink.peak_s, full, row))
    if MOUTH in openings:
        for contact in contacts:
            inside = rows(contact.start_s, contact.end_s)
            if len(inside):
                row = tuple(inside.tolist())
                out.append(Moment(CONTACT, MOUTH, contact.start_s, True, row))
    return tuple(sorted(out, key=lambda each: (each.at_s, each.opening)))


def closings_of(
    moments: Sequence[Moment],
    before: Mapping[str, FloatArray],
    after: Mapping[str, FloatArray],
    rows: Sequence[int],
) -> tuple[Closing, ...]:
    """Gaps at the moments; ``before`` and ``after`` hold each opening's ``(r,)`` at ``rows``."""
    place = {row: number for number, row in enumerate(rows)}
    out: list[Closing] = []
    for moment in moments:
        own = [place[row] for row in moment.rows]
        worst = np.min if moment.what == BLINK else np.max
        gaps = [float(worst(side[moment.opening][own])) for side in (before, after)]
        out.append(Closing(moment.what, moment.opening, moment.at_s, moment.is_full, *gaps))
    return tuple(out)


def driven_controls(character: Character, rig_map: RigMap) -> tuple[DrivenControl, ...]:
    """Controls of a face that drivers own, of those that the map keys or moves by their drivers."""
    entries = {entry.control for entry in rig_map.entries}
    answers = choose_answers(character.controls)
    names = {control.key: control.name for control in character.controls}
    out: dict[tuple[str, str, str], DrivenControl] = {}
    for control in character.controls:
        if not control.driven_by:
            continue
        answer = answers.get(control.key)
        keyed = control.key in entries
        moved = answer is not None and answer.root in entries
        # a driver that does nothing lets the keys be; the character's notes say so
        if not (keyed or moved) or _is_idle(control, character.notes):
            continue
        label = "" if answer is None or keyed else _label(answer.root, names)
        place = (control.owner, control.path, "" if control.kind == BONE else str(control.index))
        out.setdefault(place, _driven(control, label, keyed=keyed))
    return tuple(out.values())


def _driven(control: Control, moved_by: str, *, keyed: bool) -> DrivenControl:
    return DrivenControl(control.name, control.owner, control.driven_by, moved_by, keyed)


def _is_idle(control: Control, notes: Sequence[str]) -> bool:
    """Whether the notes say that a control's driver does nothing."""
    if control.kind == BONE:
        stem = control.path.rpartition(".")[0]
        return any(n.startswith(stem) and f" of {control.owner} does nothing" in n for n in notes)
    named = (f'"{control.name}" {word} {control.owner} does nothing' for word in ("on", "of"))
    return any(note.startswith(start) for start in named for note in notes)


def _label(key: ControlKey, names: Mapping[ControlKey, str]) -> str:
    """A control by its name; one that is no face's own by what its path quotes."""
    if key in names:
        return names[key]
    quoted = key.path.split('"')
    return quoted[-2] if len(quoted) > 2 else key.path


def _blinking(blink: Any) -> tuple[str, ...]:
    """Openings that a blink closes: of a wink the one of its eye."""
    sides = ((LEFT_LIDS, blink.left_closure), (RIGHT_LIDS, blink.right_closure))
    known = [(name, part) for name, part in sides if part is not None]
    if blink.kind == "one eye" and len(known) > 1:
        return (max(known, key=lambda each: each[1])[0],)
    return tuple(name for name, _part in known)
