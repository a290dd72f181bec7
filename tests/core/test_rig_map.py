# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig maps as files: round trips, edits by hand, and errors that name the entry."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facemocap_addon.core.controls import BONE, PROPERTY, SHAPE_KEY, ControlKey
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.rig_maps.rig_map import (
    RigMap,
    RigMapEntry,
    Source,
    read_rig_map,
    rig_map_from_json,
    write_rig_map,
)

FINITE = st.floats(-1e6, 1e6)
NAMES = st.text(max_size=12)


@st.composite
def responses(draw: st.DrawFn) -> tuple[tuple[float, float], ...]:
    """No curve, or points that a curve can go through."""
    ins = draw(st.lists(st.integers(-1000, 1000), unique=True, max_size=5))
    outs = st.floats(-10, 10)
    return tuple((n / 8, draw(outs)) for n in sorted(ins)) if len(ins) > 1 else ()


@st.composite
def entries(draw: st.DrawFn) -> RigMapEntry:
    kind = draw(st.sampled_from([SHAPE_KEY, BONE, PROPERTY]))
    index = draw(st.integers(0, 2)) if kind == BONE else 0
    low, high = sorted([draw(FINITE), draw(FINITE)])
    return RigMapEntry(
        ControlKey(kind, draw(NAMES), draw(NAMES), index),
        tuple(
            Source(name, gain)
            for name, gain in draw(st.lists(st.tuples(NAMES, FINITE), max_size=3))
        ),
        offset=draw(FINITE),
        limits=(low, high),
        confidence=draw(st.floats(0, 1)),
        how=draw(st.sampled_from(["name", "probe", "hand"])),
        response=draw(responses()),
    )


@given(
    st.lists(entries(), max_size=4, unique_by=lambda e: e.control),
    st.lists(NAMES, max_size=3),
    NAMES,
)
def test_json_and_back(parts: list[RigMapEntry], unmatched: list[str], rig: str) -> None:
    rig_map = RigMap(rig, tuple(parts), tuple(unmatched), tuple(reversed(unmatched)))
    text = json.dumps(rig_map.to_json(), ensure_ascii=False, allow_nan=False)
    assert rig_map_from_json(json.loads(text), "map.json") == rig_map


def document(**entry: Any) -> dict[str, Any]:
    whole = {
        "control": {"kind": "shape_key", "owner": "head", "path": 'key_blocks["jawOpen"].value'},
        "sources": [{"channel": "jawOpen"}],
        "limits": [0, 1],
    }
    whole.update(entry)
    return {"schema": 1, "rig": "hero", "entries": [_good(), whole]}


def _good() -> dict[str, Any]:
    return {
        "control": {"kind": "shape_key", "owner": "head", "path": "other", "index": 0},
        "sources": [{"channel": "mouthClose", "gain": 0.5}],
        "offset": 0.1,
        "limits": [0.0, 1.0],
        "confidence": 1.0,
        "how": "hand",
    }


def test_a_file_written_by_hand_needs_little(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    # as an editor on another system saves it
    path.write_bytes(
        b"\xef\xbb\xbf" + json.dumps(document(), indent=4).replace("\n", "\r\n").encode()
    )
    rig_map = read_rig_map(path)
    assert rig_map.entries[1] == RigMapEntry(
        ControlKey(SHAPE_KEY, "head", 'key_blocks["jawOpen"].value', 0),
        (Source("jawOpen", 1.0),),
        how="hand",
    )


def test_edits_by_hand_arrive(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    write_rig_map(rig_map_from_json(document(), "x"), path)
    data = json.loads(path.read_text(encoding="utf-8"))
    data["entries"][1]["sources"] = [
        {"channel": "jawOpen", "gain": 0.7},
        {"channel": "mouthClose", "gain": -0.7},
    ]
    data["entries"][1].update(offset=0.05, limits=[-0.5, 2], how="hand")
    path.write_text(json.dumps(data), encoding="utf-8")
    edited = read_rig_map(path).entries[1]
    assert edited.sources == (Source("jawOpen", 0.7), Source("mouthClose", -0.7))
    assert (edited.offset, edited.limits, edited.how) == (0.05, (-0.5, 2.0), "hand")


def test_written_files_are_readable_and_equal(tmp_path: Path) -> None:
    rig_map = rig_map_from_json(document(), "x")
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    write_rig_map(rig_map, one)
    write_rig_map(read_rig_map(one), two)
    assert one.read_bytes() == two.read_bytes()
    assert one.read_text(encoding="utf-8").count("\n") > 20
    names = document(control={"kind": "property", "owner": "まばたき", "path": '["笑い"]'})
    write_rig_map(rig_map_from_json(names, "x"), one)
    assert "まばたき" in one.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ({"control": {"kind": "shape", "owner": "a", "path": "b"}}, "kind"),
        ({"control": {"owner": "a", "path": "b"}}, "kind"),
        ({"control": {"kind": "bone", "path": "b"}}, "owner"),
        ({"control": None}, ""),
        ({"control": "jawOpen"}, ""),
        ({"control": {"kind": "bone", "owner": "a", "path": "b", "index": 3}}, "index"),
        ({"control": {"kind": "bone", "owner": "a", "path": "b", "index": -1}}, "index"),
        ({"control": {"kind": "shape_key", "owner": "a", "path": "b", "index": 1}}, "index"),
        ({"control": {"kind": "bone", "owner": "a", "path": "b", "index": "x"}}, ""),
        ({"sources": [{"gain": 1.0}]}, "channel"),
        ({"sources": [{"channel": "jawOpen", "gain": "much"}]}, "much"),
        ({"sources": [{"channel": "jawOpen", "gain": float("nan")}]}, "finite"),
        ({"sources": [{"channel": "jawOpen", "gain": float("inf")}]}, "finite"),
        ({"sources": [{"channel": "jawOpen", "gain": 10**400}]}, ""),
        ({"sources": ["jawOpen"]}, ""),
        ({"sources": None}, ""),
        ({"sources": 3}, ""),
        ({"limits": [1, 0]}, "limits"),
        ({"limits": [0]}, ""),
        ({"limits": [0, 1, 2]}, ""),
        ({"limits": None}, ""),
        ({"limits": [float("nan"), 1]}, "finite"),
        ({"offset": float("nan")}, "finite"),
        ({"offset": None}, ""),
        ({"confidence": "high"}, "high"),
        ({"how": "guess"}, "guess"),
        ({"response": [[0, 0]]}, "at least two"),
        ({"response": [[0, 0], [0, 1]]}, "rise"),
        ({"response": [[0, 0], [0.5, 1], [0.4, 1]]}, "0.5 then 0.4"),
        ({"response": [[0, 0], [1e-9, 1]]}, "rise"),
        ({"response": [[0, 0], [1e-5, 100]]}, "steep"),
        ({"response": [[0, 0], [1, float("nan")]]}, "finite"),
        ({"response": [[0, 0], [float("inf"), 1]]}, "finite"),
        ({"response": [[0, 0], [1, "much"]]}, "much"),
        ({"response": [[0, 0], [1]]}, "points"),
        ({"response": [[0, 0], [1, 1, 1]]}, "points"),
        ({"response": [[0, 0], "11"]}, "points"),
        ({"response": [0, 1]}, "points"),
        ({"response": {"0": 0, "1": 1}}, "points"),
        ({"response": 3}, ""),
        ({"response": None}, ""),
    ],
)
def test_errors_name_the_entry(entry: dict[str, Any], word: str) -> None:
    with pytest.raises(FacemocapError, match="Entry 2 of") as caught:
        rig_map_from_json(document(**entry), "hero.json")
    assert "hero.json" in str(caught.value)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        None, [], 3, "map", {}, {"schema": 1}, {"entries": []}, {"schema": 1, "entries": None},
        {"schema": 1, "entries": 3}, {"schema": 1, "entries": {"a": 1}},
        {"schema": 1, "entries": "text"}, {"schema": 2, "entries": []},
        {"schema": "1", "entries": []}, {"schema": None, "entries": []},
        {"schema": 1, "entries": [None]}, {"schema": 1, "entries": [[]]},
        {"schema": 1, "entries": [], "unmatched_channels": 3},
        {"schema": 1, "entries": [], "unmatched_controls": None},
        {"schema": 1, "entries": [_good(), _good()]},
    ],
)  # fmt: skip
def test_documents_that_are_no_map(data: Any) -> None:
    with pytest.raises(FacemocapError, match=r"hero\.json") as caught:
        rig_map_from_json(data, "hero.json")
    assert "\n" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["control", "sources", "limits", "kind", "owner", "path", "channel"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_document_gets_past_as_something_else(data: Any) -> None:
    """Whatever the JSON holds: a map, or a sentence."""
    for whole in (data, {"schema": 1, "entries": data}, {"schema": 1, "entries": [data]}):
        with contextlib.suppress(FacemocapError):
            rig_map_from_json(whole, "hero.json")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe{}", b"<!DOCTYPE html>", b"[" * 100_000, b'{"schema": 1, "entries": [}'],
)
def test_files_that_are_no_json(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_bytes(content)
    with pytest.raises(FacemocapError, match=r"map\.json"):
        read_rig_map(path)


def test_a_response_is_written_only_where_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    bent = rig_map_from_json(document(response=[[0, 0], [0.5, 0.3], [1, 1]]), "x")
    assert bent.entries[1].response == ((0.0, 0.0), (0.5, 0.3), (1.0, 1.0))
    write_rig_map(bent, path)
    written = json.loads(path.read_text(encoding="utf-8"))["entries"]
    assert "response" not in written[0]
    assert written[1]["response"] == [[0.0, 0.0], [0.5, 0.3], [1.0, 1.0]]
    assert read_rig_map(path) == bent


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(FacemocapError, match="does not exist"):
        read_rig_map(tmp_path / "none.json")
    with pytest.raises(FacemocapError, match="folder"):
        read_rig_map(tmp_path)
    with pytest.raises(FacemocapError, match="cannot be written"):
        write_rig_map(RigMap("", ()), tmp_path / "no folder" / "map.json")


def test_entries_are_replaced_by_control() -> None:
    one = RigMapEntry(ControlKey(SHAPE_KEY, "a", "b"), (Source("jawOpen"),))
    two = RigMapEntry(ControlKey(SHAPE_KEY, "a", "b"), (Source("mouthClose", 0.5),))
    rig_map = RigMap("", (one,)).with_entry(two)
    assert rig_map.entries == (two,)
    assert rig_map.channels == ("mouthClose",)
    assert rig_map.without(two.control).entries == ()
