# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers out of text: bit for bit what float() gives, whatever the text looks like."""

from __future__ import annotations

import io
import math
import random
import struct
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from facemocap_addon.core.formats import delimited
from facemocap_addon.core.formats.delimited import find_layout, plain_text, read_cells
from facemocap_addon.core.formats.digits import PAD, parse_numbers


def parse(fields: list[str], decimal: str = ".", *, trim: bool = True):
    """Parse fields joined by commas-that-are-not-decimals."""
    ends, text = [], " " * PAD
    starts = []
    for field in fields:
        starts.append(len(text))
        text += field
        ends.append(len(text))
        text += "|"
    return parse_numbers(
        text.encode("latin-1"), np.array(starts, int), np.array(ends, int), decimal, trim=trim
    )


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def assert_like_float(fields: list[str]) -> None:
    values, missing, unreadable = parse(fields)
    for index, field in enumerate(fields):
        try:
            expected = float(field)
        except ValueError:
            expected = math.nan
        if math.isfinite(expected) and "_" not in field:
            assert not missing[index], field
            assert bits(values[index]) == bits(expected), field
        else:
            assert missing[index], field
            assert values[index] == 0.0
    assert all(missing[index] for index in unreadable)


digits_text = st.text("0123456789", min_size=0, max_size=20)
decimal_text = st.builds(
    lambda sign, whole, point, part: sign + whole + point + part,
    st.sampled_from(["", "-", "+"]),
    digits_text,
    st.sampled_from(["", "."]),
    digits_text,
)
number_text = st.one_of(
    decimal_text,
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.floats(-2, 2, width=32).map(lambda v: f"{v:.10f}"),
    st.floats(-2, 2).map(lambda v: f"{v:.6g}"),
    st.text("0123456789.-+eE ,_:/x", max_size=19),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(number_text, min_size=1, max_size=40))
@example(["", "-", "+", ".", "-.", "5.", ".5", "-.5", "1.2.3", "--5", "1 2", "1_0", "0x10", ":"])
@example(["9007199254740992", "9007199254740993", "9999999999999999", "12345678901234567"])
@example(["0.1234567890"] * 3 + ["-0.0000000000"])
def test_equals_float_bit_for_bit(fields: list[str]) -> None:
    assert_like_float(fields)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 15),
    st.integers(0, 15),
    st.data(),
)
def test_equals_float_where_all_fields_are_alike(whole: int, part: int, data: st.DataObject):
    # one layout for the whole column takes the short way through the arithmetic
    cell = st.builds(
        lambda sign, a, b: f"{sign}{a:0{whole}d}.{b:0{part}d}" if whole else f"{sign}.{b:0{part}d}",
        st.sampled_from(["", "-"]),
        st.integers(0, 10 ** max(whole, 1) - 1),
        st.integers(0, 10 ** max(part, 1) - 1),
    )
    assert_like_float(data.draw(st.lists(cell, min_size=1, max_size=20)))


def test_every_character_in_every_place_of_a_number():
    # a character that slipped through as a digit would show in one of these
    for place in range(12):
        good = "0.1234567891"
        fields = [good[:place] + chr(code) + good[place + 1 :] for code in range(33, 127)]
        assert_like_float([field for field in fields if "|" not in field])
        for field in fields[::7]:
            assert_like_float([field] * 3)


@pytest.mark.parametrize("form", ["{!r}", "{:.17g}", "{:.18f}", "{:.12e}", "{:.3E}"])
def test_long_numbers_and_exponents_equal_float_bit_for_bit(form: str):
    rng = random.Random(form)
    numbers = (rng.choice((1, -1)) * rng.random() * 10 ** rng.randint(-12, 3) for _ in range(3000))
    assert_like_float([form.format(number) for number in numbers])


def test_numbers_near_the_middle_of_two_others_equal_float():
    rng = random.Random(5)
    fields: list[str] = []
    for _ in range(2000):
        low = rng.random() * 8
        middle = (Decimal(low) + Decimal(math.nextafter(low, 9.0))) / 2
        fields.append(str(middle.quantize(Decimal(1).scaleb(-18))))
        # exactly in the middle, which goes to the even one
        fields.append(str(2 * rng.getrandbits(53) + 2**53 + 1))
    assert_like_float(fields)


def test_words_that_fill_a_table_are_looked_up_together():
    words = ["NA", "nan", "1e-05", "what", "#DIV/0!", "-0.5"]
    fields = [words[k % len(words)] for k in range(3000)]
    values, missing, unreadable = parse(fields)
    assert missing.tolist() == [True, True, False, True, True, False] * 500
    assert unreadable == [*range(3, 3000, 6)]
    assert values[2::6].tolist() == [1e-05] * 500
    assert values[5::6].tolist() == [-0.5] * 500


def test_decimal_comma_gives_the_same_bits():
    rng = random.Random(4)
    texts = [f"{rng.uniform(-3, 3):.{rng.randrange(12)}f}" for _ in range(500)]
    expected, *_ = parse(texts)
    found, missing, _ = parse([text.replace(".", ",") for text in texts], ",")
    assert found.tobytes() == expected.tobytes()
    assert not missing.any()


def test_missing_words_are_missing_and_other_words_are_reported():
    words = ["NA", "NaN", "nan(ind)", "-nan(ind)", "", "  ", "inf", "null", "#N/A", "1e999"]
    values, missing, unreadable = parse([*words, "abc", "0.5"])
    assert missing.tolist() == [True] * 11 + [False]
    assert unreadable == [10]
    assert values[-1] == 0.5


def table(rows: list[str]) -> bytes:
    return ("a,b,c\n" + "\n".join(rows) + "\n").encode()


def test_rows_short_long_and_blank():
    text = table(["1,2,3", "4", "", "5,6", "  ", ",,", "7,8,9,10", "x,,-1"])
    cells = read_cells(text, find_layout(text), (0, 1, 2), (0,))
    assert cells.numbers.tolist() == [[1, 2, 3], [4, 0, 0], [5, 6, 0], [7, 8, 9], [0, 0, -1]]
    assert cells.missing.tolist() == [
        [False] * 3,
        [False, True, True],
        [False, False, True],
        [False] * 3,
        [True, True, False],
    ]
    assert cells.counts.tolist() == [3, 1, 2, 4, 3]
    assert cells.lines.tolist() == [2, 3, 5, 8, 9]
    assert cells.texts[0].tolist() == [b"1", b"4", b"5", b"7", b"x"]
    assert cells.unreadable == {0: (9, "x")}
    assert cells.unreadable_counts.tolist() == [1, 0, 0]
    assert cells.ended


@pytest.mark.parametrize("piece_bytes", [1, 7, 64, 1 << 19])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r\r\n"])
def test_pieces_and_line_ends_make_no_difference(
    piece_bytes: int, ending: str, monkeypatch: pytest.MonkeyPatch
):
    rng = random.Random(1)
    rows = [
        ["01:02", *(f"{rng.gauss(0, 3):.{rng.randrange(9)}f}" for _ in range(rng.randrange(6)))]
        for _ in range(60)
    ]
    text = ending.join(["t,a,b,c,d,e", *(",".join(row) for row in rows)]).encode()
    monkeypatch.setattr(delimited, "PIECE_BYTES", piece_bytes)
    cells = read_cells(text, find_layout(text), range(1, 6), (0,), np.float64)
    assert len(cells.counts) == len(rows)
    assert not cells.ended
    for row, numbers, missing in zip(rows, cells.numbers, cells.missing, strict=True):
        expected = [float(cell) for cell in row[1:]]
        assert numbers[: len(expected)].tolist() == expected
        assert missing.tolist() == [False] * len(expected) + [True] * (5 - len(expected))
    assert set(cells.texts[0].tolist()) == {b"01:02"}


def test_agrees_with_numpy_on_a_large_table():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(3000, 40)) * 10.0 ** rng.integers(-6, 6, size=(3000, 40))
    for form in ("%.10f", "%.3f", "%g", "%r"):
        out = io.StringIO()
        out.write(",".join(f"c{column}" for column in range(40)) + "\n")
        for row in values.tolist():
            out.write(",".join(form % value for value in row) + "\n")
        text = out.getvalue().encode()
        expected = np.loadtxt(io.BytesIO(text), delimiter=",", skiprows=1)
        layout = find_layout(text)
        found = read_cells(text, layout, range(40), dtype=np.float64)
        assert found.numbers.tobytes() == expected.tobytes()
        assert not found.missing.any()
        single = read_cells(text, layout, range(40))
        assert single.numbers.tobytes() == expected.astype(np.float32).tobytes()


def test_too_large_for_float32_is_missing():
    text = table(["1e39,-1e300,0.5"])
    cells = read_cells(text, find_layout(text), (0, 1, 2))
    assert cells.missing.tolist() == [[True, True, False]]
    assert cells.numbers.tolist() == [[0, 0, 0.5]]


@pytest.mark.parametrize(
    ("raw", "delimiter", "decimal"),
    [
        (b"a,b,c\n1,2.5,3\n", ",", "."),
        (b"\xef\xbb\xbfa;b;c\r\n1;2,5;3\r\n", ";", ","),
        (b"a\tb\tc\n1\t2.5\t3\n", "\t", "."),
        (b"a;b;c\r1;2.5;3\r", ";", "."),
        ("a,b,c\n1,2.5,3\n".encode("utf-16"), ",", "."),
        (b'"a","b","c"\n1,"2,5","3"\n', "\x1f", ","),
        (b" a , b , c \n 1 , 2.5 , 3 \n", ",", "."),
    ],
)
def test_dialects(raw: bytes, delimiter: str, decimal: str):
    text = plain_text(raw)
    layout = find_layout(text)
    assert (layout.delimiter, layout.decimal, layout.header) == (
        delimiter,
        decimal,
        ("a", "b", "c"),
    )
    cells = read_cells(text, layout, (0, 1, 2))
    assert cells.numbers.tolist() == [[1, 2.5, 3]]
    assert not cells.missing.any()


def test_plain_text_is_not_copied():
    text = table(["1,2,3"])
    assert plain_text(text) is text


def test_columns_in_any_order_and_not_all():
    text = table([f"{row},{row + 0.5},{row + 0.25}" for row in range(50)])
    cells = read_cells(text, find_layout(text), (2, 0))
    assert all(first == second + 0.25 for first, second in cells.numbers.tolist())
    assert all(b[1] == a[1] + 1 for a, b in pairwise(cells.numbers.tolist()))
