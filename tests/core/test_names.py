# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that fit a datablock: cut in UTF-8, never merged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facemocap_addon.core.names import cut_bytes, unique_name


@given(st.text(max_size=120), st.integers(0, 80))
def test_cut_names_fit_and_begin_alike(name: str, limit: int) -> None:
    cut = cut_bytes(name, limit)
    assert len(cut.encode()) <= limit
    assert name.startswith(cut)
    # nothing more would have fitted
    rest = name[len(cut) :]
    assert not rest or len((cut + rest[0]).encode()) > limit


def test_names_that_fit_stay() -> None:
    assert cut_bytes("x" * 63, 63) == "x" * 63
    assert cut_bytes("あ" * 21, 63) == "あ" * 21
    assert cut_bytes("あ" * 22, 63) == "あ" * 21
    assert cut_bytes("a" + "あ" * 21, 63) == "a" + "あ" * 20


@pytest.mark.parametrize("name", ["hero take", "x" * 200, "あ" * 100, "", "a" * 62 + "é"])
@pytest.mark.parametrize("limit", [63, 255])
def test_many_of_one_name_stay_apart(name: str, limit: int) -> None:
    taken: set[str] = set()
    for _ in range(120):
        new = unique_name(name, limit, taken)
        assert new not in taken
        assert len(new.encode()) <= limit
        taken.add(new)


def test_the_counter_is_readable() -> None:
    assert unique_name("hero", 63, set()) == "hero"
    assert unique_name("hero", 63, {"hero"}) == "hero 2"
    assert unique_name("hero", 63, {"hero", "hero 2"}) == "hero 3"
    assert unique_name("h" * 70, 63, {"h" * 63}) == "h" * 61 + " 2"


def test_two_names_that_are_equal_once_cut() -> None:
    one, two = "x" * 63 + "one", "x" * 63 + "two"
    first = unique_name(one, 63, set())
    second = unique_name(two, 63, {first})
    assert first != second


def test_lone_surrogates_do_not_stop_it() -> None:
    assert unique_name("take \udcff", 63, set())
