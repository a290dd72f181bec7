# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing exported files with what was to be in them: analytic cases."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.live_link_csv import write_live_link_csv
from facemocap_addon.core.handing_over.comparison import (
    Precision,
    compare_bones,
    compare_values,
)
from facemocap_addon.core.handing_over.fbx_curves import TICKS_PER_SECOND, fbx_keys
from facemocap_addon.core.handing_over.motion import KeyedValues, Motion
from facemocap_addon.core.handing_over.transforms import join_transforms, split_transforms
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rotations import from_vector, to_matrix
from facemocap_addon.core.take import make_take

FRAMES = np.arange(11.0, 21.0)
WAVE = 0.5 + 0.4 * np.sin(FRAMES)
EXACT = Precision(1e-9, 1e-9)


def _motion() -> Motion:
    shapes = {("face", "jawOpen"): WAVE, ("face", "still"): np.full(10, 0.3)}
    return Motion(FRAMES, 24.0, shapes)


def test_the_same_is_the_same() -> None:
    motion = _motion()
    read = {shape: KeyedValues(motion.seconds, values) for shape, values in motion.shapes.items()}
    found = compare_values(motion, read, EXACT)
    assert found.is_whole
    assert (found.value, found.time_s, found.keys, found.numbers) == (0.0, 0.0, 10, 2)
    assert found.first_frame == pytest.approx(11)
    assert found.last_frame == pytest.approx(20)


def test_the_largest_difference_and_its_place() -> None:
    motion = _motion()
    other = WAVE.copy()
    other[3] += 0.02
    other[7] -= 0.05
    read = {("face", "jawOpen"): KeyedValues(motion.seconds + 0.001, other)}
    found = compare_values(motion, read, EXACT)
    assert found.value == pytest.approx(0.05)
    assert found.value_at == "face jawOpen on frame 18"
    assert found.time_s == pytest.approx(0.001)
    assert found.missing == ("face still",)
    assert not found.is_whole


def test_what_stands_still_needs_no_keys_and_what_is_nought_no_entry() -> None:
    shapes = {("face", "still"): np.full(10, 0.3), ("face", "rest"): np.zeros(10)}
    motion = Motion(FRAMES, 24.0, shapes)
    still = {("face", "still"): KeyedValues(np.zeros(0), np.array([0.3]))}
    assert compare_values(motion, still, EXACT).is_whole
    wrong = {("face", "still"): KeyedValues(np.zeros(0), np.array([0.4]))}
    assert compare_values(motion, wrong, EXACT).value == pytest.approx(0.1)
    assert compare_values(motion, {}, EXACT).missing == ("face still",)
    # what moves is missing where the file has no keys of it
    moving = {("face", "jawOpen"): KeyedValues(np.zeros(0), np.array([0.5]))}
    assert "face jawOpen" in compare_values(_motion(), moving, EXACT).missing


def test_other_keys_are_compared_on_the_frames() -> None:
    line = Motion(FRAMES, 24.0, {("face", "ramp"): np.linspace(0, 1, 10)})
    ends = {("face", "ramp"): KeyedValues(line.seconds[[0, -1]], np.array([0.0, 1.0]))}
    found = compare_values(line, ends, EXACT)
    assert found.is_whole
    assert found.keys == 2
    late = {("face", "ramp"): KeyedValues(line.seconds[[1, -1]], np.array([0.0, 1.0]))}
    assert compare_values(line, late, EXACT).time_s == pytest.approx(1 / 24)


def test_bones_are_compared_by_turn_and_place() -> None:
    still = np.tile(np.eye(4), (3, 1, 1))
    turned = still.copy()
    angle = np.radians(0.5)
    turned[1, :3, :3] = to_matrix(from_vector(np.array([[0.0, 0.0, angle]])))[0]
    motion = Motion(
        np.arange(3.0), 24.0, {}, {"jaw": turned, "gone": turned}, {"jaw": np.array([0.1, 0, 0])}
    )
    found = compare_bones(motion, {"jaw": still})
    assert found["turn_deg"] == pytest.approx(0.5)
    # the longest part of the way of a point 100 mm from the axis
    assert found["place_mm"] == pytest.approx(100 * np.sin(angle))
    assert found["bone_at"] == "jaw"
    assert found["missing"] == ("bone gone",)


def test_transforms_come_apart_and_together() -> None:
    rng = np.random.default_rng(3)
    places = rng.normal(size=(50, 3))
    turns = from_vector(rng.normal(size=(50, 3)) * 2.5)
    sizes = rng.uniform(0.2, 3.0, (50, 3))
    whole = join_transforms(places, turns, sizes)
    found = split_transforms(whole)
    np.testing.assert_allclose(join_transforms(*found), whole, atol=1e-12)
    np.testing.assert_allclose(found[2], sizes, atol=1e-12)
    mirrored = whole.copy()
    mirrored[:, :3, 0] *= -1
    np.testing.assert_allclose(join_transforms(*split_transforms(mirrored)), mirrored, atol=1e-12)


def test_of_what_is_sheared_the_nearest_turn_is_kept() -> None:
    shear = np.eye(4)
    shear[0, 1] = 0.2
    places, turns, sizes = split_transforms(shear[None])
    got = join_transforms(places, turns, sizes)[0]
    assert float(np.abs(got - shear).max()) > 0.01
    # no turn is nearer: turning a little either way makes it worse
    turn = to_matrix(turns)[0]
    best = float(np.trace(turn.T @ shear[:3, :3]))
    for angle in (-0.01, 0.01):
        for axis in np.eye(3):
            other = to_matrix(from_vector(angle * axis[None]))[0] @ turn
            assert float(np.trace(other.T @ shear[:3, :3])) < best
    assert (sizes > 0).all()


def _record(name: str, values: bytes, count: int, inner: bytes, at: int) -> bytes:
    """A binary FBX record at a place of the file; ``inner`` is made for the place it gets."""
    start = at + 13 + len(name) + len(values)
    end = start + len(inner)
    head = struct.pack("<IIIB", end, count, len(values), len(name))
    return head + name.encode() + values + inner


def _text(text: bytes) -> bytes:
    return b"S" + struct.pack("<I", len(text)) + text


def _array(kind: bytes, values: np.ndarray, *, packed: bool) -> bytes:
    raw = values.tobytes()
    data = zlib.compress(raw) if packed else raw
    return kind + struct.pack("<III", len(values), int(packed), len(data)) + data


def _fbx(ticks: np.ndarray, percent: np.ndarray, *, packed: bool) -> bytes:
    """A file with one mesh, one shape and its curve, put together by the format's description."""
    out = b"Kaydara FBX Binary  \0\x1a\0" + struct.pack("<I", 7400)
    nothing = bytes(13)

    def whole(key: int, label: bytes, kind: bytes) -> bytes:
        return b"L" + struct.pack("<q", key) + _text(label) + _text(kind)

    def objects(at: int) -> bytes:
        body = b""
        start = at + 13 + len("Objects")
        for name, values, inner in (
            ("Model", whole(1, b"face\0\x01Model", b"Mesh"), None),
            ("Geometry", whole(2, b"face\0\x01Geometry", b"Mesh"), None),
            ("Deformer", whole(3, b"keys\0\x01Deformer", b"BlendShape"), None),
            ("Deformer", whole(4, b"jawOpen\0\x01SubDeformer", b"BlendShapeChannel"), None),
            ("AnimationCurveNode", whole(5, b"n\0\x01AnimCurveNode", b""), None),
            ("AnimationCurve", whole(6, b"\0\x01AnimCurve", b""), True),
        ):
            own_at = start + len(body)
            own = b""
            if inner:
                first = own_at + 13 + len(name) + len(values)
                times = _array(b"l", ticks, packed=packed)
                own += _record("KeyTime", times, 1, b"", first)
                numbers = _array(b"f", percent, packed=packed)
                own += _record("KeyValueFloat", numbers, 1, b"", first + len(own))
                own += nothing
            body += _record(name, values, 3, own, own_at)
        return _record("Objects", b"", 0, body + nothing, at)

    def links(at: int) -> bytes:
        body = b""
        start = at + 13 + len("Connections")
        for child, parent in ((1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (6, 5)):
            values = _text(b"OO") + b"L" + struct.pack("<q", child)
            values += b"L" + struct.pack("<q", parent)
            body += _record("C", values, 3, b"", start + len(body))
        return _record("Connections", b"", 0, body + nothing, at)

    out += objects(len(out))
    out += links(len(out))
    return out + nothing


@pytest.mark.parametrize("packed", [False, True])
def test_fbx_curves_are_read(packed: bool) -> None:
    ticks = np.array([0, 1, 2, 5], np.int64) * (TICKS_PER_SECOND // 30)
    percent = np.array([0.0, 25.0, 100.0, -3.5], np.float32)
    found, seconds = fbx_keys(_fbx(ticks, percent, packed=packed), "made.fbx")
    assert set(found) == {("face", "jawOpen")}
    keyed = found["face", "jawOpen"]
    np.testing.assert_allclose(keyed.seconds, np.array([0, 1, 2, 5]) / 30, rtol=1e-15)
    np.testing.assert_array_equal(keyed.values, [0.0, 0.25, 1.0, -0.035])
    np.testing.assert_array_equal(seconds, keyed.seconds)


def test_fbx_that_is_cut_is_refused() -> None:
    data = _fbx(np.arange(3, dtype=np.int64), np.zeros(3, np.float32), packed=False)
    for length in (10, 60, len(data) // 2):
        with pytest.raises(FacemocapError, match="damaged or no binary FBX"):
            fbx_keys(data[:length], "cut.fbx")
    with pytest.raises(FacemocapError, match="damaged or no binary FBX"):
        fbx_keys(b"; FBX 7.4.0 project file", "text.fbx")


def test_live_link_csv_is_what_was_written(tmp_path: Path) -> None:
    schema = arkit_schema()
    values = np.stack([WAVE, 0.1 * WAVE], axis=1)
    names = ("jawOpen", "headYaw")
    take = make_take(FRAMES / 24, [schema[name] for name in names], values, rate=24, name="w")
    write_live_link_csv(take, tmp_path / "w.csv")
    found = read_take(tmp_path / "w.csv")
    for name in names:
        np.testing.assert_array_equal(
            found.values[:, found.names.index(name)], take.values[:, take.names.index(name)]
        )
