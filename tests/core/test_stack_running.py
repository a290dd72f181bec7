# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps run in order, under influence and masks that are exact at 0 and 1, and are reported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stack_takes import NAMES, face_take, odd_takes, rough_take

import facemocap_addon as fm
from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.progress import Progress
from facemocap_addon.core.stack.kind import Kind, Outcome, StepContext
from facemocap_addon.core.stack.kinds import kinds
from facemocap_addon.core.stack.reading import write_stack
from facemocap_addon.core.stack.running import run_stack, stack_job
from facemocap_addon.core.stack.stack import Mask, Stack, Step, make_step
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_sampling import sample_channels

GAIN = make_step("range", gain=2.0)


def run(take: Take, *steps: Step, seed: int = 0) -> Take:
    return run_stack(take, Stack(steps), seed=seed).take


def column(take: Take, name: str) -> np.ndarray:
    return take.values[:, take.column(name)].astype(np.float64)


def test_a_stack_without_steps_is_the_take_itself():
    take = rough_take()
    assert run(take) is take


@pytest.mark.parametrize(
    "step",
    [
        make_step("range", gain=2.0, enabled=False),
        make_step("range", gain=2.0, influence=0.0),
        make_step("range", gain=2.0, influence=((0.0, 0.0), (1.0, 0.0))),
        make_step("range", gain=2.0, mask=Mask(frames=((9000, 9001),), soft=0.0)),
        make_step("range", gain=2.0, mask=Mask(("tongue",))),
    ],
    ids=["off", "no influence", "keys at 0", "frames beyond", "region that is not there"],
)
def test_a_step_without_weight_changes_nothing(step: Step):
    take = rough_take()
    assert run(take, step) is take


def test_steps_run_in_order():
    take = face_take()
    first, then = make_step("dead_zone", width=0.1), GAIN
    smile = column(take, "mouthSmileLeft")
    held_first, held_after = run(take, first, then), run(take, then, first)
    place = int(np.argmin(np.abs(smile - 0.15)))
    assert 0 < column(held_first, "mouthSmileLeft")[place] < 0.28
    # doubled before, it is beyond the dead zone, and as it was
    assert column(held_after, "mouthSmileLeft")[place] == pytest.approx(0.3, abs=0.01)


@settings(max_examples=20)
@given(st.floats(0, 1))
def test_influence_goes_from_the_one_to_the_other_in_a_straight_line(influence: float):
    take = face_take(30.0, 1.0)
    whole = run(take, GAIN)
    part = run(take, make_step("range", gain=2.0, influence=influence))
    low, high = take.values.astype(np.float64), whole.values.astype(np.float64)
    np.testing.assert_allclose(part.values, low + influence * (high - low), atol=1e-6)


def test_keyed_influence_is_linear_between_its_keys_and_held_beyond():
    take = face_take()
    keys = ((0.5, 0.0), (1.5, 1.0), (2.0, 0.25))
    part = run(take, make_step("range", gain=2.0, influence=keys))
    seconds = take.times - take.times[0]
    smile = column(take, "mouthSmileLeft")
    np.testing.assert_allclose(
        column(part, "mouthSmileLeft"),
        smile * (1 + np.interp(seconds, [0.5, 1.5, 2.0], [0.0, 1.0, 0.25])),
        atol=1e-6,
    )
    whole = run(take, GAIN)
    assert part.values[seconds <= 0.5].tobytes() == take.values[seconds <= 0.5].tobytes()
    at = int(np.argmin(np.abs(seconds - 1.5)))
    assert part.values[at].tobytes() == whole.values[at].tobytes()


@settings(max_examples=30)
@given(
    st.integers(0, 60), st.integers(0, 40), st.none() | st.floats(0, 20), st.integers(0, 5),
    st.sampled_from(["swap_sides", "dead_zone", "time_offset"]),
)  # fmt: skip
def test_masks_are_exact_bit_for_bit(
    first: int, length: int, soft: float | None, seed: int, kind: str
):
    take = rough_take(seed)
    params: dict[str, Any] = {"offset_s": 0.05} if kind == "time_offset" else {}
    mask = Mask(("mouth", "jaw", "head"), ((first, first + length),), soft)
    whole = run(take, make_step(kind, **params))
    part = run(take, make_step(kind, mask=mask, **params))
    frames = (take.times - take.times[0]) * take.rate_hz
    shoulder = 0.1 * take.rate_hz if soft is None else soft
    inside = (frames >= first) & (frames <= first + length)
    outside = (frames < first - shoulder - 1e-3) | (frames > first + length + shoulder + 1e-3)
    regions = np.array([c.region in mask.regions for c in take.channels])
    confidences = [each.confidence for each in (part, take, whole) if each.confidence is not None]
    assert len(confidences) == 3
    for values, was, now in (
        (part.values, take.values, whole.values),
        (part.valid, take.valid, whole.valid),
        confidences,
    ):
        assert values[:, ~regions].tobytes() == was[:, ~regions].tobytes()
        assert values[outside].tobytes() == was[outside].tobytes()
        assert values[np.ix_(inside, regions)].tobytes() == now[np.ix_(inside, regions)].tobytes()


def test_the_shoulder_of_a_mask_is_smooth():
    take = face_take(100.0)
    mask = Mask(frames=((100, 150),), soft=20.0)
    smile = column(take, "mouthSmileLeft")
    part = column(run(take, make_step("range", gain=2.0, mask=mask)), "mouthSmileLeft")
    there = smile > 1e-3
    weight = (part[there] / smile[there]) - 1.0
    frames = np.arange(take.samples)[there]
    assert weight[(frames >= 100) & (frames <= 150)] == pytest.approx(1.0, abs=1e-5)
    rise = weight[(frames >= 80) & (frames <= 100)]
    assert (np.diff(rise) > -1e-5).all()
    # half way through it is a half, and it leaves both ends without a corner
    assert weight[frames == 90] == pytest.approx(0.5, abs=1e-4)
    assert weight[frames == 82] < 0.05
    assert weight[frames == 98] > 0.95


def test_frames_of_masks_are_those_of_the_take_that_came_in():
    """A step that changes the rate does not shift what a mask after it means."""
    take = face_take(60.0)
    mask = Mask(frames=((60, 90),), soft=0.0)
    masked = make_step("range", gain=2.0, mask=mask)
    out = run(take, make_step("resample", rate_hz=30), masked)
    plain = run(take, make_step("resample", rate_hz=30))
    changed = np.flatnonzero((out.values != plain.values).any(axis=1))
    assert out.times[changed[0]] - out.times[0] == pytest.approx(1.0)
    assert out.times[changed[-1]] - out.times[0] == pytest.approx(1.5)


def _filling(take: Take, params: object, context: StepContext) -> Outcome:
    """A gap filler for tests: a value that no line would give."""
    values = np.where(take.valid, take.values, np.float32(0.9))
    valid = np.ones_like(take.valid)
    return Outcome(take.changed("x", values=values, valid=valid), ("Filled.",), {"gaps": 2})


def _losing(take: Take, params: object, context: StepContext) -> Take:
    valid = np.array(take.valid)
    valid[10:14] = False
    return take.changed("x", valid=valid)


def _adding(take: Take, params: object, context: StepContext) -> Take:
    """A step that gives the take a channel that it lacked, with its confidence."""
    more = np.full((take.samples, 1), 0.4, np.float32)
    return replace(
        take,
        channels=(*take.channels, arkit_schema()["cheekPuff"]),
        values=np.hstack([take.values, more]),
        valid=np.hstack([take.valid, more > 0]),
        confidence=np.hstack([take.confidence, more]) if take.confidence is not None else None,
    )


def _cutting(take: Take, params: object, context: StepContext) -> Take:
    return make_take(take.times[1:], take.channels, take.values[1:])


@pytest.fixture
def kinds_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    swap = kinds()["swap_sides"]
    extra = {
        "fill": Kind("fill", "Fill", "Fill", swap.params, _filling, fills=True),
        "lose": Kind("lose", "Lose", "Lose", swap.params, _losing),
        "add": Kind("add", "Add", "Add", swap.params, _adding),
        "cut": Kind("cut", "Cut", "Cut", swap.params, _cutting),
    }
    together = {**kinds(), **extra}
    monkeypatch.setattr("facemocap_addon.core.stack.kinds.kinds", lambda: together)


@pytest.mark.usefixtures("kinds_of_tests")
@pytest.mark.parametrize("influence", [0.25, 0.5])
def test_a_gap_that_is_filled_in_part_starts_from_the_line_over_it(influence: float):
    take = rough_take(3)
    out = run(take, Step("fill", influence=influence))
    assert out.valid.all()
    line = sample_channels(take, NAMES, take.times)
    holes = ~take.valid
    expected = line + influence * (np.float32(0.9) - line)
    np.testing.assert_allclose(out.values[holes], expected[holes], atol=1e-6)
    assert np.array_equal(out.values[take.valid], take.values[take.valid])


@pytest.mark.usefixtures("kinds_of_tests")
def test_a_sample_that_is_lost_in_part_comes_closer_to_the_line():
    take = face_take()
    out = run(take, Step("lose", influence=0.5))
    assert out.valid.all()
    lost = run(take, Step("lose"))
    assert not lost.valid[10:14].any()
    line = sample_channels(lost, NAMES, take.times)
    np.testing.assert_allclose(out.values, 0.5 * (take.values + line), atol=1e-6)


@pytest.mark.usefixtures("kinds_of_tests")
def test_a_step_may_add_channels_where_its_mask_lets_it():
    take = rough_take(1)
    out = run(take, Step("add", mask=Mask(("cheek",), ((20, 40),), 0.0), influence=0.5))
    assert out.names == (*take.names, "cheekPuff")
    assert out.values[:, :-1].tobytes() == take.values.tobytes()
    frames = (take.times - take.times[0]) * take.rate_hz
    inside = (frames >= 20) & (frames <= 40)
    assert np.array_equal(out.valid[:, -1], inside)
    # there is nothing to mix it with
    np.testing.assert_array_equal(out.values[inside, -1], np.float32(0.4))


@pytest.mark.usefixtures("kinds_of_tests")
def test_a_kind_that_breaks_its_word_is_a_bug_and_looks_like_one():
    with pytest.raises(TypeError, match="cut changed the times"):
        run(face_take(), Step("cut"))


@pytest.mark.usefixtures("kinds_of_tests")
def test_reports_say_what_each_step_did():
    take = rough_take(2)
    stack = Stack((Step("fill"), make_step("range", gain=2.0, enabled=False), Step("lose"), GAIN))
    filled, off, lost, gain = run_stack(take, stack).reports
    assert (filled.number, filled.kind, filled.remarks, filled.counts) == (
        1, "fill", ("Filled.",), {"gaps": 2},
    )  # fmt: skip
    assert filled.filled == int((~take.valid).sum())
    assert filled.rms_change == {"angle": 0.0, "weight": 0.0}
    assert (off.number, off.done) == (2, False)
    assert lost.lost == 4 * len(NAMES)
    before, after = run(take, *stack.steps[:3]), run(take, *stack.steps)
    weights = [i for i, c in enumerate(take.channels) if c.kind == "weight"]
    there = before.valid[:, weights]
    change = (after.values.astype(np.float64) - before.values)[:, weights][there]
    assert gain.rms_change["weight"] == pytest.approx(np.sqrt(np.mean(change**2)), rel=1e-4)
    assert gain.rms_change["angle"] == 0.0
    assert after.history == (*take.history, "fill", "lose", "range (gain 2.0)")


def test_a_run_tells_how_far_it_is():
    job = stack_job(face_take(), Stack((GAIN, make_step("neutral"))))
    assert next(job) == Progress(0.0, "Range")
    assert next(job) == Progress(0.5, "Neutral")
    with pytest.raises(StopIteration) as ended:
        next(job)
    assert len(ended.value.value.reports) == 2


def test_a_step_that_cannot_be_done_is_named():
    late = make_step("neutral", source="time", time_s=99.0)
    with pytest.raises(FacemocapError, match=r"Step 2 \(neutral\): The neutral frame at 99 s"):
        run(face_take(), GAIN, late)


def test_the_raw_take_is_never_altered():
    take = rough_take()
    before = (take.values.tobytes(), take.valid.tobytes(), take.times.tobytes(), take.history)
    run(take, *(Step(name) for name in kinds()))
    assert (
        take.values.tobytes(),
        take.valid.tobytes(),
        take.times.tobytes(),
        take.history,
    ) == before


def test_process_takes_a_stack_a_document_or_a_file(tmp_path: Path):
    take, stack = face_take(), Stack((GAIN,))
    path = tmp_path / "a.json"
    write_stack(stack, path)
    expected = run(take, GAIN).digest
    for given_as in (stack, stack.to_json(), path, str(path)):
        assert fm.process(take, given_as).digest == expected


@pytest.mark.parametrize("name", odd_takes())
def test_influence_and_masks_survive_odd_takes(name: str):
    take = odd_takes()[name]
    out = run(
        take,
        make_step("swap_sides", influence=0.5),
        make_step(
            "dead_zone", influence=((0.0, 0.2), (1.0, 0.7)), mask=Mask(("mouth",), ((1, 3),))
        ),
    )
    assert out.names == take.names
    assert np.array_equal(out.times, take.times)
