# SPDX-License-Identifier: GPL-3.0-or-later
"""Take comp: bits of the takes outside the seams, bends within bounds inside, recipes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_names, arkit_schema
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_comp import (
    Member,
    Recipe,
    Stretch,
    compose,
    read_recipe,
    recipe_from_json,
    recipe_of,
)
from facemocap_addon.core.take_file import read_take_file, write_take_file

NAMES = ("jawOpen", "mouthClose", "mouthSmileLeft", "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp")
MOUTH = ("mouth", "jaw")


def acted(seed: int, seconds: float = 12.0, rate: int = 60, blinks: Any = ()) -> Take:
    """A take of slow noise, and blinks at given seconds."""
    times = np.arange(round(seconds * rate) + 1) / rate
    rng = np.random.default_rng(seed)
    columns: list[Any] = []
    for name in NAMES:
        phases = rng.uniform(0, 6.28, 5)
        wave = sum(np.sin(2 * np.pi * (0.2 + 0.35 * k) * times + phases[k]) for k in range(5))
        column = 0.25 + 0.04 * wave
        if "Blink" in name:
            column = 0.05 + sum(0.85 * np.exp(-(((times - at) / 0.05) ** 2)) for at in blinks)
        columns.append(column + rng.normal(0, 0.0005, len(times)))
    channels = [arkit_schema()[name] for name in NAMES]
    return make_take(times, channels, np.stack(columns, axis=1), rate=rate, name=f"take{seed}")


def recipe(*stretches: Stretch, **given: Any) -> Recipe:
    members = {"a": Member(), "b": Member(), **given.pop("takes", {})}
    return Recipe("a", members, stretches, **given)


def second_difference(values: Any) -> Any:
    return np.abs(np.diff(values.astype(np.float64), 2, axis=0))


def check_seams(composed: Any, takes: dict[str, Take], asked: Recipe) -> None:
    """Every sample is of one take to the bit, or in a seam that bends no more than they do."""
    base, out = takes[asked.base], composed.take
    for column, name in enumerate(out.names):
        if not out.has(name):
            continue
        ours = out.values[:, column]
        found = np.zeros(len(ours), np.bool_)
        for take in takes.values():
            if take.has(name):
                own = take.values[:, take.column(name)]
                # where one of them dropped samples, others stand beside
                for lag in range(-3, 4):
                    found |= (ours == np.roll(own, lag)) & (np.arange(len(ours)) - lag >= 0)
        for seam in composed.seams:
            found[seam.first + 1 : seam.last] = True
        assert found.all(), name
    for seam in composed.seams:
        at = int(np.searchsorted(base.times - base.times[0], seam.asked_s))
        reach = round(5.0 * base.rate_hz)
        around = slice(max(at - reach, 0), at + reach + 1)
        other = takes[asked.stretches[seam.stretch].take]
        for name in out.names:
            if name in seam.over or not other.has(name):
                continue
            each = [base.column(name), other.column(name)]
            pair = list(zip((base, other), each, strict=True))
            known = np.all([take.valid[around, place] for take, place in pair], axis=0)
            whole = known[2:] & known[1:-1] & known[:-2]
            both = [second_difference(take.values[around, place])[whole] for take, place in pair]
            most = np.percentile(np.concatenate(both), 99)
            column = out.values[:, out.column(name)]
            lags = [np.roll(other.values[:, other.column(name)], lag) for lag in range(-3, 4)]
            owned = np.any([column == own for own in lags], axis=0)
            owned |= column == base.values[:, base.column(name)]
            mixed = np.flatnonzero(~owned[seam.first : seam.last + 1]) + seam.first
            if not len(mixed):
                continue
            bend = second_difference(column[mixed[0] - 2 : mixed[-1] + 3])
            # float32 rounds each of three values
            assert bend.max() <= most + 4 * np.spacing(np.float32(1.0)), (name, seam)


def test_outside_the_seams_every_bit_is_a_takes_own():
    takes = {"a": acted(1), "b": acted(2)}
    asked = recipe(Stretch("b", MOUTH, start_s=3.0, end_s=8.0))
    composed = compose(takes, asked)
    assert [seam.end for seam in composed.seams] == ["start", "end"]
    assert all(abs(seam.at_s - seam.asked_s) <= 0.41 for seam in composed.seams)
    check_seams(composed, takes, asked)
    out, first, last = composed.take, composed.seams[0].last, composed.seams[1].first
    for name in NAMES[:3]:
        column = out.column(name)
        assert (
            out.values[first : last + 1, column] == takes["b"].values[first : last + 1, column]
        ).all()
    for name in NAMES[3:]:
        column = out.column(name)
        assert (out.values[:, column] == takes["a"].values[:, column]).all()


def test_a_whole_region_has_no_seam():
    takes = {"a": acted(1), "b": acted(2)}
    composed = compose(takes, recipe(Stretch("b", ("brow",))))
    assert composed.seams == ()
    column = composed.take.column("browInnerUp")
    assert (composed.take.values[:, column] == takes["b"].values[:, column]).all()
    assert (composed.take.values[:, 0] == takes["a"].values[:, 0]).all()


def test_seams_go_out_of_the_way_of_blinks():
    takes = {"a": acted(1, blinks=(4.0, 9.0)), "b": acted(2, blinks=(4.3, 8.8))}
    asked = recipe(Stretch("b", ("eye",), start_s=4.05, end_s=8.95), search_s=0.8)
    composed = compose(takes, asked)
    for seam in composed.seams:
        assert not seam.is_busy
        for blink in (4.0, 4.3, 8.8, 9.0):
            assert not seam.first / 60 - 0.05 < blink < seam.last / 60 + 0.05
    check_seams(composed, takes, asked)


def test_a_seam_lies_where_the_takes_meet():
    """Two takes that differ but for a moment: the seam is there."""
    a = acted(1)
    apart = 0.3 * (1.0 - np.exp(-(((a.times - 5.2) / 0.4) ** 2)))
    b = a.changed("apart", values=(a.values + apart[:, None]).astype(np.float32))
    composed = compose({"a": a, "b": b}, recipe(Stretch("b", MOUTH, start_s=5.0)))
    (seam,) = composed.seams
    assert seam.at_s == pytest.approx(5.2, abs=0.07)


def test_an_offset_shifts_whole_samples():
    a, b = acted(1), acted(2)
    moved = {"b": Member(offset_s=-1.5)}
    composed = compose({"a": a, "b": b}, recipe(Stretch("b", MOUTH, start_s=3.0), takes=moved))
    (seam,) = composed.seams
    inside = composed.take.values[seam.last : -95, 0]
    assert (inside == b.values[seam.last + 90 : -95 + 90, 0]).all()
    # the other take ends sooner: there is nothing, and it is told
    assert not composed.take.valid[-80:, 0].any()
    assert any("has nothing" in warning for warning in composed.warnings)


def test_jitter_and_drops_do_not_shift_samples():
    a, full = acted(1), acted(2)
    rng = np.random.default_rng(5)
    keep = np.ones(full.samples, np.bool_)
    keep[[200, 201, 350]] = False
    b = replace(
        full,
        times=(full.times + rng.uniform(-0.004, 0.004, full.samples))[keep],
        values=full.values[keep],
        valid=full.valid[keep],
    )
    composed = compose({"a": a, "b": b}, recipe(Stretch("b", MOUTH)))
    ours = composed.take.values[:, 0]
    same = ours == full.values[:, 0]
    assert same[keep].mean() > 0.97
    # but for what was dropped, each is a sample of the other take
    known = np.isin(ours, full.values[keep, 0])
    assert (~known).sum() <= 3


def test_other_rates_are_resampled_and_told():
    a, b = acted(1), acted(2, rate=24)
    composed = compose({"a": a, "b": b}, recipe(Stretch("b", MOUTH, start_s=3.0, end_s=8.0)))
    assert any("between two" in warning for warning in composed.warnings)
    at = round(5.5 * 60)
    expected = np.interp(a.times[at], b.times, b.values[:, 0].astype(np.float64))
    assert composed.take.values[at, 0] == pytest.approx(expected, abs=1e-6)


def test_sides_channels_and_order():
    takes = {"a": acted(1), "b": acted(2), "c": acted(3)}
    asked = recipe(
        Stretch("b", ("eye",)),
        Stretch("c", ("eye",), side="L"),
        Stretch("c", channels=("browInnerUp",)),
        takes={"c": Member()},
    )
    out = compose(takes, asked).take
    for name, take in (("eyeBlinkLeft", "c"), ("eyeBlinkRight", "b"), ("browInnerUp", "c")):
        column = out.column(name)
        assert (out.values[:, column] == takes[take].values[:, column]).all()


def test_missing_samples_stay_missing_and_seams_avoid_them():
    a, b = acted(1), acted(2)
    valid = b.valid.copy()
    valid[170:200, 0] = False
    b = replace(b, valid=valid)
    composed = compose({"a": a, "b": b}, recipe(Stretch("b", MOUTH, start_s=3.0), search_s=1.0))
    (seam,) = composed.seams
    assert seam.last <= 171 or seam.first >= 199
    takes = {"a": a, "b": b}
    for row in range(a.samples):
        if not seam.first < row < seam.last:
            own = takes["a" if row <= seam.first else "b"]
            assert composed.take.valid[row, 0] == own.valid[row, 0]


def test_the_take_keeps_its_recipe_and_can_be_made_again(tmp_path: Path):
    takes = {"a": acted(1), "b": acted(2)}
    asked = recipe(Stretch("b", MOUTH, start_s=3.0, end_s=8.0), name="scene 4")
    first = compose(takes, asked).take
    path = tmp_path / "x.take.npz"
    write_take_file(first, path)
    kept = recipe_of(read_take_file(path))
    assert kept is not None
    assert first.label == "scene 4"
    assert kept.takes["b"].digest == takes["b"].digest
    assert compose(takes, kept).take.digest == first.digest
    assert recipe_of(takes["a"]) is None


def test_mouth_without_jaw_is_told():
    takes = {"a": acted(1), "b": acted(2)}
    warnings = compose(takes, recipe(Stretch("b", ("mouth",)))).warnings
    assert "mouth without the jaw" in warnings[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"base": "x"}, "no take 'x'"),
        ({"stretches": [{"take": "a", "regions": ["ear"]}]}, "ear"),
        ({"stretches": [{"take": "a", "start_s": 3, "end_s": 2}]}, "before end_s"),
        ({"stretches": [{"take": "a", "from": 3}]}, "'from'"),
        ({"takes": []}, "object"),
        ({"schema": 9}, "newer"),
        ({"search_s": -1}, "search_s"),
    ],
)
def test_recipes_that_are_none_are_refused(change: dict[str, Any], words: str, tmp_path: Path):
    good = {"schema": 1, "base": "a", "takes": {"a": {"file": "a.csv"}}, "stretches": []}
    path = tmp_path / "r.json"
    path.write_text(json.dumps(good), encoding="utf-8")
    assert read_recipe(path).base == "a"
    with pytest.raises(FacemocapError, match=words):
        recipe_from_json(good | change, "r.json")


def test_stretches_without_a_channel_or_outside_are_refused():
    takes = {"a": acted(1), "b": acted(2)}
    with pytest.raises(FacemocapError, match="recorded no"):
        compose(takes, recipe(Stretch("b", ("tongue",))))
    with pytest.raises(FacemocapError, match="outside"):
        compose(takes, recipe(Stretch("b", MOUTH, start_s=100.0)))
    with pytest.raises(FacemocapError, match="not there"):
        compose({"a": takes["a"]}, recipe(Stretch("b", MOUTH)))


def _part(take: Take, first: int, count: int) -> Take:
    rows = slice(first, first + count)
    return replace(
        take, times=take.times[rows], values=take.values[rows], valid=take.valid[rows],
        confidence=None,
    )  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize("number", range(6))
def test_real_takes_keep_their_bits_and_bends(shared: Path, number: int):
    """Parts of a real performance on each other: no seam bends more than they do there."""
    whole = read_take(shared / "takes" / "livelinkface" / "alexdjulin_alex_rom_3.csv")
    takes = {"a": _part(whole, 300 * number, 1200), "b": _part(whole, 300 * number + 1210, 1200)}
    regions = (MOUTH, ("brow", "eye", "gaze", "cheek", "nose"), ())[number % 3]
    asked = recipe(
        Stretch("b", regions, start_s=6.0, end_s=14.0),
        Stretch("b", regions, start_s=20.0, end_s=27.0),
    )
    composed = compose(takes, asked)
    assert len(composed.seams) == 4
    assert max(seam.bend for seam in composed.seams) <= 1.0
    assert not any(seam.over for seam in composed.seams)
    same = {name for name in arkit_names() if whole.has(name)}
    assert same <= set(composed.take.names)
    check_seams(composed, takes, asked)
