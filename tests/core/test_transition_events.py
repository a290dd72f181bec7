# SPDX-License-Identifier: GPL-3.0-or-later
"""Comings and goings of expressions are found, put elsewhere, and read as what they are to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_speech import made_speech, speech_take
from stack_takes import odd_takes

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.contacts.captured import lip_contacts
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.events.transitions.edits import OPS, TransitionEdit
from facemocap_addon.core.events.transitions.events import GROUPS
from facemocap_addon.core.events.transitions.finding import find_group, find_transitions
from facemocap_addon.core.events.transitions.planning import FIGURES, Wish, planned
from facemocap_addon.core.events.transitions.shaping import performed, warp_of
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take

START_S = 5.0
#: Apex, rise and fall (10 to 90 %) and height of made expressions.
MADE = ((3.0, 0.5, 0.8, 0.6), (7.0, 0.3, 0.5, 0.4), (11.0, 0.7, 1.2, 0.7), (15.5, 0.25, 0.3, 0.5))
#: A course of minimum jerk needs this part of its time for 10 to 90 %.
PART = 0.5067


def expression(times: np.ndarray, apex: float, rise: float, fall: float) -> np.ndarray:
    up = np.clip((times - (apex - rise / PART)) / (rise / PART), 0, 1)
    down = np.clip((apex + fall / PART - times) / (fall / PART), 0, 1)
    share = np.minimum(up, down)
    return share**3 * (10 - 15 * share + 6 * share**2)


def acted(rate: float = 60.0, noise: float = 0.0, made: tuple = MADE) -> Take:
    """Every group does the same; the right side a little less."""
    times = np.arange(round(20 * rate) + 1) / rate
    course = np.zeros_like(times)
    for apex, rise, fall, height in made:
        course = np.maximum(course, height * expression(times, apex, rise, fall))
    columns: dict[str, np.ndarray] = {}
    for names in GROUPS.values():
        for name in names:
            columns[name] = (0.85 if name.endswith("Right") else 1.0) * course
    columns["mouthClose"] = 0.1 * course
    columns["mouthFunnel"] = 0.2 + 0.0 * times
    values = np.stack(list(columns.values()), axis=1)
    values += np.random.default_rng(4).normal(0, noise, values.shape)
    return make_take(START_S + times, [arkit_schema()[n] for n in columns], values, name="a.csv")


@pytest.mark.parametrize("group", tuple(GROUPS))
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_transitions_are_found_with_their_times(group: str, noise: float):
    found = find_group(acted(noise=noise), group)
    assert len(found) == len(MADE)
    for event, (apex, rise, fall, height) in zip(found, MADE, strict=True):
        loose = 0.02 + 10 * noise
        # tops are flat: within noise nobody can tell where the highest sample is
        at = np.array([event.apex_s - START_S])
        assert height * (1.0 - expression(at, apex, rise, fall)[0]) < 0.001 + 1.5 * noise
        assert event.rise_s == pytest.approx(rise, abs=loose)
        assert event.fall_s == pytest.approx(fall, abs=loose)
        assert event.amplitude == pytest.approx(height, abs=0.1 * height + 2 * noise)
        assert event.bottom_s < event.half_s < event.offset_s
        assert event.side == "B"


def test_one_sided_expressions_say_so():
    take = acted()
    values = np.array(take.values)
    values[:, take.column("mouthSmileRight")] *= 0.1
    values[:, take.column("browDownLeft")] *= 0.1
    one = take.changed("one side", values=values)
    assert {event.side for event in find_group(one, "smile")} == {"L"}
    assert {event.side for event in find_group(one, "brow_down")} == {"R"}


@pytest.mark.parametrize("read_as", tuple(FIGURES))
@pytest.mark.parametrize("rate", [30.0, 60.0])
def test_expressions_read_as_what_they_are_to_be(read_as: str, rate: float):
    take = acted(rate)
    step = make_step("transitions", read_as=read_as)
    result = run_stack(take, Stack((step,)))
    assert result.reports[0].counts["held"] == 0
    for group, (rise, fall) in FIGURES[read_as].items():
        before, after = find_group(take, group), find_group(result.take, group)
        assert len(after) == len(before)
        for old, new in zip(before, after, strict=True):
            assert new.rise_s == pytest.approx(rise, rel=0.1)
            assert new.fall_s == pytest.approx(fall, rel=0.1)
            assert new.apex_s == old.apex_s
            assert new.value == old.value
    for name in ("mouthFunnel",):
        column = take.column(name)
        assert np.array_equal(result.take.values[:, column], take.values[:, column])


def test_a_tail_makes_the_release_quick_first():
    take = acted()
    plain = run_stack(take, Stack((make_step("transitions", onset=1.0, tail=0.0),))).take
    assert np.array_equal(plain.values, take.values)
    tailed = run_stack(take, Stack((make_step("transitions", onset=1.0, tail=1.0),))).take
    for group in GROUPS:
        for old, new in zip(find_group(take, group), find_group(tailed, group), strict=True):
            assert new.rise_s == pytest.approx(old.rise_s, rel=0.03)
            assert new.fall_s == pytest.approx(old.fall_s, rel=0.05)
            share = (new.half_s - new.bottom_s) / new.fall_s
            assert share == pytest.approx(0.27, abs=0.05)
            assert (old.half_s - old.bottom_s) / old.fall_s == pytest.approx(0.5, abs=0.03)


def test_what_is_held_and_sags_keeps_its_course():
    times = np.arange(601) / 60
    course = np.interp(times, [0, 2, 2.5, 3, 6, 6.3, 10], [0, 0, 0.7, 0.7, 0.5, 0, 0])
    names = GROUPS["smile"]
    values = np.stack([course] * 2, axis=1)
    take = make_take(START_S + times, [arkit_schema()[name] for name in names], values)
    assert len(find_group(take, "smile")) == 1
    out = run_stack(take, Stack((make_step("transitions", onset=1.0, tail=1.0),))).take
    assert np.array_equal(out.values, take.values)


def test_the_jaw_relaxes_later():
    take = acted()
    out = run_stack(take, Stack((make_step("transitions", onset=1, tail=0, jaw_hold_s=0.4),))).take
    for old, new in zip(find_group(take, "jaw"), find_group(out, "jaw"), strict=True):
        assert new.bottom_s - old.bottom_s == pytest.approx(0.4, abs=0.03)
        assert new.fall_s == pytest.approx(old.fall_s, rel=0.06)
        assert new.rise_s == pytest.approx(old.rise_s, rel=0.02)
        assert new.apex_s == old.apex_s
    smile = take.column("mouthSmileLeft")
    assert np.array_equal(out.values[:, smile], take.values[:, smile])


def test_nothing_far_from_a_transition_changes():
    take = acted(noise=0.002)
    edit = {"op": "release", "group": "smile", "at_s": START_S + 7.0, "seconds": 1.0}
    steps = (make_step("transitions", groups=["jaw"], onset=1.0, tail=0.0, edits=[edit]),)
    out = run_stack(take, Stack(steps)).take
    changed = out.values != take.values
    columns = [take.column(name) for name in GROUPS["smile"]]
    assert changed[:, columns].any()
    assert not np.delete(changed, columns, axis=1).any()
    at = take.times - START_S
    assert not changed[(at < 7.0) | (at > 9.6)].any()


def test_edits_change_one_transition():
    take = acted()
    event = find_group(take, "smile")[2]
    at = event.apex_s

    def done(**edit: object) -> list:
        record = {"group": "smile", "at_s": at, **edit}
        step = make_step("transitions", onset=1.0, tail=0.0, edits=[record])
        result = run_stack(take, Stack((step,)))
        assert result.reports[0].counts["edits_unmatched"] == 0
        return list(find_group(result.take, "smile"))

    assert done(op="onset", seconds=0.4)[2].rise_s == pytest.approx(0.4, rel=0.05)
    assert done(op="release", seconds=0.6)[2].fall_s == pytest.approx(0.6, rel=0.05)
    assert done(op="move", by_s=0.5)[2].apex_s == pytest.approx(at + 0.5, abs=0.02)
    assert done(op="hold", by_s=0.3)[2].bottom_s == pytest.approx(event.bottom_s + 0.3, abs=0.03)
    assert done(op="scale", amount=0.5)[2].amplitude == pytest.approx(
        0.5 * event.amplitude, rel=0.05
    )
    assert len(done(op="delete")) == 3
    assert done(op="deliberate")[2].rise_s == pytest.approx(0.3, rel=0.1)
    assert done(op="keep")[2] == event


def test_transitions_never_run_into_each_other():
    near = ((3.0, 0.3, 0.3, 0.6), (4.4, 0.3, 0.3, 0.6), (5.6, 0.2, 0.3, 0.5))
    take = acted(made=near)
    result = run_stack(take, Stack((make_step("transitions", read_as="spontaneous"),)))
    assert result.reports[0].counts["held"] > 0
    assert "no room" in result.reports[0].remarks[0]
    for group in GROUPS:
        before, after = find_group(take, group), find_group(result.take, group)
        assert len(after) == len(before) == 3
        for old, new in zip(before, after, strict=True):
            assert (new.apex_s, new.value) == (old.apex_s, old.value)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0.05, 3.0), st.floats(0.05, 5.0), st.floats(0, 1), st.floats(-1, 1),
            st.floats(-4, 4),
        ),
        min_size=4, max_size=4,
    )
)  # fmt: skip
def test_time_only_ever_runs_forward(wishes: list[tuple[float, float, float, float, float]]):
    take = acted(30.0)
    events = find_group(take, "smile")
    own = [Wish(rise, fall, tail, hold, by) for rise, fall, tail, hold, by in wishes]
    plans = planned(events, own, float(take.times[0]), float(take.times[-1]))
    at = warp_of(plans, take.times)
    assert (np.diff(at) > -1e-9).all()
    assert at[0] >= take.times[0]
    assert at[-1] <= take.times[-1]
    out = performed(take, "smile", plans)
    assert out.values.max() <= take.values.max() + 1e-6
    assert out.values.min() >= take.values.min() - 1e-6


def test_closed_lips_keep_their_frames():
    take = speech_take(made_speech())
    step = make_step("transitions", onset=0.6, release=1.4, tail=1.0, jaw_hold_s=0.3)
    result = run_stack(take, Stack((step,)))
    assert lip_contacts(result.take) == lip_contacts(take)
    jaw = take.column("jawOpen")
    assert not np.array_equal(result.take.values[:, jaw], take.values[:, jaw])
    assert not any("as recorded" in remark for remark in result.reports[0].remarks)


def test_edits_of_transitions_that_are_gone_are_told():
    take = acted()
    edits = [{"op": "delete", "group": "smile", "at_s": START_S + 18.5}]
    result = run_stack(take, Stack((make_step("transitions", edits=edits),)))
    assert result.reports[0].counts["edits_unmatched"] == 1
    assert "smile at 23.50 s" in result.reports[0].remarks[0]


def test_records_of_transitions_are_checked():
    for op in OPS:
        edit = TransitionEdit.from_json({"op": op, "group": "jaw", "at_s": 1.0})
        assert TransitionEdit.from_json(edit.to_json()) == edit
    with pytest.raises(FacemocapError, match="nose"):
        make_step("transitions", groups=["nose"])
    bad = [
        ({"op": "grow", "group": "jaw", "at_s": 1}, "grow"),
        ({"op": "move", "group": "ear", "at_s": 1}, "ear"),
        ({"op": "move", "group": "jaw"}, "at_s"),
        ({"op": "onset", "group": "jaw", "at_s": 1, "seconds": 0}, "seconds"),
        ({"op": "tail", "group": "jaw", "at_s": True}, "no number"),
        ("text", "no object"),
    ]
    for record, said in bad:
        with pytest.raises(FacemocapError, match=said):
            TransitionEdit.from_json(record)


def test_the_transitions_step_survives_odd_takes():
    step = make_step("transitions", read_as="spontaneous", jaw_hold_s=0.2)
    for name, take in odd_takes().items():
        assert isinstance(find_transitions(take), tuple), name
        assert run_stack(take, Stack((step,))).take.samples == take.samples, name


@pytest.mark.shared
def test_real_expressions_read_as_spontaneous(shared: Path):
    take = read_take(shared / "takes/livelinkface/alexdjulin_alex_rom_3.csv")
    result = run_stack(take, Stack((make_step("transitions", read_as="spontaneous"),)))
    assert lip_contacts(result.take) == lip_contacts(take)
    for event in find_transitions(take):
        place = int(np.searchsorted(take.times, event.apex_s - 1e-9))
        for name in GROUPS[event.group]:
            column = take.column(name)
            assert result.take.values[place, column] == take.values[place, column]
