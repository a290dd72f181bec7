# SPDX-License-Identifier: GPL-3.0-or-later
"""The speaking mouth: phrases of syllables, each phone a target, lips that really meet.

A phrase is written in phones, one character each, with a star before a stressed syllable. Every
phone has a target; the mouth moves between targets with minimum jerk. Bilabials aim beyond contact
(a negative aperture, after Loefqvist and Gracco 1996), so the lips meet near their peak speed and
what is left of the movement becomes pressure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .draws import Draws, Floats
from .profiles import invert_min_jerk, keyed

PHRASES: tuple[str, ...] = (
    "gud *mor niN mai *neim iz *e mx and ai *meik pei px *px pits",
    "wen ai wxz *faiv mai fa Dxr *red mi x *ve ri big *buk",
    "nau *weit hau wud ju *muv sxm TiN sou *smol",
    "*pi pxl ol weiz *laf wen Dx *bi weivz *bak",
)

VOWELS = "aeioux"
BILABIALS = "pbm"
VOICELESS = "ptkfsSTCh"

PARAMETERS = (
    *("jaw", "part", "funnel", "pucker", "stretch", "lowerDown", "upperUp"),
    *("rollLower", "rollUpper", "dimple"),
)
PART = PARAMETERS.index("part")

# jaw, part (lips apart at 1, touching at 0, pressed below), then the shapes' own values.
_TARGETS: dict[str, tuple[float, ...]] = {
    "a": (0.50, 0.95, 0.08, 0.00, 0.14, 0.34, 0.18, 0.00, 0.00, 0.04),
    "e": (0.34, 0.95, 0.04, 0.00, 0.22, 0.30, 0.20, 0.00, 0.00, 0.06),
    "i": (0.17, 0.95, 0.02, 0.00, 0.36, 0.26, 0.18, 0.00, 0.00, 0.14),
    "o": (0.38, 0.92, 0.46, 0.18, 0.02, 0.16, 0.08, 0.00, 0.00, 0.00),
    "u": (0.19, 0.85, 0.38, 0.52, 0.00, 0.08, 0.04, 0.02, 0.00, 0.00),
    "x": (0.25, 0.93, 0.10, 0.04, 0.10, 0.20, 0.10, 0.00, 0.00, 0.02),
    "pbm": (0.13, -0.45, 0.02, 0.06, 0.04, 0.00, 0.00, 0.10, 0.08, 0.03),
    "fv": (0.12, 0.45, 0.04, 0.00, 0.10, 0.00, 0.22, 0.40, 0.00, 0.04),
    "w": (0.15, 0.70, 0.28, 0.62, 0.00, 0.06, 0.02, 0.02, 0.00, 0.00),
    "tdnszl": (0.11, 0.92, 0.06, 0.02, 0.16, 0.18, 0.10, 0.00, 0.00, 0.05),
    "SCjr": (0.14, 0.92, 0.38, 0.22, 0.04, 0.18, 0.16, 0.00, 0.00, 0.00),
    "kgNh": (0.21, 0.93, 0.08, 0.03, 0.12, 0.18, 0.09, 0.00, 0.00, 0.02),
    "TD": (0.16, 0.92, 0.05, 0.00, 0.12, 0.20, 0.14, 0.00, 0.00, 0.02),
}
_REST = (0.035, -0.06, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
TARGETS: dict[str, Floats] = {
    phone: np.array(values) for phones, values in _TARGETS.items() for phone in phones
}
REST: Floats = np.array(_REST)


@dataclass(frozen=True)
class Phone:
    """One sound: which, when, and in which syllable of the phrase."""

    symbol: str
    start_s: float
    end_s: float
    syllable: int
    stressed: bool

    @property
    def voiced(self) -> bool:
        """Whether the vocal folds sound."""
        return self.symbol not in VOICELESS

    @property
    def centre_s(self) -> float:
        """The middle of the phone."""
        return 0.5 * (self.start_s + self.end_s)


@dataclass(frozen=True)
class Phrase:
    """One utterance between two pauses."""

    text: str
    start_s: float
    end_s: float
    syllables: tuple[tuple[float, float], ...]
    phones: tuple[Phone, ...]


def lay_phrase(text: str, start_s: float, duration_s: float, draws: Draws) -> Phrase:
    """Give every syllable and phone of a phrase its time; the last syllable is lengthened."""
    words = text.split()
    lengths = []
    for index, word in enumerate(words):
        length = draws.uniform(0.85, 1.15) * (1.12 if word[0] == "*" else 1.0)
        length *= 0.8 + 0.09 * len(word.lstrip("*"))
        lengths.append(length * (1.3 if index == len(words) - 1 else 1.0))
    scale = duration_s / _total(lengths)
    syllables: list[tuple[float, float]] = []
    phones: list[Phone] = []
    at_s = start_s
    for index, (word, length) in enumerate(zip(words, lengths, strict=True)):
        symbols = word.lstrip("*")
        weights = [_weight(symbol) for symbol in symbols]
        unit_s = length * scale / _total(weights)
        begin_s = at_s
        for symbol, weight in zip(symbols, weights, strict=True):
            phones.append(Phone(symbol, at_s, at_s + weight * unit_s, index, word[0] == "*"))
            at_s += weight * unit_s
        syllables.append((begin_s, at_s))
    return Phrase(text, start_s, at_s, tuple(syllables), tuple(phones))


def _total(lengths: list[float]) -> float:
    # Python's own sum() rounds differently from 3.12 on.
    total = 0.0
    for length in lengths:
        total += length
    return total


def _weight(symbol: str) -> float:
    if symbol in VOWELS:
        return 1.25
    return 1.1 if symbol in BILABIALS else 0.85


def mouth_keys(phrases: list[Phrase], draws: Draws) -> tuple[Floats, Floats]:
    """Return key times (k,) and targets (k, parameters) of all phrases, at rest between them."""
    times: list[float] = [-1.0]
    values: list[Floats] = [REST]
    for phrase in phrases:
        times.append(phrase.start_s - 0.09)
        values.append(REST)
        for index, phone in enumerate(phrase.phones):
            target = TARGETS[phone.symbol].copy()
            if phone.symbol in VOWELS:
                target[0] *= draws.uniform(0.9, 1.1) * (1.15 if phone.stressed else 0.85)
                target[2:] *= draws.uniform(0.85, 1.15)
            else:
                # The jaw is slower than the lips: a consonant is half way to its neighbours.
                around = phrase.phones[max(index - 1, 0) : index + 2]
                near = [TARGETS[other.symbol][0] for other in around if other.symbol in VOWELS]
                if near:
                    target[0] = 0.6 * target[0] + 0.4 * min(near)
            if phone.symbol in BILABIALS:
                hold_s = draws.uniform(0.0, 0.012) if phone.symbol == "m" else 0.03
                times += [phone.centre_s - 0.5 * hold_s - 0.004, phone.centre_s + 0.5 * hold_s]
                values += [target, target]
            else:
                times.append(phone.centre_s)
                values.append(target)
        times.append(phrase.end_s + 0.2)
        values.append(REST)
    return np.array(times), np.array(values)


def mouth_motion(times_s: Floats, key_times_s: Floats, targets: Floats) -> dict[str, Floats]:
    """Return the mouth's parameters at the given times, by name."""
    moved = keyed(times_s, key_times_s, targets)
    return {name: moved[:, index] for index, name in enumerate(PARAMETERS)}


def lip_contacts(
    phrases: list[Phrase], key_times_s: Floats, targets: Floats
) -> list[tuple[str, float, float]]:
    """Return (phone, start, end) of every seal that a bilabial makes, within its phrase."""
    part = targets[:, PART]
    contacts: list[tuple[str, float, float]] = []
    for phrase in phrases:
        for phone in phrase.phones:
            if phone.symbol not in BILABIALS:
                continue
            first = int(np.searchsorted(key_times_s, phone.centre_s, side="right")) - 1
            last = first
            while first > 0 and part[first - 1] < 0.0:
                first -= 1
            while last < len(part) - 1 and part[last + 1] < 0.0:
                last += 1
            start_s = _crossing(key_times_s, part, first - 1, falling=True)
            end_s = _crossing(key_times_s, part, last, falling=False)
            span_s = (max(start_s, phrase.start_s), min(end_s, phrase.end_s))
            contacts.append((phone.symbol, *span_s))
    return contacts


def _crossing(key_times_s: Floats, part: Floats, segment: int, falling: bool) -> float:
    """Return when the lips' distance passes zero between a key and the next."""
    last = len(part) - 1
    if segment < 0 or segment >= last:
        return float(key_times_s[min(max(segment, 0), last)])
    begin, end = float(part[segment]), float(part[segment + 1])
    level = begin / (begin - end) if falling else -begin / (end - begin)
    span_s = float(key_times_s[segment + 1] - key_times_s[segment])
    return float(key_times_s[segment]) + invert_min_jerk(level) * span_s
