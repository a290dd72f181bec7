# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand edits of single curves: found, laid onto other curves, kept as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from curve_oracle import BEZIER, CONSTANT, LINEAR, value_at, values_at
from hypothesis import example, given, settings
from hypothesis import strategies as st

from facemocap_addon.core.curves import HANDLE, KEY_TYPE, Curve
from facemocap_addon.core.hand_edits.finding import ADDED, CHANGED, DELETED, LEFT, MOVED, find_edits
from facemocap_addon.core.hand_edits.keys import Keys, curve_of, evaluate, keys_of, plain_keys
from facemocap_addon.core.hand_edits.merging import add_edits, add_numbers, keep_edits
from facemocap_addon.core.hand_edits.packing import edits_from_parts, edits_to_parts, pack, unpack

FREE, KEYFRAME = HANDLE["FREE"], KEY_TYPE["KEYFRAME"]


def machine_keys(seed: int, first: int = 1, count: int = 24, step: float = 1.0) -> Keys:
    rng = np.random.default_rng(seed)
    frames = (first + step * np.arange(count)).astype(np.float32)
    return plain_keys(frames, rng.normal(0, 0.4, count).astype(np.float32), LINEAR)


def edited(keys: Keys, seed: int, edits: int) -> Keys:
    """Keys after so many random edits by an artist who never leaves fewer than two."""
    rng = np.random.default_rng(seed)
    out = keys.copy()
    for _ in range(edits):
        row = int(rng.integers(len(out)))
        how = rng.choice(["move", "time", "delete", "add", "handle", "type", "stepped"])
        if how == "move":
            out["value"][row] += np.float32(rng.normal(0, 0.3))
        elif how == "time":
            out["frame"][row] += np.float32(rng.choice([0.3, -0.4, 2.25]))
        elif how == "delete" and len(out) > 3:
            out = np.delete(out, row)
        elif how == "add":
            frame = float(rng.uniform(out["frame"][0] - 5, out["frame"][-1] + 5))
            key = plain_keys(np.array([frame]), np.array([rng.normal()]), LINEAR)
            key["type"] = KEYFRAME
            out = np.concatenate([out, key])
        elif how == "handle":
            out["interpolation"][row] = BEZIER
            out["right_type"][row] = out["left_type"][row] = FREE
            out["right"][row] = out["frame"][row] + 0.4, out["value"][row] + rng.normal(0, 0.5)
            out["left"][row] = out["frame"][row] - 0.3, out["value"][row]
        elif how == "type":
            out["type"][row] = KEYFRAME
        else:
            out["interpolation"][row] = CONSTANT
        out = np.sort(out, order="frame")
        # as Blender does with keys on one place
        out = out[np.append(np.diff(out["frame"]) > 0.011, True)]
    return out


def one(result: Any) -> Keys:
    assert len(result) == 1
    return result[0]


def at(keys: Keys, frames: Any) -> np.ndarray:
    return np.array(values_at(keys, frames))


SEEDS = st.integers(0, 10**6)


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.integers(2, 12))
def test_curves_are_what_an_independent_evaluator_says(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    keys = machine_keys(seed, 0, count, 3.0)
    keys["interpolation"] = rng.choice([CONSTANT, LINEAR, BEZIER], count)
    for side, sign in (("left", -1), ("right", 1)):
        keys[side][:, 0] = keys["frame"] + sign * rng.uniform(0, 5, count)
        keys[side][:, 1] += rng.normal(0, 1, count).astype(np.float32)
    frames = np.concatenate([rng.uniform(-3, 3.0 * count, 30), keys["frame"]])
    np.testing.assert_allclose(evaluate(keys, frames), at(keys, frames), atol=1e-7)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 8))
def test_on_the_same_curve_edits_give_back_what_was_found(seed: int, count: int) -> None:
    machine = machine_keys(seed)
    found = edited(machine, seed + 1, count)
    edits = find_edits((found,), (machine,), (machine,))
    out = one(add_edits((machine,), edits, add_numbers))
    frames = np.union1d(machine["frame"], found["frame"])
    np.testing.assert_allclose(at(out, frames), at(found, frames), atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(
    SEEDS,
    st.integers(1, 8),
    st.sampled_from([(1, 24, 1.0), (5, 12, 1.0), (-10, 60, 1.0), (1, 40, 0.7), (30, 5, 1.0)]),
)
def test_on_another_curve_every_key_has_the_new_value_plus_the_edit(
    seed: int, count: int, grid: tuple[int, int, float]
) -> None:
    machine = machine_keys(seed)
    found = edited(machine, seed + 1, count)
    new = machine_keys(seed + 2, *grid)
    edits = find_edits((found,), (machine,), (machine,))
    out = one(add_edits((new,), edits, add_numbers))
    assert (np.diff(out["frame"]) > 0.0099).all()

    spans = [(edit.first, edit.last) for edit in edits]
    every = np.union1d(machine["frame"], found["frame"])
    inside = np.array([any(a <= f <= b for a, b in spans) for f in every])
    np.testing.assert_array_equal(at(machine, every[~inside]), at(found, every[~inside]))
    wanted = at(new, every) + at(found, every) - at(machine, every)
    # where two keys would lie on one place it is the artist's that stays
    apart = np.array([np.abs(out["frame"] - f).min() == 0 for f in every])
    np.testing.assert_allclose(at(out, every)[inside & apart], wanted[inside & apart], atol=1e-5)
    for edit in edits:
        for frame, kind in edit.marks[0].tolist():
            if kind in (ADDED, CHANGED, MOVED):
                key = out[out["frame"] == np.float32(frame)]
                mine = found[found["frame"] == np.float32(frame)]
                assert len(key) == 1
                assert key["type"] == mine["type"]
                assert key["left_type"] == mine["left_type"]
    # nothing else moved
    rest = [k for k in new if not any(a - 0.02 <= k["frame"] <= b + 0.02 for a, b in spans)]
    for key in rest:
        assert (out[out["frame"] == key["frame"]] == key).all()


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.integers(1, 6), st.sampled_from([(1, 24, 1.0), (5, 12, 1.0), (-3, 60, 0.7)]))
@example(seed=107, count=3, grid=(-3, 60, 0.7))  # the first key deleted, the new curve longer
def test_kept_as_it_is_the_curve_is_the_artists_within_the_spans(
    seed: int, count: int, grid: tuple[int, int, float]
) -> None:
    machine, new = machine_keys(seed), machine_keys(seed + 2, *grid)
    found = edited(machine, seed + 1, count)
    edits = find_edits((found,), (machine,), (machine,))
    curves, told = keep_edits((new,), edits)
    out = one(curves)
    for edit in told:
        within = np.linspace(edit.first, edit.last, 40)
        np.testing.assert_allclose(at(out, within), at(found, within), atol=1e-7)
        mine = found[(found["frame"] >= edit.first) & (found["frame"] <= edit.last)]
        assert out[np.isin(out["frame"], mine["frame"])].tobytes() == mine.tobytes()
    # added from now on, nothing changes as long as the program's curve does not
    again = one(add_edits((new,), told, add_numbers))
    np.testing.assert_allclose(at(again, out["frame"]), out["value"], atol=1e-6)


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.lists(st.integers(0, 3), min_size=2, max_size=6))
def test_edits_add_up_over_many_runs(seed: int, rounds: list[int]) -> None:
    machine = machine_keys(seed)
    written, edits = machine, ()
    wanted: dict[float, float] = {}
    for number, count in enumerate(rounds):
        found = edited(written, seed + number, count)
        known = edits
        edits = find_edits((found,), (written,), (machine,), known)
        if np.array_equal(found, written):
            assert edits == known
        else:
            wanted = {
                frame: value_at(found, frame) - value_at(machine, frame)
                for edit in edits
                for frame in edit.marks[0]["frame"].tolist()
            }
        machine = machine_keys(seed + 100 + number)
        written = one(add_edits((machine,), edits, add_numbers))
        for frame, delta in wanted.items():
            if (written["frame"] == np.float32(frame)).any():
                assert value_at(written, frame) - value_at(machine, frame) == pytest.approx(
                    delta, abs=1e-5
                )


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.integers(0, 6))
def test_packed_and_unpacked_bit_for_bit(seed: int, count: int) -> None:
    machine = machine_keys(seed)
    found = edited(machine, seed, count)
    edits = find_edits((found,), (machine,), (machine,))
    arrays: list[Any] = [found]
    parts = edits_to_parts(edits, arrays)
    document, back = unpack(pack({"parts": parts, "name": "ä\0"}, arrays))
    assert document["name"] == "ä\0"
    assert back[0].tobytes() == found.tobytes()
    for edit, same in zip(edits, edits_from_parts(document["parts"], back), strict=True):
        assert (same.first, same.last) == (edit.first, edit.last)
        for name in ("found", "base", "marks"):
            one_of, other = getattr(edit, name), getattr(same, name)
            assert [a.tobytes() for a in one_of] == [a.tobytes() for a in other]


def test_damaged_bytes_are_refused() -> None:
    data = pack([], [machine_keys(1)])
    for bad in (b"", b"abc", data[:-5], pack([], [])[3:]):
        with pytest.raises(ValueError, match="packed"):
            unpack(bad)


def _changed(change: Callable[[Keys], Keys]) -> list[tuple[float, int]]:
    machine = machine_keys(3)
    edits = find_edits((change(machine.copy()),), (machine,), (machine,))
    return [tuple(mark) for edit in edits for mark in edit.marks[0].tolist()]


def test_each_kind_of_edit_is_told() -> None:
    def put(row: int, name: str, value: Any) -> Callable[[Keys], Keys]:
        def change(keys: Keys) -> Keys:
            keys[name][row] = value
            return keys

        return change

    assert _changed(lambda keys: keys) == []
    assert _changed(put(4, "value", 9)) == [(5.0, CHANGED)]
    assert _changed(put(4, "type", KEYFRAME)) == [(5.0, CHANGED)]
    assert _changed(put(4, "right_type", FREE)) == [(5.0, CHANGED)]
    assert _changed(put(4, "interpolation", BEZIER)) == [(5.0, CHANGED)]
    # an automatic handle is Blender's to compute
    assert _changed(put(4, "right", 9)) == []
    assert _changed(lambda keys: np.delete(keys, 4)) == [(5.0, DELETED)]
    assert _changed(put(4, "frame", 5.5)) == [(5.0, LEFT), (5.5, MOVED)]
    extra = plain_keys(np.array([7.5]), np.array([0.0]), LINEAR)
    assert _changed(lambda keys: np.sort(np.append(keys, extra), order="frame")) == [(7.5, ADDED)]


def test_an_edit_reaches_from_untouched_key_to_untouched_key() -> None:
    machine = machine_keys(5)
    found = machine.copy()
    found["value"][[4, 5, 10]] += 1
    found = np.delete(found, 15)
    edits = find_edits((found,), (machine,), (machine,))
    assert [(e.first, e.last) for e in edits] == [(4, 7), (10, 12), (15, 17)]
    assert [e.edited_keys for e in edits] == [2, 1, 1]
    # the first and the last key have no neighbour beyond
    found["value"][[0, -1]] += 1
    edits = find_edits((found,), (machine,), (machine,))
    assert [(e.first, e.last) for e in edits] == [(1, 2), (4, 7), (10, 12), (15, 17), (23, 24)]


def test_what_the_artist_takes_back_is_no_edit() -> None:
    machine = machine_keys(6)
    found = machine.copy()
    found["value"][4] += 1
    edits = find_edits((found,), (machine,), (machine,))
    written = one(add_edits((machine,), edits, add_numbers))
    assert find_edits((machine,), (written,), (machine,), edits) == ()
    # nor is a key that the artist added and deleted again
    added = np.sort(
        np.append(machine, plain_keys(np.array([7.5]), np.ones(1), LINEAR)), order="frame"
    )
    edits = find_edits((added,), (machine,), (machine,))
    assert len(edits) == 1
    assert find_edits((machine,), (added,), (machine,), edits) == ()


def test_handles_lean_with_the_curve_beneath() -> None:
    """A Bezier segment over a straight change is exactly the segment plus the change."""
    frames, flat = np.array([0.0, 10.0, 20.0]), np.zeros(3)
    machine = plain_keys(frames, flat, LINEAR)
    found = machine.copy()
    found["interpolation"][:2] = BEZIER
    found["left_type"], found["right_type"] = FREE, FREE
    found["right"] = np.stack([frames + 4, np.array([2.0, -1.0, 0.0])], axis=1)
    found["left"] = np.stack([frames - 3, np.array([0.0, 1.5, -0.5])], axis=1)
    edits = find_edits((found,), (machine,), (machine,))
    new = plain_keys(frames, np.array([1.0, 3.0, -2.0]), LINEAR)
    out = one(add_edits((new,), edits, add_numbers))
    places = np.linspace(0, 20, 81)
    np.testing.assert_allclose(at(out, places), at(found, places) + at(new, places), atol=1e-5)


def test_keys_and_curves_are_one_thing() -> None:
    found = edited(machine_keys(8), 9, 9)
    assert keys_of(curve_of(found, "a", 2, "g")).tobytes() == found.tobytes()
    curve = Curve("a", 2, np.arange(3.0), np.arange(3.0), interpolation=2)
    keys = keys_of(curve)
    assert set(keys["left_type"].tolist()) == {HANDLE["AUTO_CLAMPED"]}
    assert set(keys["type"].tolist()) == {KEY_TYPE["GENERATED"]}
    assert keys["interpolation"].tolist() == [2, 2, 2]
