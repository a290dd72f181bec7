# SPDX-License-Identifier: GPL-3.0-or-later
"""What the F-curves say is what the phone recorded, at any frame rate and start."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from live_link_oracle import Recording, read_recording
from small_scenes import character_of, make_armature, make_face, wave_take

from facemocap_addon.core.channels import arkit_names
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take
from facemocap_addon.gateway.files.rig_files import open_rig

RATES = {"24": (24, 1.0), "29.97": (30, 1.001), "60": (60, 1.0)}
TAKES = ("JMTechArt_MySlate_3_iPhone.csv", "alexdjulin_alex_rom_3.csv")


@cache
def _take(path: Path) -> Take:
    return read_take(path)


@cache
def _recording(path: Path) -> Recording:
    return read_recording(path)


def _pascal(name: str) -> str:
    return name[0].upper() + name[1:]


def _shape_curves() -> list[tuple[str, Any]]:
    """(shape key name, F-curve) of every shape key datablock's assigned Action."""
    found = []
    for keys in bpy.data.shape_keys:
        data = keys.animation_data
        if data is None or data.action is None:
            continue
        bag = data.action.layers[0].strips[0].channelbag(data.action_slot)
        found += [(fcurve.data_path.split('"')[1], fcurve) for fcurve in bag.fcurves]
    return found


def _check_whole_frames(recording: Recording, scene: Any, start: float, tolerance: float) -> None:
    rate = scene.render.fps / scene.render.fps_base
    first = int(np.ceil(start))
    last = int(np.ceil(start + recording.seconds[-1] * rate - 1e-6))
    frames = np.arange(first - 3, last + 4)
    seconds = (frames - start) * scene.render.fps_base / scene.render.fps
    curves = _shape_curves()
    assert {name for name, _ in curves} == set(arkit_names())
    expected: dict[str, np.ndarray] = {}
    for name, fcurve in curves:
        if name not in expected:
            inside = np.clip(seconds, max(0.0, (first - start) / rate), None)
            expected[name] = recording.at(_pascal(name), inside)
        got = np.array([fcurve.evaluate(frame) for frame in frames.tolist()])
        np.testing.assert_allclose(got, expected[name], atol=tolerance, rtol=0, err_msg=name)
        low, high = fcurve.range()
        assert (low, high) == (first, last)
        points = fcurve.keyframe_points
        assert len(points) == last - first + 1


def _open(sample_rigs: Path, rate: str) -> Any:
    scene = open_rig(sample_rigs / "arkit_head.blend")
    scene.render.fps, scene.render.fps_base = RATES[rate]
    return scene


@pytest.mark.shared
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", TAKES)
def test_whole_frames_of_real_takes(shared: Path, sample_rigs: Path, name: str, rate: str) -> None:
    path = shared / "takes" / "livelinkface" / name
    recording = _recording(path)
    scene = _open(sample_rigs, rate)
    start = {"24": 1.0, "29.97": -40.0, "60": 101.0}[rate]
    picked, rig_map = character_of(scene, bpy.data.objects["arkit_head"])
    apply_take(scene, picked, _take(path), rig_map, ApplyOptions(start_frame=start, raw=True))
    _check_whole_frames(recording, scene, start, 1e-6)


@pytest.mark.shared
@pytest.mark.parametrize("start", [0.0, 0.25, -12.75, 7.999999, 1.0000004, 9000.5])
def test_start_frames(shared: Path, sample_rigs: Path, start: float) -> None:
    path = shared / "takes" / "livelinkface" / TAKES[0]
    scene = _open(sample_rigs, "29.97")
    picked, rig_map = character_of(scene, bpy.data.objects["arkit_head"])
    apply_take(scene, picked, _take(path), rig_map, ApplyOptions(start_frame=start, raw=True))
    if abs(start - round(start)) > 1e-5:
        _check_whole_frames(_recording(path), scene, start, 1e-6)
    else:
        # a hair beside a whole frame means that frame: the first sample is not lost
        _check_whole_frames(_recording(path), scene, round(start), 2e-6)


@pytest.mark.shared
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", TAKES)
def test_keys_on_capture_times(shared: Path, sample_rigs: Path, name: str, rate: str) -> None:
    path = shared / "takes" / "livelinkface" / name
    recording = _recording(path)
    scene = _open(sample_rigs, rate)
    start = 12.5
    picked, rig_map = character_of(scene, bpy.data.objects["arkit_head"])
    options = ApplyOptions(start_frame=start, raw=True, on_capture_times=True)
    apply_take(scene, picked, _take(path), rig_map, options)
    frames = start + recording.seconds[recording.tracked] * scene.render.fps / scene.render.fps_base
    for name_, fcurve in _shape_curves():
        values = recording.columns[_pascal(name_)][recording.tracked]
        keys = np.empty((len(fcurve.keyframe_points), 2), np.float32)
        fcurve.keyframe_points.foreach_get("co", keys.ravel())
        # samples that were dropped are no keys
        assert len(keys) == len(frames)
        np.testing.assert_allclose(keys[:, 0], frames, rtol=1e-7, atol=1e-6)
        np.testing.assert_allclose(keys[:, 1], values, rtol=0, atol=1e-6)
        some = slice(None, None, 7)
        got = [fcurve.evaluate(frame) for frame in keys[some, 0].tolist()]
        np.testing.assert_allclose(got, values[some], rtol=0, atol=1e-4)


@pytest.mark.shared
def test_thirty_hertz_rows_under_sixty_last_as_long_as_they_were_recorded(
    shared: Path, sample_rigs: Path
) -> None:
    path = shared / "takes" / "livelinkface" / TAKES[1]
    scene = _open(sample_rigs, "29.97")
    picked, rig_map = character_of(scene, bpy.data.objects["arkit_head"])
    apply_take(scene, picked, _take(path), rig_map)
    rate = scene.render.fps / scene.render.fps_base
    assert (scene.frame_end - scene.frame_start) / rate == pytest.approx(134.4, abs=0.1)
    assert scene.frame_start == 1


@pytest.mark.shared
def test_the_5990_hertz_take_does_not_drift(shared: Path, sample_rigs: Path) -> None:
    """A blink late in the take happens when the recorder's clock says."""
    path = shared / "takes" / "livelinkface" / TAKES[0]
    recording = _recording(path)
    scene = _open(sample_rigs, "60")
    picked, rig_map = character_of(scene, bpy.data.objects["arkit_head"])
    apply_take(scene, picked, _take(path), rig_map, ApplyOptions(start_frame=0, raw=True))
    last = recording.seconds[-1]
    assert scene.frame_end == int(np.ceil(last * 60 - 1e-6))
    assert scene.frame_end != len(recording.seconds) - 1


@pytest.mark.shared
@pytest.mark.parametrize("range_s", [(1.0, 2.0), (None, 0.5), (4.0, None), (2.003, 2.01)])
def test_ranges_of_a_take(
    shared: Path, sample_rigs: Path, range_s: tuple[float | None, float | None]
) -> None:
    path = shared / "takes" / "livelinkface" / TAKES[0]
    recording = _recording(path)
    scene = _open(sample_rigs, "24")
    picked, rig_map = character_of(scene, bpy.data.objects["arkit_head"])
    options = ApplyOptions(start_frame=50, raw=True, range_s=range_s)
    apply_take(scene, picked, _take(path), rig_map, options)
    begin = range_s[0] or 0.0
    end = recording.seconds[-1] if range_s[1] is None else range_s[1]
    frames = np.arange(50, 51 + int(np.ceil((end - begin) * 24 - 1e-6)))
    for name, fcurve in _shape_curves():
        assert tuple(fcurve.range()) == (frames[0], frames[-1])
        seconds = np.minimum(begin + (frames - 50) / 24, end)
        got = [fcurve.evaluate(frame) for frame in frames.tolist()]
        expected = recording.at(_pascal(name), seconds)
        np.testing.assert_allclose(got, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "range_s",
    [(3.0, 2.0), (1.0, 1.0), (-5.0, -1.0), (2.5, 9.0), (float("nan"), 1.0), (0.0, float("nan"))],
)
def test_ranges_that_hold_nothing(range_s: tuple[float, float], blank_scene: Any) -> None:
    face = make_face()
    picked, rig_map = character_of(blank_scene, face)
    with pytest.raises(FacemocapError, match="range"):
        apply_take(blank_scene, picked, wave_take(), rig_map, ApplyOptions(range_s=range_s))
    assert len(bpy.data.actions) == 0


def test_a_range_between_two_samples_has_no_keys_on_capture_times(blank_scene: Any) -> None:
    face = make_face()
    picked, rig_map = character_of(blank_scene, face)
    options = ApplyOptions(range_s=(0.501, 0.51), on_capture_times=True)
    with pytest.raises(FacemocapError, match="between two samples"):
        apply_take(blank_scene, picked, wave_take(), rig_map, options)
    assert len(bpy.data.actions) == 0


def test_a_channel_that_was_lost_in_the_range_gets_no_curve(blank_scene: Any) -> None:
    face = make_face("face", ["jawOpen", "eyeBlinkLeft"])
    picked, rig_map = character_of(blank_scene, face)
    take = wave_take(["jawOpen", "eyeBlinkLeft"])
    valid = np.ones((take.samples, 2), np.bool_)
    valid[31:90, 0] = False
    options = ApplyOptions(range_s=(0.51, 1.4), on_capture_times=True)
    apply_take(blank_scene, picked, take.changed("lost", valid=valid), rig_map, options)
    assert [name for name, _ in _shape_curves()] == ["eyeBlinkLeft"]


def test_mirrored(blank_scene: Any) -> None:
    face = make_face("face", ["eyeBlinkLeft", "eyeBlinkRight", "jawLeft", "jawRight", "jawOpen"])
    picked, rig_map = character_of(blank_scene, face)
    take = wave_take()
    apply_take(blank_scene, picked, take, rig_map, ApplyOptions(mirror=True, start_frame=0))
    partner = {
        "eyeBlinkLeft": "eyeBlinkRight",
        "eyeBlinkRight": "eyeBlinkLeft",
        "jawLeft": "jawRight",
        "jawRight": "jawLeft",
        "jawOpen": "jawOpen",
    }
    for name, fcurve in _shape_curves():
        column = take.values[:, take.names.index(partner[name])]
        got = [fcurve.evaluate(frame) for frame in range(48)]
        np.testing.assert_allclose(
            got, np.interp(np.arange(48) / 24, take.times, column), atol=1e-6
        )


@pytest.mark.parametrize("start", [float("nan"), float("inf"), 2e6, -2e6])
def test_start_frames_beyond_blenders_own_are_refused(start: float, blank_scene: Any) -> None:
    face = make_face()
    picked, rig_map = character_of(blank_scene, face)
    with pytest.raises(FacemocapError, match="frame"):
        apply_take(blank_scene, picked, wave_take(), rig_map, ApplyOptions(start_frame=start))
    assert len(bpy.data.actions) == 0


def test_values_beyond_the_limits_are_held_there_unless_raw(blank_scene: Any) -> None:
    face = make_face("face", ["jawOpen", "mouthClose"])
    picked, rig_map = character_of(blank_scene, face)
    take = wave_take(["jawOpen", "mouthClose"])
    take = take.changed("louder", values=take.values * 1.6 - 0.3)
    assert take.values.max() > 1.05
    assert take.values.min() < -0.05
    report = apply_take(blank_scene, picked, take, rig_map)
    limited = [_ends(fcurve) for _, fcurve in _shape_curves()]
    assert all(low == 0.0 and high == 1.0 for low, high in limited)
    assert report.counts["controls_clipped"] == 2
    assert any("limit" in warning for warning in report.warnings)
    raw = apply_take(blank_scene, picked, take, rig_map, ApplyOptions(raw=True))
    kept = [_ends(fcurve) for _, fcurve in _shape_curves()]
    assert all(low < -0.05 and high > 1.05 for low, high in kept)
    assert not any("held there" in warning for warning in raw.warnings)


def test_limits_are_told_by_name_and_only_where_they_are_felt(blank_scene: Any) -> None:
    names = ["jawOpen", "mouthClose", "cheekPuff", "mouthFunnel", "mouthPucker"]
    rig = make_armature()
    for face in ("face", "lashes"):
        make_face(face, names, rig)
    picked, rig_map = character_of(blank_scene, rig)
    take = wave_take(names)
    for off, told in ((4e-4, 0), (0.3, 5)):
        low = take.changed("lower", values=take.values - (take.values.min(axis=0) + off))
        report = apply_take(blank_scene, picked, low, rig_map)
        # both meshes have each of the shapes
        assert report.counts["controls_clipped"] == 2 * told
        said = [warning for warning in report.warnings if "limit" in warning]
        assert len(said) == (told > 0)
    assert said[0].startswith("5 controls reach their limits and are held there: ")
    assert said[0].endswith(" and 2 more.")
    found = said[0].split(": ")[1].removesuffix(" and 2 more.").split(", ")
    assert len(set(found)) == 3
    assert set(found) < set(names)
    alone = take.values.copy()
    alone[:, 0] += 0.5
    (text,) = apply_take(blank_scene, picked, take.changed("l", values=alone), rig_map).warnings
    assert text == "1 control reaches its limit and is held there: jawOpen."


def _ends(fcurve: Any) -> tuple[float, float]:
    values = [point.co[1] for point in fcurve.keyframe_points]
    return min(values), max(values)


def test_the_same_input_gives_the_same_curves_bit_for_bit(sample_rigs: Path) -> None:
    take = read_take(sample_rigs / "sample_take.csv")
    runs = []
    for _ in range(2):
        scene = open_rig(sample_rigs / "bone_face.blend")
        picked, rig_map = character_of(scene, bpy.data.objects["bone_rig"], take)
        apply_take(scene, picked, take, rig_map)
        runs.append(_bytes_of_all_curves())
    assert runs[0] == runs[1]
    assert len(runs[0]) > 50


def _bytes_of_all_curves() -> dict[tuple[str, str, int], bytes]:
    out = {}
    for action in bpy.data.actions:
        for bag in action.layers[0].strips[0].channelbags:
            for fcurve in bag.fcurves:
                co = np.empty(2 * len(fcurve.keyframe_points), np.float32)
                fcurve.keyframe_points.foreach_get("co", co)
                out[bag.slot.identifier, fcurve.data_path, fcurve.array_index] = co.tobytes()
    return out


GOLDEN = Path(__file__).parent / "golden" / "curves.npz"


def golden_curves() -> dict[str, np.ndarray]:
    """Curves of a take that a formula gives, on bones of two rotation modes and shape keys."""
    out: dict[str, np.ndarray] = {}
    for mode in ("QUATERNION", "YZX"):
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        face = make_face("face", ["jawOpen", "eyeBlinkLeft"], make_armature(mode=mode))
        picked, rig_map = character_of(bpy.context.scene, face)
        options = ApplyOptions(range_s=(0.511, 1.5), start_frame=3.25)
        apply_take(bpy.context.scene, picked, wave_take(rate_hz=59.9), rig_map, options)
        for (slot, path, index), data in sorted(_bytes_of_all_curves().items()):
            out[f"{mode} {slot} {path} {index}"] = np.frombuffer(data, np.float32)
    return out


def test_curves_are_equal_in_all_versions() -> None:
    """Compares with curves written by another Blender version and numpy.

    When what bones do changes on purpose (data/face_bones.json), call `write_golden`.
    """
    with np.load(GOLDEN) as golden:
        expected = dict(golden)
    got = golden_curves()
    assert sorted(got) == sorted(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(got[name], values, atol=1e-6, rtol=0, err_msg=name)


def write_golden() -> None:
    """Write the golden file from the running Blender."""
    GOLDEN.parent.mkdir(exist_ok=True)
    np.savez_compressed(GOLDEN, **golden_curves())  # type: ignore[arg-type]
