# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of darts, targets, and the step of the stack."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_gaze import START_S, gaze_take, known_gaze
from scipy.spatial.transform import Rotation
from stack_takes import odd_takes

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.events.gaze.edits import OPS, GazeEdit, edited
from facemocap_addon.core.events.gaze.finding import both_eyes, find_gaze
from facemocap_addon.core.events.gaze.targets import (
    look_at,
    scale_head,
    set_vergence,
    target_points,
    vergence_angle,
)
from facemocap_addon.core.gaze.gaze_angles import gaze_at, to_direction
from facemocap_addon.core.head_turns import head_turns
from facemocap_addon.core.stack.params import params_from_json, params_to_json
from facemocap_addon.core.stack.reading import stack_from_json
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take


def lone_dart(take: Take, number: int) -> tuple[int, int]:
    events = find_gaze(take)
    return events.saccades[number].first, events.saccades[number + 1].last


def test_a_dart_moved_goes_later_and_nothing_else_changes():
    take = gaze_take(known_gaze(), 0.05)
    events = find_gaze(take)
    dart = events.saccades[6]
    room = events.saccades[7].onset_s - dart.offset_s
    by = min(0.12, 0.5 * room)
    done = edited(take, events, [GazeEdit("move", dart.apex_s, by_s=by)])
    assert done.unmatched == ()
    assert done.held == 0
    moved = find_gaze(done.take).saccades[6]
    assert moved.apex_s - dart.apex_s == pytest.approx(by, abs=0.006)
    assert moved.amplitude_deg == pytest.approx(dart.amplitude_deg, abs=0.4)
    changed = (done.take.values != take.values).any(axis=1)
    inside = (take.times >= take.times[dart.first]) & (take.times <= take.times[dart.last] + by)
    assert changed.any()
    assert not changed[~inside].any()


def test_darts_never_change_places():
    take = gaze_take(known_gaze(), 0.05)
    events = find_gaze(take)
    edits = [GazeEdit("move", events.saccades[5].apex_s, by_s=4.0)]
    done = edited(take, events, edits)
    assert done.held == 1
    again = find_gaze(done.take).saccades
    assert len(again) == len(events.saccades)
    assert again[5].apex_s < events.saccades[6].apex_s - 0.04
    assert again[6].apex_s == pytest.approx(events.saccades[6].apex_s, abs=0.01)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-0.4, 0.4), min_size=8, max_size=8), st.integers(0, 20))
def test_any_moves_keep_order_and_all_else(by: list[float], first: int):
    take = gaze_take(known_gaze(), 0.02)
    events = find_gaze(take)
    chosen = events.saccades[first : first + 8]
    edits = [GazeEdit("move", dart.apex_s, by_s=b) for dart, b in zip(chosen, by, strict=True)]
    done = edited(take, events, edits)
    assert done.unmatched == ()
    again = find_gaze(done.take).saccades
    assert len(again) == len(events.saccades)
    apart = np.diff([dart.apex_s for dart in again])
    assert apart.min() > 0.04
    changed = (done.take.values != take.values).any(axis=1)
    inside = np.zeros(take.samples, np.bool_)
    for dart, b in zip(chosen, by, strict=True):
        low, high = dart.onset_s + min(b, 0.0) - 0.1, dart.offset_s + max(b, 0.0) + 0.1
        inside |= (take.times > low) & (take.times < high)
    assert not changed[~inside].any()


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.6])
def test_a_dart_scaled_is_brought_back_by_the_next(scale: float):
    take = gaze_take(known_gaze(), 0.02)
    events = find_gaze(take)
    dart = events.saccades[8]
    edit = (
        GazeEdit("delete", dart.apex_s) if scale == 0 else GazeEdit("scale", dart.apex_s, 0, scale)
    )
    done = edited(take, events, [edit])
    first, last = lone_dart(take, 8)
    changed = (done.take.values != take.values).any(axis=1)
    assert not changed[: first + 1].any()
    assert not changed[last:].any()
    rows = slice(dart.last, events.saccades[9].first + 1)
    off = both_eyes(done.take)[0][rows] - both_eyes(take)[0][rows]
    step = np.array([dart.yaw_deg, dart.pitch_deg])
    assert off == pytest.approx(np.broadcast_to((scale - 1.0) * step, off.shape), abs=0.02)


def test_a_new_dart_is_where_it_was_put():
    known = known_gaze()
    take = gaze_take(known, 0.02)
    events = find_gaze(take)
    long = max(
        (f for f in events.fixations if not f.follows and f.last < events.saccades[-1].first),
        key=lambda f: f.last - f.first,
    )
    at = 0.5 * (long.start_s + long.end_s)
    done = edited(take, events, [GazeEdit("insert", at, yaw_deg=4.0, pitch_deg=-3.0)])
    found = min(find_gaze(done.take).saccades, key=lambda s: abs(s.apex_s - at))
    assert found.apex_s == pytest.approx(at, abs=0.003)
    assert (found.yaw_deg, found.pitch_deg) == pytest.approx((4.0, -3.0), abs=0.1)
    following = next(s for s in events.saccades if s.apex_s > at)
    changed = (done.take.values != take.values).any(axis=1)
    assert not changed[take.times < at - 0.05].any()
    assert not changed[following.last :].any()


def test_edits_of_darts_that_are_gone_are_told():
    take = gaze_take(known_gaze())
    stack = Stack((make_step("gaze", edits=[{"op": "delete", "at_s": START_S + 0.2}]),))
    plain = Stack((make_step("gaze"),))
    result = run_stack(take, stack)
    assert result.reports[0].counts["edits_unmatched"] == 1
    assert "no dart any more" in result.reports[0].remarks[0]
    assert np.array_equal(result.take.values, run_stack(take, plain).take.values)


def test_edits_survive_steps_that_are_put_before():
    take = gaze_take(known_gaze(), 0.1)
    dart = find_gaze(take).saccades[10]
    step = make_step("gaze", edits=[{"op": "scale", "at_s": dart.apex_s, "scale": 1.5}])
    alone = run_stack(take, Stack((step,)))
    later = run_stack(take, Stack((make_step("denoise"), step)))
    for result in (alone, later):
        assert result.reports[-1].counts["edits_unmatched"] == 0
        found = min(find_gaze(result.take).saccades, key=lambda s: abs(s.apex_s - dart.apex_s))
        assert found.amplitude_deg == pytest.approx(1.5 * dart.amplitude_deg, rel=0.06)


def test_a_dart_may_keep_its_speed():
    take = gaze_take(known_gaze(120.0))
    darts = find_gaze(take).saccades
    edits = [
        {"op": "keep", "at_s": darts[4].apex_s},
        {"op": "speed", "at_s": darts[6].apex_s, "scale": 0.5},
    ]
    out = run_stack(take, Stack((make_step("gaze", edits=edits),))).take
    lengths = [saccade.duration_s for saccade in find_gaze(out).saccades]
    assert lengths[4] == pytest.approx(darts[4].duration_s, rel=0.15)
    assert lengths[5] < 0.75 * darts[5].duration_s
    assert lengths[6] > 1.4 * lengths[5]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"op": "jump", "at_s": 1.0}, "jump"),
        ({"op": "move"}, "at_s"),
        ({"op": "move", "at_s": "soon"}, "no number"),
        ({"op": "move", "at_s": 1.0, "by": 1.0}, '"by"'),
        ({"op": "scale", "at_s": 1.0, "scale": 30}, "30"),
        ({"op": "speed", "at_s": 1.0, "scale": 0}, "0"),
        ([], "no object"),
    ],
)
def test_records_that_cannot_be_are_refused(record: object, said: str):
    with pytest.raises(FacemocapError, match=said):
        GazeEdit.from_json(record)


def test_records_are_read_as_they_were_written():
    for op in OPS:
        edit = GazeEdit.from_json({"op": op, "at_s": 1.5})
        assert GazeEdit.from_json(json.loads(json.dumps(edit.to_json()))) == edit
    step = make_step("gaze", edits=[{"op": "insert", "at_s": 2.0, "yaw_deg": 3.0}], micro_hz=1.0)
    document = Stack((step,)).to_json()
    assert stack_from_json(json.loads(json.dumps(document)), "s").to_json() == document
    params = params_from_json(type(step.params), params_to_json(step.params))
    assert params == step.params


def head(times: np.ndarray) -> dict[str, np.ndarray]:
    at = times - times[0]
    return {
        "headYaw": 0.25 * np.sin(1.1 * at), "headPitch": 0.12 * np.sin(1.7 * at + 1),
        "headRoll": 0.08 * np.sin(0.6 * at),
    }  # fmt: skip


def looked_at(take: Take, side: str) -> np.ndarray:
    turned = Rotation.from_rotvec(head_turns(take, take.times))
    return turned.apply(to_direction(gaze_at(take, side, take.times)))


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.4])
def test_eyes_stay_on_target_when_the_head_turns_less(scale: float):
    known = known_gaze()
    near = type(known)(known.times, 0.4 * known.gaze, [], [])
    take = gaze_take(near, more=head(known.times), looks=False)
    out, held = scale_head(take, scale)
    assert held == 0
    for side in ("left", "right"):
        apart = np.linalg.norm(looked_at(out, side) - looked_at(take, side), axis=1)
        assert np.degrees(apart.max()) < 0.01
    spread = np.ptp(out.values[:, out.column("headYaw")])
    assert spread == pytest.approx(scale * 0.5, abs=0.01)


def test_eyes_go_no_farther_than_is_comfortable():
    known = known_gaze()
    take = gaze_take(known, more={"headYaw": 0.8 * np.sin(known.times)}, looks=False)
    out, held = scale_head(take, 0.0)
    assert held > 100
    assert np.degrees(np.abs(out.values[:, out.column("leftEyeYaw")]).max()) < 50.0
    result = run_stack(take, Stack((make_step("gaze", head_scale=0.0),)))
    assert "cannot stay on their target" in result.reports[0].remarks[0]


def test_vergence_turns_eyes_in_and_keeps_where_they_look():
    assert float(vergence_angle(0.5)) == pytest.approx(2 * np.arctan(0.063 / 2 / 0.5))
    take = gaze_take(known_gaze(), looks=False)
    out = set_vergence(take, 1.0, [(0.0, 2.0), (20.0, 0.4)])
    left, right = (gaze_at(out, side, out.times)[:, 0] for side in ("left", "right"))
    angle = np.degrees(right - left)
    at = out.times - out.times[0]
    assert angle[at < 19].mean() == pytest.approx(1.80, abs=0.02)
    assert angle[at > 21].mean() == pytest.approx(9.01, abs=0.05)
    assert np.abs(both_eyes(out)[0] - both_eyes(take)[0]).max() < 0.01
    wide = gaze_take(known_gaze(), 0.3, looks=False)
    calm = set_vergence(wide, 0.0)
    left, right = (gaze_at(calm, side, calm.times)[:, 0] for side in ("left", "right"))
    assert np.ptp(right - left) < 1e-5


def test_a_target_made_from_the_gaze_gives_the_gaze():
    known = known_gaze()
    take = gaze_take(known, more=head(known.times))
    points = target_points(take, 2.0)
    assert np.linalg.norm(points, axis=1) == pytest.approx(np.full(take.samples, 2.0), rel=1e-4)
    out = look_at(take, points)
    neutral = np.median(known.gaze, axis=0)
    # eyes meet there, from their own neutral on
    gaze = both_eyes(out)[0] - neutral
    assert np.abs(gaze - both_eyes(take)[0]).max() < 0.2


def test_the_step_survives_odd_takes():
    step = make_step("gaze", micro_hz=1.0, head_scale=0.5, vergence=0.5, distances=[[0, 1.0]])
    for name, take in odd_takes().items():
        out = run_stack(take, Stack((step,))).take
        assert out.samples == take.samples, name
    with pytest.raises(FacemocapError, match="0 metres"):
        make_step("gaze", distances=[[0.0, 0.0]])
