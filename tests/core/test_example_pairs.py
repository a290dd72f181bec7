# SPDX-License-Identifier: GPL-3.0-or-later
"""Example pairs: exact at the examples, straight on the way to them, no event moved in time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facemocap_addon.core.actor.example_pairs import (
    Example,
    ExampleLibrary,
    PoseKey,
    example_from_take,
    example_library_from_json,
    read_example_library,
    write_example_library,
)
from facemocap_addon.core.actor.example_solving import (
    channel_base,
    corrected_take,
    fit_examples,
    fit_to_rig_map,
    retarget_with_examples,
)
from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.controls import ControlKey
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rig_maps.rig_map import Fit, RigMap, RigMapEntry, Source
from facemocap_addon.core.take import Take, make_take

MOUTH = ("jawOpen", "mouthFunnel", "mouthPucker", "mouthSmileLeft", "mouthSmileRight")


def shape(name: str) -> ControlKey:
    return ControlKey("shape_key", "head", f'key_blocks["{name}"].value')


def plain_map(names: tuple[str, ...] = MOUTH, gain: float = 0.8) -> RigMap:
    return RigMap("head", tuple(RigMapEntry(shape(n), (Source(n, gain),)) for n in names))


def take_of(values: Any, names: tuple[str, ...] = MOUTH) -> Take:
    schema = arkit_schema()
    return make_take(np.arange(len(values)) / 60.0, [schema[n] for n in names], np.array(values))


def library_of(faces: Any, poses: Any, names: tuple[str, ...] = MOUTH) -> ExampleLibrary:
    """Faces (e, c) and poses (e, c), of the controls of the same names."""
    keys = [shape(name) for name in names]
    return ExampleLibrary(
        "Anna",
        "head",
        tuple(
            Example(
                f"e{number}",
                dict(zip(names, map(float, face), strict=True)),
                dict(zip(keys, map(float, pose), strict=True)),
            )
            for number, (face, pose) in enumerate(zip(faces, poses, strict=True))
        ),
    )


def played(library: ExampleLibrary, rig_map: RigMap, frames: Any, raw: bool = True) -> Any:
    """Control values (n, k) in the order of the map's entries."""
    mapping = fit_to_rig_map(library, rig_map)
    solved = retarget_with_examples(take_of(frames), rig_map, mapping, raw=raw)
    order = [solved.controls.index(entry.control) for entry in rig_map.entries]
    return solved.values[:, order]


def assert_one_way(values: Any, ends: Any, slack: float) -> None:
    """Every column of ``values`` (n, k) goes from its first to its last row and never back."""
    steps = np.diff(values, axis=0) * np.sign(ends[1] - ends[0])
    assert steps.min() >= -slack


def random_pairs(seed: int, number: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    faces = rng.uniform(0.0, 1.0, (number, 5)) * (rng.random((number, 5)) < 0.6)
    faces[np.arange(number), rng.integers(0, 5, number)] += 0.3
    return np.round(faces, 3), rng.uniform(-0.5, 1.5, (number, 5))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 14))
def test_exact_at_examples_and_straight_on_the_way(seed: int, number: int):
    faces, poses = random_pairs(seed, number)
    faces, kept = np.unique(faces, axis=0, return_index=True)
    # float32 takes hold the examples' numbers as they are captured
    faces, poses = faces.astype(np.float32).astype(float), poses[kept]
    library, rig_map = library_of(faces, poses), plain_map()
    assert played(library, rig_map, faces) == pytest.approx(poses, abs=1e-6)
    for face, pose in zip(faces, poses, strict=True):
        amounts = np.linspace(0.0, 1.0, 41)[:, None]
        mapping = fit_to_rig_map(library, rig_map)
        way = amounts * face
        values = (
            way * 0.8 + mapping.correction(way)[:, [mapping.keys.index(shape(n)) for n in MOUTH]]
        )
        assert values[0] == pytest.approx(0.0, abs=1e-9)
        in_line = [other for other in faces if _in_line(other, face) and other is not face]
        if not in_line:
            assert_one_way(values, (np.zeros(5), pose), 1e-9)


def _in_line(one: Any, other: Any) -> bool:
    cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    return bool(cosine > 1.0 - 1e-9)


def test_a_bent_base_is_met_and_the_sum_is_straight():
    bend = ((0.0, 0.0), (0.5, 0.1), (0.7, 0.8), (1.0, 1.0))
    entry = RigMapEntry(shape("jawOpen"), (Source("jawOpen"),), response=bend)
    rig_map = RigMap("head", (entry, RigMapEntry(shape("mouthFunnel"), (Source("mouthFunnel"),))))
    faces = [[0.9, 0.1, 0, 0, 0], [0.2, 0.8, 0, 0, 0]]
    poses = np.array([[0.5, 0.3], [0.3, 0.2]])
    library = library_of([f[:2] for f in faces], poses, MOUTH[:2])
    assert played(library, rig_map, faces) == pytest.approx(poses, abs=1e-6)
    for face, pose in zip(faces, poses, strict=True):
        amounts = np.linspace(0.0, 1.0, 321)[:, None]
        values = played(library, rig_map, amounts * np.array(face))
        # the base is asked at 64 places of the way, between them it is taken as straight
        assert values == pytest.approx(amounts * np.array(pose), abs=5e-3)
        assert_one_way(values, (np.zeros(2), np.array(pose)), 1e-6)


def test_a_fitted_base_is_met():
    fit = Fit(((shape("jawOpen"),), (shape("mouthFunnel"),)), MOUTH, ((0.7, 0.2, 0, 0, 0),
              (0.1, 0.8, 0.5, 0, 0)))  # fmt: skip
    entries = tuple(RigMapEntry(shape(n), (Source(n),)) for n in MOUTH[:2])
    rig_map = RigMap("head", entries, fits=(fit,))
    faces = np.array([[0.8, 0.1, 0, 0, 0], [0.1, 0.7, 0.6, 0.1, 0.1]])
    poses = [[1.0, 0.0], [0.2, 0.6]]
    examples = tuple(
        Example(f"e{k}", dict(zip(MOUTH, map(float, face), strict=True)),
                dict(zip(map(shape, MOUTH[:2]), pose, strict=True)))
        for k, (face, pose) in enumerate(zip(faces, poses, strict=True))
    )  # fmt: skip
    library = ExampleLibrary("Anna", "head", examples)
    assert played(library, rig_map, faces) == pytest.approx(np.array(poses), abs=1e-6)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 9))
def test_events_keep_their_time(seed: int, number: int):
    faces, poses = random_pairs(seed, number)
    faces, kept = np.unique(faces, axis=0, return_index=True)
    library, rig_map = library_of(faces, poses[kept]), plain_map()
    rng = np.random.default_rng(seed)
    times = np.arange(90) / 60.0
    peak = int(rng.integers(20, 70))
    # a lopsided event, up to half as much again as the example, and others than the examples
    rise = np.exp(-0.5 * ((times - times[peak]) / np.where(times < times[peak], 0.08, 0.2)) ** 2)
    least = min(np.linalg.norm(face) for face in faces)
    mixed = rng.uniform(0, 1, (3, 5))
    mixed *= least / np.linalg.norm(mixed, axis=1)[:, None]
    alone = [f for f in faces if sum(_in_line(f, other) for other in faces) == 1]
    for look, most in [*((f, 1.5) for f in alone), *((m, 1.9) for m in mixed)]:
        values = played(library, rig_map, most * rise[:, None] * look)
        for column in values.T:
            if np.ptp(column) > 1e-4:
                assert int(np.argmax(np.abs(column))) == peak


def test_collinear_examples_make_a_polygon():
    look = np.array([0.0, 0.6, 0.8, 0.0, 0.0])
    faces = [0.5 * look, look, 0.25 * look, [0.9, 0, 0, 0, 0.3]]
    poses = np.zeros((4, 5))
    poses[:, 1] = 0.1, 0.9, 0.3, 0.5
    library = library_of(faces, poses)
    amounts = np.array([0.0, 0.125, 0.25, 0.375, 0.5, 0.75, 1.0])
    values = played(library, plain_map(), amounts[:, None] * look)
    assert values[:, 1] == pytest.approx([0.0, 0.15, 0.3, 0.2, 0.1, 0.5, 0.9], abs=1e-6)
    assert played(library, plain_map(), [faces[3]]) == pytest.approx(poses[3:], abs=1e-6)


def test_one_example_changes_what_is_like_it_and_leaves_the_rest():
    smile = np.array([0.0, 0.0, 0.0, 0.8, 0.8])
    library = library_of([smile], [[0.3, 0.0, 0.0, 1.0, 1.0]])
    frames = np.array([smile, 0.5 * smile, [0, 0, 0, 0, 0], [0.5, 0.5, 0, 0, 0]])
    values = played(library, plain_map(), frames)
    assert values[0] == pytest.approx([0.3, 0, 0, 1, 1], abs=1e-6)
    assert values[1] == pytest.approx([0.15, 0, 0, 0.5, 0.5], abs=1e-6)
    assert values[2] == pytest.approx(np.zeros(5), abs=1e-9)
    assert values[3] == pytest.approx([0.4, 0.4, 0, 0, 0], abs=0.02)


def test_more_examples_than_channels():
    angles = np.linspace(0.05, 1.5, 24)
    faces = np.zeros((24, 5))
    faces[:, 0], faces[:, 3] = np.cos(angles), np.sin(angles)
    poses = np.random.default_rng(3).uniform(0, 1, (24, 5))
    assert played(library_of(faces, poses), plain_map(), faces) == pytest.approx(poses, abs=1e-6)


def test_smooth_truth_is_told_between_many_examples():
    angles = np.linspace(0.0, np.pi / 2, 13)

    def truth(turn: Any) -> Any:
        out = np.zeros((len(turn), 5))
        out[:, 0], out[:, 3], out[:, 1] = np.cos(turn), np.sin(turn), 0.4 * np.sin(2 * turn)
        return out

    def face(turn: Any) -> Any:
        out = np.zeros((len(turn), 5))
        out[:, 0], out[:, 3] = np.cos(turn), np.sin(turn)
        return out

    library = library_of(face(angles), truth(angles))
    between = 0.5 * (angles[1:] + angles[:-1])
    off = np.abs(played(library, plain_map(), face(between)) - truth(between)).max()
    straight = np.linalg.lstsq(face(angles), truth(angles), rcond=None)[0]
    # a tenth of what linear regression misses
    assert off < 0.1 * np.abs(face(between) @ straight - truth(between)).max()


def test_one_face_with_two_poses_is_refused_by_name():
    faces = [[0.5, 0, 0, 0.2, 0], [0.5, 0, 0, 0.2, 0], [0, 0.4, 0, 0, 0]]
    library = library_of(faces, [[1, 0, 0, 0, 0], [0.5, 0, 0, 0, 0], [0, 1, 0, 0, 0]])
    with pytest.raises(FacemocapError, match='"e0" and "e1" show the same captured face'):
        fit_to_rig_map(library, plain_map())
    same = library_of(faces, [[1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 1, 0, 0, 0]])
    assert played(same, plain_map(), faces)[1, 0] == pytest.approx(1.0, abs=1e-6)


def test_an_example_of_the_neutral_face_moves_the_rest_pose():
    library = library_of([np.zeros(5), [0.8, 0, 0, 0, 0]], [[0.1, 0, 0, 0, 0], [1, 0, 0, 0, 0]])
    values = played(library, plain_map(), [np.zeros(5), [0.4, 0, 0, 0, 0], [0.8, 0, 0, 0, 0]])
    assert values[:, 0] == pytest.approx([0.1, 0.55, 1.0], abs=1e-6)


def test_a_face_next_to_neutral_with_another_pose_is_told():
    faces, poses = [[0.01, 0, 0, 0, 0], [0.8, 0.2, 0, 0, 0]], [[0.5] * 5, [1.0] * 5]
    mapping = fit_to_rig_map(library_of(faces, poses), plain_map())
    said = "The pose differs from the neutral one, the captured face hardly: e0."
    assert mapping.warnings == (said,)


def test_a_library_without_examples_leaves_the_rig_map_alone():
    frames = np.random.default_rng(0).uniform(0, 1, (6, 5))
    values = played(ExampleLibrary("Anna", "head"), plain_map(), frames)
    assert values == pytest.approx(0.8 * frames, abs=1e-6)


def test_limits_hold_and_clipped_values_are_told():
    library = library_of([[0.5, 0, 0, 0, 0]], [[1.0, 0, 0, 0, 0]])
    take, rig_map = take_of([[0.5, 0, 0, 0, 0], [0.8, 0, 0, 0, 0]]), plain_map()
    solved = retarget_with_examples(take, rig_map, fit_to_rig_map(library, rig_map))
    assert solved.values[:, 0].tolist() == pytest.approx([1.0, 1.0], abs=1e-6)
    assert solved.clipped[:, 0].tolist()[1] is True
    assert solved.beyond[1, 0] == pytest.approx(0.6, abs=1e-6)


def test_a_blink_leaves_the_correction_of_a_smile_alone():
    names = (*MOUTH, "eyeBlinkLeft", "eyeBlinkRight")
    smile = [0, 0, 0, 0.8, 0.8, 0, 0]
    library = library_of([smile], [[0.2, 0, 0, 1, 1, 0, 0]], names)
    rig_map = plain_map(names)
    mapping = fit_to_rig_map(library, rig_map)
    take = take_of([smile, [*smile[:5], 1.0, 1.0]], names)
    one, two = retarget_with_examples(take, rig_map, mapping, raw=True).values
    assert two[:5] == pytest.approx(one[:5], abs=1e-9)
    assert two[5:] == pytest.approx([0.8, 0.8], abs=1e-6)


def test_where_a_part_of_the_face_does_not_tell_the_whole_face_does():
    names = ("jawOpen", "browInnerUp")
    faces = [[0.5, 0.0], [0.5, 0.9]]
    poses = [[0.4, 0.0], [0.7, 1.0]]
    library, rig_map = library_of(faces, poses, names), plain_map(names)
    mapping = fit_to_rig_map(library, rig_map)
    solved = retarget_with_examples(take_of(faces, names), rig_map, mapping)
    assert solved.values == pytest.approx(np.array(poses), abs=1e-6)


def test_a_control_that_nothing_drives_is_posed():
    extra = shape("wrinkle")
    example = Example("frown", {"jawOpen": 0.5}, {extra: 0.7})
    mapping = fit_to_rig_map(ExampleLibrary("Anna", "head", (example,)), plain_map())
    solved = retarget_with_examples(take_of([[0.5, 0, 0, 0, 0]]), plain_map(), mapping)
    assert solved.values[0, solved.controls.index(extra)] == pytest.approx(0.7, abs=1e-6)
    assert solved.known.all()


# ---------------------------------------------------------------- the library


def test_a_library_is_edited_by_name():
    one = Example("a", {"jawOpen": 0.5}, {"jawOpen": 0.7})
    two = Example("b", {"jawOpen": 0.9}, {"jawOpen": 0.8})
    library = ExampleLibrary("Anna", "head").added(one).added(two)
    assert [each.name for each in library.removed("a").examples] == ["b"]
    better = Example("c", {"jawOpen": 0.6}, {"jawOpen": 0.9})
    assert library.replaced("a", better).examples == (better, two)
    with pytest.raises(FacemocapError, match='an example "a" already'):
        library.added(one)
    with pytest.raises(FacemocapError, match='an example "b" already'):
        library.replaced("a", two)
    with pytest.raises(FacemocapError, match=r'no example "x"\. Choose one of a, b'):
        library.removed("x")
    library.check_belongs("Anna", "head")
    with pytest.raises(FacemocapError, match='those of "Anna" on "head"'):
        library.check_belongs("Ben", "head")


def test_a_library_s_file_says_all_again(tmp_path: Path):
    bone = ControlKey("bone", "rig", 'pose.bones["jaw"].rotation', 2)
    example = Example("ö", {"jawOpen": 0.1 + 0.2}, {bone: -0.25, "jawOpen": 1 / 3}, "t", 1.25)
    library = ExampleLibrary("Anna", "head", (example,), {"browInnerUp": 0.05})
    path = tmp_path / "examples.json"
    write_example_library(library, path)
    assert read_example_library(path) == library


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 9}, "schema 9"),
        ({"examples": [{"name": "a", "channels": {"x": 1}}]}, "Example 1 of .* pose is missing"),
        ({"examples": [{"name": "a", "channels": {"x": "y"}, "pose": []}]}, "Example 1 of"),
        ({"examples": [{"name": "a", "channels": {}, "pose": []}]}, "needs channels and a pose"),
        ({"neutral": {"x": float("inf")}}, "neutral must hold finite"),
        ({"neutral": []}, "The library .* is wrong"),
    ],
)
def test_wrong_libraries_are_told(change: dict[str, Any], said: str):
    document = json.loads(json.dumps(ExampleLibrary("Anna", "head").to_json() | change))
    with pytest.raises(FacemocapError, match=said):
        example_library_from_json(document, "examples.json")


# ---------------------------------------------------------------- a real take


@pytest.mark.shared
def test_frames_of_a_real_take_become_the_poses_made_of_them(shared: Path):
    path = next((shared / "takes" / "livelinkface").glob("*rom*.csv"))
    take = read_take(path)
    rng = np.random.default_rng(5)
    names = [n for n in take.recorded if take.channels[take.column(n)].kind == "weight"]
    frames = rng.choice(np.flatnonzero(take.valid.any(axis=1)), 12, replace=False)
    library = ExampleLibrary("actor", "head")
    for frame in map(int, frames):
        # what an animator makes: somewhat more of small values, and never twice the same
        captured = {name: float(take.values[frame, take.column(name)]) for name in names}
        pose: dict[PoseKey, float] = {
            name: 1.3 * value**0.8 * rng.uniform(0.9, 1.1) for name, value in captured.items()
        }
        at = float(take.times[frame] - take.times[0])
        library = library.added(example_from_take(take, at, pose, f"frame {frame}"))
    out = corrected_take(take, fit_examples(library, channel_base(names)))
    for frame, example in zip(frames, library.examples, strict=True):
        got = {name: float(out.values[frame, out.column(name)]) for name in names}
        assert got == pytest.approx(dict(example.pose), abs=1e-6)
    assert np.array_equal(out.times, take.times)
    assert np.array_equal(out.valid, take.valid)
    # what lies between the examples does not go astray: 1.3 * 1.1 is the most that was asked for
    columns = [out.column(name) for name in names]
    assert np.abs(out.values[:, columns][out.valid[:, columns]]).max() < 2.0


@pytest.mark.shared
def test_an_example_without_a_face_or_a_time_is_refused(shared: Path):
    take = read_take(next((shared / "takes" / "livelinkface").glob("*rom*.csv")))
    with pytest.raises(FacemocapError, match="is not in the take"):
        example_from_take(take, 1e4, {"jawOpen": 1.0}, "late")
    lost = int(np.argmax(~take.valid.any(axis=1)))
    assert lost > 0
    with pytest.raises(FacemocapError, match="No face was recorded"):
        example_from_take(take, float(take.times[lost] - take.times[0]), {"jawOpen": 1.0}, "lost")
