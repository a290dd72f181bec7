# SPDX-License-Identifier: GPL-3.0-or-later
"""Eight digits of text as one 64-bit integer: the arithmetic that `digits` stands on.

Exclusive-or with ``"00000000"`` turns digits into the bytes 0 to 9, and three multiplications add
the eight bytes of a word up as a decimal number: the pairs first, then fours, then eight. The
method is known as SWAR, "SIMD within a register".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray

Words = NDArray[np.uint64]

WORD = np.dtype("<u8")
ZEROS = np.uint64(0x3030303030303030)
HIGH_BITS = np.uint64(0x8080808080808080)
#: Added to a byte below 0x80 it sets the high bit of 10 and more: of what was no digit.
NO_DIGIT = np.uint64(0x7676767676767676)
_LOW_BITS = np.uint64(0x0101010101010101)
_NO_ZERO = np.uint64(0x7F7F7F7F7F7F7F7F)
#: Byte j is j: multiplied by 256**p and cut to its highest byte it says how many follow byte p.
_FOLLOWING = np.uint64(0x0706050403020100)
_TOP = np.uint64(56)


def without_point(word: Words, point: int) -> tuple[Words, Words, Words]:
    """The word with its point taken out, how many points it had, how many characters follow."""
    marks = word ^ np.uint64((point ^ 0x30) * int(_LOW_BITS))
    marks += _NO_ZERO
    np.invert(marks, out=marks)
    marks &= HIGH_BITS
    marks >>= np.uint64(7)
    points = (marks * _LOW_BITS) >> _TOP
    follow = (marks * _FOLLOWING) >> _TOP
    digits = word ^ (marks * np.uint64(point ^ 0x30))
    marks -= points
    marks &= digits
    marks *= np.uint64(255)
    digits += marks
    return digits, points, follow


def no_digits(word: Words, digits: Words) -> BoolArray:
    """Which words hold anything but digits; ``digits`` is the word without its point."""
    bad = digits + NO_DIGIT
    bad |= word
    bad &= HIGH_BITS
    return bad != 0


def eight_digits(word: Words) -> Words:
    """The decimal number of eight bytes 0 to 9, the first byte the highest digit; in place."""
    word *= np.uint64(10 * 256 + 1)
    word >>= np.uint64(8)
    word &= np.uint64(0x00FF00FF00FF00FF)
    word *= np.uint64(100 * 2**16 + 1)
    word >>= np.uint64(16)
    word &= np.uint64(0x0000FFFF0000FFFF)
    word *= np.uint64(10_000 * 2**32 + 1)
    word >>= np.uint64(32)
    return word
