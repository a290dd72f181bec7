# SPDX-License-Identifier: GPL-3.0-or-later
"""Decimal numbers out of text, thousands at a time: eight digits are one 64-bit integer.

The last 16 characters of every field are gathered as two little-endian words (`digit_words`). The
number is ``integer / 10**decimals``: with an integer below 2**53 and a power of ten below 10**22
both are exact, so the one division rounds correctly and gives what ``float(text)`` gives. Fields
that this does not hold for are `odd_digits`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray, IntArray
from .digit_words import HIGH_BITS, NO_DIGIT, WORD, ZEROS, Words, eight_digits, without_point
from .odd_digits import LONGEST, odd_numbers

#: Bytes that must lie before the first field of a buffer.
PAD = LONGEST

_BYTE = np.uint64(8)
_EXACT = np.uint64(2**53)
_POWERS = 10.0 ** np.arange(16)
#: Masks of a field's last characters in the earlier and the later word, by the field's length.
_MASKS: tuple[Words, Words] = (
    np.array([(2**64 - 1) << 8 * (16 - min(max(n, 8), 16)) & (2**64 - 1) for n in range(18)], WORD),
    np.array([(2**64 - 1) << 8 * (8 - min(n, 8)) & (2**64 - 1) for n in range(18)], WORD),
)


def parse_numbers(
    text: bytes, starts: IntArray, ends: IntArray, decimal: str = ".", *, trim: bool = True
) -> tuple[NDArray[np.float64], BoolArray, list[int]]:
    """Numbers of many fields of one text; bit for bit what ``float`` gives for each.

    Parameters
    ----------
    text : bytes
        ASCII, with at least `PAD` bytes before the first field.
    starts, ends : (n,) int64
        Where each field begins and ends in ``text``.
    decimal : str
        Decimal sign, one character.
    trim : bool
        False promises that no field has blanks around it.

    Returns
    -------
    values : (n,) float64
        0.0 where missing.
    missing : (n,) bool
        Fields that are empty or hold no finite number.
    unreadable : list of int
        Fields that hold neither a number nor a known word for a missing one.
    """
    buffer = np.frombuffer(text, np.uint8)
    if trim:
        starts, ends = _trimmed(buffer, starts, ends)
    empty = starts >= ends
    if empty.any():
        kept = np.flatnonzero(~empty)
        values = np.zeros(len(starts))
        unreadable: list[int] = []
        if len(kept):
            values[kept], empty[kept], odd = _parse(buffer, text, starts[kept], ends[kept], decimal)
            unreadable = kept[odd].tolist()
        return values, empty, unreadable
    if not len(starts):
        return np.zeros(0), empty, []
    return _parse(buffer, text, starts, ends, decimal)


def _parse(
    buffer: NDArray[np.uint8], text: bytes, starts: IntArray, ends: IntArray, decimal: str
) -> tuple[NDArray[np.float64], BoolArray, list[int]]:
    """`parse_numbers` for trimmed fields, none of them empty and at least one."""
    first = buffer.take(starts)
    negative = first == ord("-")
    signed = negative | (first == ord("+"))
    digits = starts + signed if signed.any() else starts
    values, odd = _decimals(buffer, digits, ends, ord(decimal))
    if negative.any():
        np.negative(values, out=values, where=negative)
    missing = np.zeros(len(values), np.bool_)
    unreadable: list[int] = []
    if odd.any():
        where = np.flatnonzero(odd)
        values[where], strange = odd_numbers(buffer, text, starts[where], ends[where], decimal)
        unreadable = where[strange].tolist()
        missing[where] = ~np.isfinite(values[where])
        values[missing] = 0.0
    return values, missing, unreadable


def _trimmed(
    buffer: NDArray[np.uint8], starts: IntArray, ends: IntArray
) -> tuple[IntArray, IntArray]:
    """Fields without the blanks and carriage returns around them."""
    while True:
        blank = (buffer.take(starts, mode="clip") <= 32) & (starts < ends)
        if not blank.any():
            break
        starts = starts + blank
    while True:
        blank = (buffer.take(ends - 1) <= 32) & (starts < ends)
        if not blank.any():
            break
        ends = ends - blank
    return starts, ends


def _decimals(
    buffer: NDArray[np.uint8], starts: IntArray, ends: IntArray, point: int
) -> tuple[NDArray[np.float64], BoolArray]:
    """Values of unsigned decimals of at most 16 characters, and which fields are none."""
    lengths = ends - starts
    shortest, longest = int(lengths.min()), int(lengths.max())
    # Sixteen bytes up to each field's end, as two words: a view that starts at every byte.
    windows: NDArray[Any] = np.ndarray((len(buffer) - 15,), "V16", buffer, strides=(1,))
    words = windows[ends - 16].view(WORD)
    high = words[0::2] ^ ZEROS
    low = words[1::2] ^ ZEROS
    if shortest == longest and 1 < shortest <= 16:
        same = _alike_decimals(high, low, shortest, point)
        if same is not None:
            return same
    known = np.clip(lengths, 0, 17)
    if shortest < 16:
        high &= _MASKS[0].take(known)
    if shortest < 8:
        low &= _MASKS[1].take(known)
    values, odd = _any_decimals(high, low, point)
    if longest > 16:
        odd |= lengths > 16
    if shortest <= 1:
        # nothing but a sign, and a lone point
        odd |= lengths == 0
        odd |= (lengths == 1) & (buffer.take(ends - 1) == point)
    return values, odd


def _alike_decimals(
    high: Words, low: Words, length: int, point: int
) -> tuple[NDArray[np.float64], BoolArray] | None:
    """Values where all fields have the point at the same place in the earlier word; else None.

    The usual case, a recorder that writes ten decimals of numbers below ten.
    """
    sample = int(high[0]).to_bytes(8, "little")[max(16 - length, 0) :] if length > 8 else b""
    place = sample.find(point ^ 0x30)
    if place < 0:
        return None
    place += 16 - length
    mark = 0xFF << 8 * place
    high = high & _MASKS[0][length]
    high ^= np.uint64((point ^ 0x30) << 8 * place)
    # The point's byte is 0 now or it was no point: 0x7F sets the high bit of all but 0.
    check = high + np.uint64(int(NO_DIGIT) & ~mark | 0x7F << 8 * place)
    check |= high
    check |= low
    check |= low + NO_DIGIT
    check &= HIGH_BITS
    if check.any():
        return None
    before = high & np.uint64((1 << 8 * place) - 1)
    before *= np.uint64(255)
    high += before
    number = eight_digits(high)
    number *= np.uint64(10**8)
    number += eight_digits(low)
    # below 10**15, so signed and unsigned are the same and signed converts faster
    values = number.view(np.int64).astype(np.float64)
    values /= 10.0 ** (15 - place)
    return values, np.zeros(len(values), np.bool_)


def _any_decimals(high: Words, low: Words, point: int) -> tuple[NDArray[np.float64], BoolArray]:
    """Values where lengths and places of the point differ, and which fields are no decimals."""
    bad = high | low
    high, points_high, follow_high = without_point(high, point)
    low, points_low, follow_low = without_point(low, point)
    bad |= high + NO_DIGIT
    bad |= low + NO_DIGIT
    bad &= HIGH_BITS
    odd = bad != 0
    odd |= points_high + points_low > np.uint64(1)
    # a point in the later word leaves seven digits there
    number = eight_digits(high)
    number *= np.uint64(10**8) - points_low * np.uint64(9 * 10**7)
    number += eight_digits(low)
    odd |= number > _EXACT
    decimals = follow_high + follow_low
    decimals += points_high * _BYTE
    decimals[odd] = 0
    values = number.astype(np.float64)
    values /= _POWERS.take(decimals.view(np.int64))
    return values, odd
