# SPDX-License-Identifier: GPL-3.0-or-later
"""Driven controls turned round into what moves them, on answers that are known exactly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.controls import BONE, PROPERTY, SHAPE_KEY, Answer, Control, ControlKey
from facemocap_addon.core.drivers.driver_following import choose_answers
from facemocap_addon.core.rig_maps.conventions import conventions
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.rig_maps.rig_map import RigMap, RigMapEntry
from facemocap_addon.core.take import Take, make_take

Points = tuple[tuple[float, float], ...]


def _property(name: str, limits: tuple[float, float] = (0.0, 1.0)) -> Control:
    return Control(PROPERTY, "rig", f'["{name}"]', 0, name, range=limits)


def _handle(name: str, index: int = 0) -> ControlKey:
    return ControlKey(BONE, "panel", f'pose.bones["{name}"].location', index)


def _shape(
    name: str, *answers: Answer, owner: str = "face", limits: tuple[float, float] = (0.0, 1.0)
) -> Control:
    return Control(
        SHAPE_KEY, owner, f'key_blocks["{name}"].value', 0, name, range=limits,
        driven_by="driven by something" if answers else "", answers=answers,
    )  # fmt: skip


def _answer(root: Control | ControlKey, *points: tuple[float, float], rest: float = 0.0) -> Answer:
    key = root.key if isinstance(root, Control) else root
    return Answer(key, points, rest, is_handle=key.kind == BONE)


def _entry(rig_map: RigMap, root: Control | ControlKey) -> RigMapEntry:
    key = root.key if isinstance(root, Control) else root
    return next(entry for entry in rig_map.entries if entry.control == key)


def _gains(entry: RigMapEntry) -> dict[str, float]:
    return {source.channel: source.gain for source in entry.sources}


def _take(channels: Sequence[str], samples: int = 40) -> Take:
    rng = np.random.default_rng(5)
    schema = arkit_schema()
    return make_take(
        np.arange(samples) / 60,
        [schema[name] for name in channels],
        rng.uniform(0.0, 1.0, (samples, len(channels))),
    )


# the choice of a root


def test_one_root_is_chosen_where_one_answers() -> None:
    slider = _property("prop_17")
    driven = _shape("jawOpen", _answer(slider, (0.0, 0.0), (1.0, 1.0)))
    assert choose_answers([driven, slider])[driven.key].root == slider.key


def test_of_two_roots_the_one_that_nothing_else_needs() -> None:
    shared, own = _property("prop_1"), _property("prop_2")
    looking = _shape("eyeLookDownLeft", _answer(shared, (0.0, 0.0), (1.0, 1.0)))
    lid = _shape(
        "eyeBlinkLeft",
        _answer(shared, (0.0, 0.0), (1.0, 0.4)),
        _answer(own, (0.0, 0.0), (1.0, 1.0)),
    )
    assert choose_answers([looking, lid])[lid.key].root == own.key
    # without the other shape nothing tells
    assert lid.key not in choose_answers([lid])


def test_a_root_that_hardly_matters_is_passed_over() -> None:
    main, minor = _property("prop_1"), _property("prop_2")
    lid = _shape(
        "eyeBlinkLeft",
        _answer(minor, (0.0, 0.0), (1.0, 0.2)),
        _answer(main, (0.0, 0.0), (1.0, 1.0)),
    )
    assert choose_answers([lid])[lid.key].root == main.key


# maps


def test_the_gain_is_one_over_the_slope() -> None:
    slider = _property("prop_17", (0.0, 4.0))
    rig_map = match([_shape("jawOpen", _answer(slider, (0.0, 0.25), (3.0, 1.0))), slider])
    entry = _entry(rig_map, slider)
    assert [e.control for e in rig_map.entries] == [slider.key]
    assert _gains(entry) == {"jawOpen": 4.0}
    assert (entry.offset, entry.limits, entry.response) == (-1.0, (0.0, 3.0), ())
    assert rig_map.unmatched_controls == ()
    assert "jawOpen" not in rig_map.unmatched_channels
    assert "mouthClose" in rig_map.unmatched_channels


def test_a_name_that_is_matched_already_wins() -> None:
    slider = _property("mouthClose")
    rig_map = match([_shape("jawOpen", _answer(slider, (0.0, 0.0), (0.5, 1.0))), slider])
    assert _gains(_entry(rig_map, slider)) == {"mouthClose": 1.0}
    assert "jawOpen" in rig_map.unmatched_channels


def test_each_direction_of_a_slider_has_its_channel() -> None:
    root = _handle("slider", 1)
    rig_map = match(
        [
            _shape("mouthSmileLeft", _answer(root, (0.0, 0.0), (0.05, 1.0))),
            _shape("mouthFrownLeft", _answer(root, (-0.1, 1.0), (0.0, 0.0))),
        ]
    )
    entry = _entry(rig_map, root)
    assert _gains(entry) == {"mouthSmileLeft": 0.05, "mouthFrownLeft": -0.1}
    assert (entry.offset, entry.limits, entry.response) == (0.0, (-0.1, 0.05), ())


def _driven(points: Points, root: np.ndarray) -> np.ndarray:
    ends = np.array(points)
    return np.interp(root, ends[:, 0], ends[:, 1])


@pytest.mark.parametrize(
    ("up", "down"),
    [
        # dead in the middle, on both sides
        (((0.2, 0.0), (1.0, 1.0)), ((-1.0, 1.0), (-0.1, 0.0))),
        (((0.0, 0.0), (1.0, 1.0)), ((-1.0, 1.0), (-0.3, 0.0))),
        # bent on one side, or on both
        (((0.0, 0.0), (0.5, 0.25), (1.0, 1.0)), ((-1.0, 1.0), (0.0, 0.0))),
        (((0.0, 0.0), (1.0, 1.0)), ((-1.0, 1.0), (-0.5, 0.3), (0.0, 0.0))),
        (
            ((0.0, 0.0), (0.5, 0.25), (1.0, 1.0)),
            ((-1.0, 1.0), (-0.5, 0.3), (0.0, 0.0)),
        ),
    ],
)
def test_each_direction_may_be_bent_or_begin_late(up: Points, down: Points) -> None:
    root = _handle("slider")
    rig_map = match(
        [_shape("jawLeft", _answer(root, *up)), _shape("jawRight", _answer(root, *down))]
    )
    entry = _entry(rig_map, root)
    assert entry.response
    schema = arkit_schema()
    # at the points themselves, one side at a time, and at rest
    ups, downs = [v for _, v in up], [v for _, v in down]
    values = [[v, 0.0] for v in ups] + [[0.0, v] for v in downs] + [[0.0, 0.0]]
    take = make_take(
        np.arange(len(values)) / 60, [schema["jawLeft"], schema["jawRight"]], np.array(values)
    )
    placed = retarget(take, rig_map).values[:, 0]
    wanted = np.array(values)
    np.testing.assert_allclose(_driven(up, placed), wanted[:, 0], atol=2e-3)
    np.testing.assert_allclose(_driven(down, placed), wanted[:, 1], atol=2e-3)
    assert placed[-1] == 0.0


def test_a_shape_on_several_meshes_counts_once() -> None:
    slider = _property("prop_17")
    rig_map = match(
        [
            _shape("jawOpen", _answer(slider, (0.0, 0.0), (1.0, 1.0))),
            _shape("jawOpen", _answer(slider, (0.0, 0.0), (1.0, 0.6)), owner="teeth"),
            _shape("jawOpen", _answer(slider, (0.0, 0.0), (1.0, 1.0)), owner="tongue"),
        ]
    )
    assert _gains(_entry(rig_map, slider)) == {"jawOpen": 1.0}


def test_two_channels_on_one_root_are_met_as_near_as_can_be() -> None:
    slider = _property("prop_17", (0.0, 10.0))
    slopes = {"mouthSmileLeft": 1.0, "mouthSmileRight": 0.6}
    rig_map = match(
        [_shape(n, _answer(slider, (0.0, 0.0), (1.0 / s, 1.0))) for n, s in slopes.items()]
    )
    take = _take(list(slopes))
    placed = retarget(take, rig_map, raw=True).values[:, 0]
    matrix = np.array([[s] for s in slopes.values()])
    nearest = np.linalg.lstsq(matrix, take.values.T, rcond=None)[0][0]
    np.testing.assert_allclose(placed, nearest, atol=1e-5)


def test_what_a_root_takes_along_does_not_steer_it() -> None:
    slider = _property("prop_17")
    rig_map = match(
        [
            _shape("mouthShrugLower", _answer(slider, (0.0, 0.0), (1.0, 1.0))),
            _shape("mouthShrugUpper", _answer(slider, (0.0, 0.0), (1.0, 0.3))),
        ]
    )
    assert _gains(_entry(rig_map, slider)) == {"mouthShrugLower": 1.0}
    assert "mouthShrugUpper" in rig_map.unmatched_channels


def _bones(name: str, owner: str = "rig") -> list[Control]:
    axes = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    return [
        Control(
            BONE, owner, f'pose.bones["{name}"].{channel}', index, name,
            range=(-3.2, 3.2), axis=axes[index], at=(0.0, 1.5, 0.0), tail=(0.0, 1.5, 0.1),
        )
        for channel in ("rotation", "location")
        for index in range(3)
    ]  # fmt: skip


def test_a_handle_is_not_taken_for_the_bone_that_its_name_means() -> None:
    root = ControlKey(BONE, "rig", 'pose.bones["c_jaw"].rotation', 0)
    driven = _shape("jawOpen", Answer(root, ((0.0, 0.0), (0.7, 1.0)), 0.0, is_handle=True))
    rig_map = match([driven, *_bones("c_jaw")])
    assert [(e.control, _gains(e)) for e in rig_map.entries] == [(root, {"jawOpen": 0.7})]
    deforms = _shape("jawOpen", Answer(root, ((0.0, 0.0), (0.7, 1.0)), 0.0))
    plain = match([deforms, *_bones("c_jaw")])
    assert plain.entries == match(_bones("c_jaw")).entries


def test_driven_bones_are_turned_by_their_root() -> None:
    slider = _property("prop_17", (-5.0, 5.0))
    free = match(_bones("jaw"))
    jaw = next(e for e in free.entries if "jawOpen" in _gains(e))
    controls = [
        Control(
            c.kind, c.owner, c.path, c.index, c.name, range=c.range, axis=c.axis, at=c.at,
            tail=c.tail, driven_by="v",
            answers=(_answer(slider, (-5.0, -2.5), (5.0, 2.5)),) if c.key == jaw.control else (),
        )
        for c in _bones("jaw")
    ]  # fmt: skip
    rig_map = match([*controls, slider])
    assert [e.control for e in rig_map.entries] == [slider.key]
    gains = _gains(_entry(rig_map, slider))
    assert gains == pytest.approx({name: 2 * gain for name, gain in _gains(jaw).items()}, rel=1e-5)


@pytest.mark.parametrize("name", [one.name for one in conventions()])
def test_every_convention_plays_the_same_through_drivers(name: str) -> None:
    """Shapes behind nameless properties take the values that they take when they are free."""
    rng = np.random.default_rng(11)
    names = list(next(one for one in conventions() if one.name == name).targets)
    free = match([_shape(shape) for shape in names])
    if not free.entries:
        pytest.skip("its targets are spelled otherwise")
    functions: dict[ControlKey, Points] = {}
    controls: list[Control] = []
    for number, shape in enumerate(names):
        slider = _property(f"prop_{number:03}", (-50.0, 50.0))
        first, length = rng.uniform(-1.0, 1.0), rng.uniform(0.2, 3.0)
        ends = ((first, 0.0), (first + length, 1.0))
        if number % 3 == 0:
            ends = ((first, 1.0), (first + length, 0.0))
        controls += [_shape(shape, Answer(slider.key, ends, first)), slider]
        functions[_shape(shape).key] = ends
    rig_map = match(controls)
    take = _take([n for n, c in arkit_schema().items() if c.kind == "weight"])
    wanted, placed = retarget(take, free), retarget(take, rig_map)
    roots = {
        control.key: control.answers[0].root for control in controls if control.kind == SHAPE_KEY
    }
    assert set(placed.controls) == {roots[key] for key in wanted.controls}
    for column, key in enumerate(wanted.controls):
        found = placed.values[:, placed.controls.index(roots[key])]
        np.testing.assert_allclose(
            _driven(functions[key], found), wanted.values[:, column], atol=1e-5, err_msg=key.path
        )
    assert rig_map.unmatched_channels == free.unmatched_channels
    keyed = {entry.control for entry in rig_map.entries}
    idle = {c.name for c in controls if c.kind == PROPERTY and c.key not in keyed}
    assert set(rig_map.unmatched_controls) == idle
