# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields that are no short decimals, thousands at a time: words, long numbers, exponents.

Programs that write what ``repr`` gives fill tables with numbers of 17 digits, and trackers write a
word into every cell of a lost frame. Up to 24 characters are gathered as three words of eight
digits, which gives an integer below 2**63 and a power of ten. Their quotient is found in two
parts, q0 + q1: q0 is the quotient in float64, q1 what is missing to the exact one, so that the sum
is known to some 100 bits and rounds as ``float(text)`` does. Where it lies so near the middle
between two numbers that even that does not tell, ``float`` itself is asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray, FloatArray, IntArray
from .digit_words import WORD, ZEROS, Words, eight_digits, no_digits, without_point

#: Bytes that must lie before the first field of a buffer.
LONGEST = 24

#: Words of this many bytes are compared as one number.
_SHORT = 8
#: Words that are there so often among so many fields are looked up once for all.
_SAMPLE = 256
_COMMON = 3
_MOST_WORDS = 12
#: The first eight of 24 digits may be this number: with it all of them are below 2**63.
_HIGHEST = 900
_MOST_DECIMALS = 49
#: Powers of ten as the sum of two float64, and the halves of the first one.
_POWERS = np.array([float(10**k) for k in range(_MOST_DECIMALS + 1)])
_POWERS_REST = np.array([float(10**k - int(float(10**k))) for k in range(_MOST_DECIMALS + 1)])
_SPLIT = 134_217_729.0  # 2**27 + 1
#: Sums this near, in parts of themselves, to the middle between two numbers are not believed.
_UNSURE = 1.0 + 2.0**-30
#: Masks of the three words of a field's last characters, by the field's length.
_MASKS: tuple[Words, ...] = tuple(
    np.array(
        [(2**64 - 1) << 8 * (8 - min(max(n - 8 * k, 0), 8)) & (2**64 - 1) for n in range(26)], WORD
    )
    for k in (2, 1, 0)
)

#: What people and programs write for "nothing here", in lower case.
MISSING_WORDS = frozenset(
    (
        *(b"", b"-", b"na", b"n/a", b"#n/a", b"<na>", b"nan", b"-nan", b"+nan", b"null", b"none"),
        *(b"nan(ind)", b"-nan(ind)", b"1.#ind", b"-1.#ind", b"1.#qnan", b"-1.#qnan", b"1.#snan"),
        *(b"inf", b"-inf", b"+inf", b"infinity", b"-infinity", b"1.#inf", b"-1.#inf", b"1.#j"),
        *(b"#value!", b"#div/0!", b"#ref!", b"#name?", b"#num!", b"#null!"),
    )
)


def odd_numbers(
    buffer: NDArray[np.uint8], text: bytes, starts: IntArray, ends: IntArray, decimal: str
) -> tuple[FloatArray, list[int]]:
    """What ``float`` gives for each field, NaN where it holds no number.

    Parameters
    ----------
    buffer, text : (m,) uint8, bytes
        The same bytes; `LONGEST` of them lie before the first field.
    starts, ends : (n,) int64
        Fields without blanks around them, none of them empty; signs belong to them.
    decimal : str

    Returns
    -------
    values : (n,) float64
    strange : list of int
        Fields that hold neither a number nor a known word for a missing one.
    """
    values = np.full(len(starts), np.nan)
    strange: list[int] = []
    left = np.arange(len(starts))
    for alike in _repeated_words(buffer, starts, ends):
        first = int(alike[0])
        numbers, words = _floats([text[int(starts[first]) : int(ends[first])]], decimal)
        values[alike] = numbers[0]
        strange += alike.tolist() if words else []
        left[alike] = -1
    left = left[left >= 0]
    if len(left):
        numbers, odd = _long_decimals(buffer, starts[left], ends[left], ord(decimal))
        values[left] = numbers
        left = left[odd]
    if len(left):
        bounds = zip(starts[left].tolist(), ends[left].tolist(), strict=True)
        numbers, words = _floats([text[a:b] for a, b in bounds], decimal)
        values[left] = numbers
        strange += left[words].tolist()
    return values, sorted(strange)


def _repeated_words(
    buffer: NDArray[np.uint8], starts: IntArray, ends: IntArray
) -> Iterator[IntArray]:
    """Short fields that many hold alike, a group at a time."""
    lengths = ends - starts
    short = np.flatnonzero(lengths <= _SHORT)
    windows: NDArray[Any] = np.ndarray((len(buffer) - 7,), "V8", buffer, strides=(1,))
    codes = windows[ends[short] - 8].view(WORD) & _MASKS[2].take(lengths[short])
    sample, counts = np.unique(codes[:: max(1, len(codes) // _SAMPLE)], return_counts=True)
    common = np.argsort(counts)[::-1][:_MOST_WORDS]
    for code in sample[common[counts[common] >= _COMMON]]:
        alike = codes == code
        # what lies before a field counts as noughts, which a field may hold too
        alike &= lengths[short] == lengths[short[np.argmax(alike)]]
        yield short[alike]
        short, codes = short[~alike], codes[~alike]


def _long_decimals(
    buffer: NDArray[np.uint8], starts: IntArray, ends: IntArray, point: int
) -> tuple[FloatArray, BoolArray]:
    """Values of decimals of up to 24 characters, maybe with an exponent; which fields are none."""
    first = buffer.take(starts)
    negative = first == ord("-")
    starts = starts + (negative | (first == ord("+")))
    ends, powers = _without_exponent(buffer, starts, ends)
    lengths = ends - starts
    windows: NDArray[Any] = np.ndarray((len(buffer) - 23,), "V24", buffer, strides=(1,))
    words = windows[ends - 24].view(WORD)
    known = np.clip(lengths, 0, 25)
    parts = [(words[k::3] ^ ZEROS) & _MASKS[k].take(known) for k in range(3)]
    number = np.zeros(len(starts), np.uint64)
    decimals = np.zeros(len(starts), np.uint64)
    points = np.zeros(len(starts), np.uint64)
    odd = (lengths < 1) | (lengths > LONGEST)
    for k, part in enumerate(parts):
        digits, here, following = without_point(part, point)
        odd |= no_digits(part, digits)
        # a point leaves seven digits of its word, and all that follows are decimals
        number *= np.uint64(10**8) - here * np.uint64(9 * 10**7)
        digits = eight_digits(digits)
        if k == 0:
            odd |= digits > np.uint64(_HIGHEST)
        number += digits
        decimals += following + here * np.uint64(8 * (2 - k))
        points += here
    odd |= (points > np.uint64(1)) | (lengths <= points.astype(np.int64))
    places = decimals.astype(np.int64) - powers
    odd |= (places < 0) | (places > _MOST_DECIMALS)
    values, unsure = _quotients(
        np.where(odd, np.uint64(0), number).view(np.int64), np.where(odd, 0, places)
    )
    np.negative(values, out=values, where=negative)
    return values, odd | unsure


def _without_exponent(
    buffer: NDArray[np.uint8], starts: IntArray, ends: IntArray
) -> tuple[IntArray, IntArray]:
    """Where fields end before ``e-05`` or ``E-5``, and the power of ten that this is."""
    tail = [buffer.take(ends - k) for k in (1, 2, 3, 4)]
    power = tail[0].astype(np.int64) - ord("0")
    is_digit = (power >= 0) & (power <= 9)
    tens = tail[1].astype(np.int64) - ord("0")
    two = is_digit & (tens >= 0) & (tens <= 9) & _is_sign(tail[2]) & _is_e(tail[3])
    two &= ends - starts > 4
    one = is_digit & _is_sign(tail[1]) & _is_e(tail[2]) & (ends - starts > 3)
    power[two] += 10 * tens[two]
    power[~(one | two)] = 0
    below = np.where(two, tail[2], tail[1]) == ord("-")
    return ends - 4 * two - 3 * one, np.where(below, -power, power)


def _is_sign(letters: NDArray[np.uint8]) -> BoolArray:
    return (letters == ord("-")) | (letters == ord("+"))


def _is_e(letters: NDArray[np.uint8]) -> BoolArray:
    return (letters == ord("e")) | (letters == ord("E"))


def _quotients(numbers: IntArray, places: IntArray) -> tuple[FloatArray, BoolArray]:
    """``numbers / 10**places``, rounded once, and for which it is not sure to be."""
    power = _POWERS.take(places)
    whole = numbers.astype(np.float64)
    rest = (numbers - whole.astype(np.int64)).astype(np.float64)
    quotient = whole / power
    # what quotient * power is more than its float64, by the halves of both (Dekker)
    high = quotient * _SPLIT
    high -= high - quotient
    low = quotient - high
    power_high = power * _SPLIT
    power_high -= power_high - power
    power_low = power - power_high
    product = quotient * power
    error = high * power_high - product
    error += high * power_low
    error += low * power_high
    error += low * power_low
    missing = whole - product
    missing -= error
    missing += rest
    missing -= quotient * _POWERS_REST.take(places)
    missing /= power
    values = quotient + missing
    missing -= values - quotient
    return values, values + missing * _UNSURE != values


def _floats(fields: list[bytes], decimal: str) -> tuple[list[float], list[int]]:
    """``float`` of each field, NaN where it is none, and which fields are no known word either."""
    if decimal != ".":
        fields = [field.replace(decimal.encode(), b".") for field in fields]
    # float() takes 1_000 for a thousand; no recorder means that
    if b"_" not in b"".join(fields):
        with contextlib.suppress(ValueError):
            return list(map(float, fields)), []
    known: dict[bytes, float] = {}
    words: set[bytes] = set()
    for field in set(fields):
        try:
            known[field] = float(field.replace(b"_", b"?"))
        except ValueError:
            known[field] = float("nan")
            if field.strip().lower() not in MISSING_WORDS:
                words.add(field)
    strange = [index for index, field in enumerate(fields) if field in words] if words else []
    return [known[field] for field in fields], strange
