# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes of a map as measured: one path for each, nothing that turns them twice."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.controls import BONE, PROPERTY, SHAPE_KEY, Control
from facemocap_addon.core.gaze.eye_turns import EyeTurn
from facemocap_addon.core.gaze.gaze_angles import look_turn
from facemocap_addon.core.gaze.gaze_fit import with_measured_eyes
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.rig_maps.rig_map import RigMap, Source
from facemocap_addon.core.take import Take, make_take

NOUGHT = (0.0, 0.0, 0.0)
WAYS = ("Out", "In", "Up", "Down")
FRONT = np.array([0.0, 0.0, 1.0])


def bone(name: str, at: tuple[float, float, float], **more: object) -> list[Control]:
    """A bone whose rest axes are the character's own."""
    return [
        Control(
            BONE,
            "rig",
            f'pose.bones["{name}"].{channel}',
            index,
            name,
            range=(-3.1416, 3.1416) if channel == "rotation" else (-10.0, 10.0),
            axis=tuple(np.eye(3)[index].tolist()),
            at=at,
            tail=(at[0], at[1], at[2] + 0.01),
            **more,  # type: ignore[arg-type]
        )
        for channel in ("rotation", "location")
        for index in range(3)
    ]


EYES = [*bone("eye.L", (0.03, 1.6, 0.1)), *bone("eye.R", (-0.03, 1.6, 0.1))]


def shape(name: str, owner: str = "face") -> Control:
    return Control(SHAPE_KEY, owner, f'key_blocks["{name}"].value', 0, name)


LOOKS = [shape(f"eyeLook{way}{side}") for way in WAYS for side in ("Left", "Right")]


def turn_of(control: Control, left: np.ndarray, right: np.ndarray, amount: float = 1.0) -> EyeTurn:
    return EyeTurn(control.key, amount, tuple(left.tolist()), tuple(right.tolist()))


def bone_turns() -> list[EyeTurn]:
    """What eye bones do: each its own eye by its own axes."""
    out: list[EyeTurn] = []
    for control in EYES:
        if control.is_rotation:
            vector = 0.2 * np.eye(3)[control.index]
            left = control.name.endswith("L")
            out.append(turn_of(control, vector * left, vector * (not left), 0.2))
    return out


def shape_turns(share: float, controls: list[Control] = LOOKS) -> list[EyeTurn]:
    """Shapes that turn the eyeballs by a share of what eyeLook means."""
    out: list[EyeTurn] = []
    for control in controls:
        vector = share * look_turn(control.name)
        left = control.name.endswith("Left")
        out.append(turn_of(control, vector * left, vector * (not left)))
    return out


def gaze_take(raw: bool = False) -> tuple[Take, np.ndarray, np.ndarray]:
    """Angles and coefficients of one gaze, as a recorder writes both."""
    grid = np.radians([(a, e) for a in (-30, -10, 0, 20) for e in (-25, 0, 15)])
    names = ["leftEyeYaw", "leftEyePitch", "rightEyeYaw", "rightEyePitch"]
    columns: dict[str, np.ndarray] = {}
    x, y, z = direction(grid).T
    for side in ("left", "right"):
        columns[f"{side}EyeYaw"] = -np.arcsin(x)
        columns[f"{side}EyePitch"] = np.arctan2(-y, z)
    for control in LOOKS:
        way = look_turn(control.name)
        size = np.linalg.norm(way)
        toward = np.stack([-grid[:, 1], grid[:, 0]], axis=1) @ way[:2] / size**2
        columns[control.name] = np.maximum(toward, 0.0)
        names.append(control.name)
    values = np.stack([columns[name] for name in names], axis=1)
    take = make_take(np.arange(len(grid)) / 60, [arkit_schema()[n] for n in names], values)
    return take, direction(grid), values


def direction(grid: np.ndarray) -> np.ndarray:
    azimuth, elevation = grid.T
    return np.stack(
        [
            np.sin(azimuth) * np.cos(elevation),
            np.sin(elevation),
            np.cos(azimuth) * np.cos(elevation),
        ],
        axis=1,
    )


def looked(rig_map: RigMap, turns: list[EyeTurn], take: Take, side: str) -> np.ndarray:
    """Where an eyeball really looks: shapes deform it first, the bone turns the result."""
    solved = retarget(take, rig_map)
    parts: dict[bool, np.ndarray] = {}
    for place, key in enumerate(solved.controls):
        for turn in turns:
            if turn.control == key:
                vector = solved.values[:, place, None] * turn.turn(side)
                is_bone = key.kind == BONE
                parts[is_bone] = parts.get(is_bone, np.zeros((take.samples, 3))) + vector
    gaze = np.tile(FRONT, (take.samples, 1))
    for is_bone in (False, True):
        if is_bone in parts:
            gaze = Rotation.from_rotvec(parts[is_bone]).apply(gaze)
    return gaze


def off_deg(one: np.ndarray, two: np.ndarray) -> float:
    cross = np.linalg.norm(np.cross(one, two), axis=-1)
    return float(np.degrees(np.arctan2(cross, np.sum(one * two, axis=-1))).max())


@pytest.mark.parametrize("share", [0.0, 0.4, 0.66, 1.0])
def test_shapes_that_turn_the_eyeball_are_taken_off_its_bone(share: float) -> None:
    turns = [*bone_turns(), *shape_turns(share)]
    rig_map = match([*EYES, *LOOKS])
    take, wanted, _ = gaze_take()
    fitted = with_measured_eyes(rig_map, turns, [*EYES, *LOOKS])
    for side in ("left", "right"):
        assert off_deg(looked(fitted, turns, take, side), wanted) < 0.7
        if share > 0.3:
            # without measuring the eyes look much farther than they were seen to
            assert off_deg(looked(rig_map, turns, take, side), wanted) > 8
    kept = {e.control: e for e in fitted.entries}
    # shapes themselves stay as captured: lids go with them
    assert all(kept[c.key].sources == (Source(c.name),) for c in LOOKS)
    bones = [e for e in fitted.entries if e.control.kind == BONE]
    assert {s.channel for e in bones for s in e.sources} >= {"leftEyeYaw", "rightEyePitch"}
    named = any(s.channel.startswith("eyeLook") for e in bones for s in e.sources)
    assert named == (share > 0)
    assert fitted.unmatched_channels == rig_map.unmatched_channels


def test_lids_alone_leave_the_bone_alone() -> None:
    """Shapes that turn the eyeball by less than two degrees only move lids."""
    rig_map = match([*EYES, *LOOKS])
    fitted = with_measured_eyes(rig_map, [*bone_turns(), *shape_turns(0.05)], [*EYES, *LOOKS])
    bones = [e for e in fitted.entries if e.control.kind == BONE]
    assert not any(s.channel.startswith("eyeLook") for e in bones for s in e.sources)


@pytest.mark.parametrize("controls", [LOOKS, [*EYES, *LOOKS]])
def test_fitting_again_changes_nothing(controls: list[Control]) -> None:
    turns = [*bone_turns(), *shape_turns(0.5)]
    once = with_measured_eyes(match(controls), turns, controls)
    twice = with_measured_eyes(once, turns, controls)
    assert {e.control: e for e in twice.entries} == {e.control: e for e in once.entries}
    assert len(twice.entries) == len(once.entries)


def test_without_a_measurement_nothing_changes() -> None:
    rig_map = match([*EYES, *LOOKS])
    assert with_measured_eyes(rig_map, (), [*EYES, *LOOKS]) == rig_map


def test_eyes_that_only_have_shapes_do_what_they_can() -> None:
    turns = shape_turns(0.7)
    take, wanted, _ = gaze_take()
    fitted = with_measured_eyes(match(LOOKS), turns, LOOKS)
    solved = retarget(take, fitted)
    got = looked(fitted, turns, take, "left")
    cut = solved.clipped.any(axis=1)
    assert 2 <= cut.sum() <= take.samples / 2
    assert off_deg(got[~cut], wanted[~cut]) < 0.2
    # a shape at its end has done its best
    assert off_deg(got[cut], wanted[cut]) < 25
    assert (solved.values[cut].max(axis=1) == 1.0).all()
    assert solved.values.min() == 0.0
    before = looked(match(LOOKS), turns, take, "left")
    assert off_deg(got[~cut], wanted[~cut]) < off_deg(before[~cut], wanted[~cut]) / 10
    assert {f"eyeLook{way}Left" for way in WAYS} <= fitted.covered


def test_lids_on_a_mesh_of_their_own_are_not_driven_farther() -> None:
    lids = [shape(c.name, "head") for c in LOOKS]
    turns = shape_turns(0.5)
    fitted = with_measured_eyes(match([*LOOKS, *lids]), turns, [*LOOKS, *lids])
    by_owner = {
        owner: [e for e in fitted.entries if e.control.owner == owner] for owner in ("face", "head")
    }
    assert len(by_owner["face"]) == len(by_owner["head"]) == 8
    assert all(e.sources == (Source(c.name),) for e, c in zip(by_owner["head"], lids, strict=True))
    assert all("Eye" in e.sources[0].channel for e in by_owner["face"])


def test_one_shape_for_both_eyes_gets_the_mean_of_them() -> None:
    both = shape("LookLeft")
    rig_map = RigMap(
        "",
        (
            replace(
                match([shape("eyeLookOutLeft")]).entries[0],
                control=both.key,
                sources=(Source("eyeLookOutLeft", 0.5), Source("eyeLookInRight", 0.5)),
            ),
        ),
    )
    turn = turn_of(both, np.array([0, 0.3, 0]), np.array([0, 0.5, 0]))
    entry = with_measured_eyes(rig_map, [turn], [both]).entries[0]
    take, _, values = gaze_take()
    solved = retarget(take, RigMap("", (entry,)))
    mean = -0.5 * (values[:, 0] + values[:, 2]) / 0.4
    level = np.abs(values[:, 1]) < 1e-6
    np.testing.assert_allclose(solved.values[level, 0], mean[level].clip(0, 1), atol=2e-4)


def test_a_slider_for_both_ways_stays_one() -> None:
    slider = Control(PROPERTY, "rig", '["look"]', 0, "look", range=(-1.0, 1.0))
    sources = (Source("eyeLookOutLeft", 1.0), Source("eyeLookInLeft", -1.0))
    entry = replace(
        match([shape("eyeLookOutLeft")]).entries[0],
        control=slider.key,
        sources=sources,
        limits=(-1.0, 1.0),
    )
    turn = turn_of(slider, np.array([0, 0.5, 0]), np.zeros(3))
    fitted = with_measured_eyes(RigMap("", (entry,)), [turn], [slider]).entries[0]
    assert (fitted.sources, fitted.response) == ((Source("leftEyeYaw", -2.0),), ())
    # a control that turns the eye the other way than its name says is left to the person
    wrong = turn_of(slider, np.array([0, -0.5, 0]), np.zeros(3))
    assert with_measured_eyes(RigMap("", (entry,)), [wrong], [slider]).entries == (entry,)


TARGETS = [*bone("eye.L", (0.03, 1.6, 0.3)), *bone("eye.R", (-0.03, 1.6, 0.3))]
DISTANCE = 0.2


def target_turns(controls: list[Control], sides: str) -> list[EyeTurn]:
    out: list[EyeTurn] = []
    for control in controls:
        if control.is_rotation or control.index == 2:
            continue
        angle = math.atan(0.03 / DISTANCE)
        vector = np.array([0, angle, 0] if control.index == 0 else [-angle, 0, 0])
        out.append(turn_of(control, vector * ("L" in sides), vector * ("R" in sides), 0.03))
    return out


def aimed(rig_map: RigMap, turns: list[EyeTurn], take: Take, side: str) -> np.ndarray:
    """Where an eye looks: shapes aside, straight to the target."""
    solved = retarget(take, rig_map)
    at = np.tile([0.0, 0.0, DISTANCE], (take.samples, 1))
    shapes = np.zeros((take.samples, 3))
    for place, key in enumerate(solved.controls):
        for turn in turns:
            if turn.control == key and turn.moves and np.linalg.norm(turn.turn(side)):
                at[:, key.index] += solved.values[:, place]
            elif turn.control == key and key.kind == SHAPE_KEY:
                shapes += solved.values[:, place, None] * turn.turn(side)
    aim = at / np.linalg.norm(at, axis=1)[:, None]
    aside = np.cross(FRONT, aim)
    size = np.linalg.norm(aside, axis=1)[:, None]
    bone_turn = aside * np.where(
        size > 1e-9, np.arctan2(size, aim[:, 2:]) / np.maximum(size, 1e-9), 1.0
    )
    gaze = Rotation.from_rotvec(shapes).apply(np.tile(FRONT, (take.samples, 1)))
    return Rotation.from_rotvec(bone_turn).apply(gaze)


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_what_the_eye_looks_at_is_moved_instead_of_the_eye(share: float) -> None:
    """The name says eye, the measurement says target: turning it does nothing."""
    turns = [
        *target_turns(TARGETS[:6], "L"),
        *target_turns(TARGETS[6:], "R"),
        *shape_turns(share),
    ]
    rig_map = match([*TARGETS, *LOOKS])
    assert any(e.control.path.endswith(".rotation") for e in rig_map.entries)
    fitted = with_measured_eyes(rig_map, turns, [*TARGETS, *LOOKS])
    moved = [e for e in fitted.entries if e.control.kind == BONE]
    assert all(e.control.path.endswith(".location") for e in moved)
    assert len(moved) == 4
    take, wanted, _ = gaze_take()
    for side in ("left", "right"):
        assert off_deg(aimed(fitted, turns, take, side), wanted) < 0.7


def test_a_target_of_both_eyes_serves_where_there_is_no_other() -> None:
    common = bone("look", (0.0, 1.6, 0.3))
    both = target_turns(common, "LR")
    fitted = with_measured_eyes(match([*common]), both, common)
    assert {e.control.path for e in fitted.entries} == {'pose.bones["look"].location'}
    sources = {s.channel: s.gain for s in fitted.entries[0].sources}
    assert sources["leftEyeYaw"] == sources["rightEyeYaw"] == pytest.approx(-DISTANCE / 2, rel=1e-3)
    # where each eye has its own, those are taken
    own = [*target_turns(TARGETS[:6], "L"), *target_turns(TARGETS[6:], "R")]
    every = [*common, *TARGETS]
    fitted = with_measured_eyes(match(every), [*both, *own], every)
    assert not any("look" in e.control.path for e in fitted.entries)


def test_what_carries_the_eye_along_does_not_turn_it() -> None:
    head = bone("head", (0.0, 1.5, 0.0))
    turns = [
        replace(turn_of(c, v, v, 0.2), shift_left=1.0, shift_right=1.0)
        for c, v in zip(head[:3], 0.2 * np.eye(3), strict=True)
    ]
    rig_map = match(head)
    assert with_measured_eyes(rig_map, turns, head).entries == rig_map.entries


def test_half_a_turn_is_made_up_for() -> None:
    """A control that turns the eye by half of its own value is driven twice as far."""
    turns = [
        replace(t, left=tuple(0.6 * np.array(t.left)), right=tuple(0.6 * np.array(t.right)))
        for t in bone_turns()
    ]
    take, wanted, _ = gaze_take()
    fitted = with_measured_eyes(match(EYES), turns, EYES)
    assert off_deg(looked(fitted, turns, take, "left"), wanted) < 0.01


def test_a_persons_own_entries_stay() -> None:
    turns = [*bone_turns(), *shape_turns(0.5)]
    rig_map = match([*EYES, *LOOKS])
    first = rig_map.entries[-1]
    mine = replace(first, sources=(Source("jawOpen", 0.1),), how="hand")
    fitted = with_measured_eyes(rig_map.with_entry(mine), turns, [*EYES, *LOOKS])
    kept = {e.control: e for e in fitted.entries}
    assert kept[mine.control] == mine
    side = "R" if "eye.R" in mine.control.path else "L"
    others = [e for e in rig_map.entries if f"eye.{side}" in e.control.path and e != first]
    assert others
    assert all(kept[e.control] == e for e in others)
    far = "L" if side == "R" else "R"
    assert any(
        s.channel.startswith("eyeLook")
        for e in fitted.entries
        if f"eye.{far}" in e.control.path
        for s in e.sources
    )


def test_eyes_found_by_moving_them_get_the_captured_angles_too() -> None:
    """Probing says which coefficients turn a bone; the angles take their place, but for lids."""
    lid = bone("a", (0.03, 1.62, 0.11))[0]
    entries = [
        replace(match(EYES).entries[0], control=EYES[1].key, sources=(Source("eyeLookOutLeft"),)),
        replace(match(EYES).entries[0], control=lid.key, sources=(Source("eyeLookUpLeft", -0.2),)),
    ]
    fitted = with_measured_eyes(RigMap("", tuple(entries)), bone_turns(), [*EYES, lid])
    kept = {e.control: e.sources for e in fitted.entries}
    assert kept[lid.key] == (Source("eyeLookUpLeft", -0.2),)
    assert kept[EYES[1].key] == (Source("leftEyeYaw", -1.0),)
