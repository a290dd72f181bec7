# SPDX-License-Identifier: GPL-3.0-or-later
"""EXT_meshopt_compression: against a packer of our own, bit by bit, and damaged streams."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from devtools.fuzz import run_case
from devtools.made_scenes import Gltf
from devtools.mutations import damage
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.gltf_file import open_gltf
from facemocap_addon.core.formats.gltf_meshopt import decode_attributes, decode_view
from facemocap_addon.core.readers import read_take


def pack(table: list[list[int]], choose: random.Random | None = None) -> bytes:
    """Elements as the extension's text has it; with ``choose`` any width that fits is taken."""
    stride = len(table[0])
    out = bytearray([0xA0])
    per_block = min(8192 // stride // 16 * 16, 256)
    before = table[0]
    for start in range(0, len(table), per_block):
        rows = table[start : start + per_block]
        for byte in range(stride):
            last = before[byte]
            steps: list[int] = []
            for row in rows:
                step = (row[byte] - last) % 256
                last = row[byte]
                signed = step - 256 if step >= 128 else step
                steps.append(2 * signed if signed >= 0 else -2 * signed - 1)
            groups = [(steps + [0] * 15)[k : k + 16] for k in range(0, len(steps), 16)]
            widths: list[int] = []
            body = bytearray()
            for group in groups:
                forms = {w: form for w in range(4) if (form := packed_group(group, w)) is not None}
                width = min(forms, key=lambda w: len(forms[w]))
                if choose is not None:
                    width = choose.choice(sorted(forms))
                widths.append(width)
                body += forms[width]
            head = bytearray(-(-len(groups) // 4))
            for k, width in enumerate(widths):
                head[k // 4] |= width << (k % 4 * 2)
            out += head + body
        before = rows[-1]
    return bytes(out) + bytes(max(32 - stride, 0)) + bytes(table[0])


def packed_group(group: list[int], width: int) -> bytes | None:
    group = (group + [0] * 16)[:16]
    if width == 0:
        return b"" if not any(group) else None
    if width == 3:
        return bytes(group)
    bits = 2 if width == 1 else 4
    full = 2**bits - 1
    number = 0
    for value in group:
        number = (number << bits) | min(value, full)
    return number.to_bytes(2 * bits, "big") + bytes(v for v in group if v >= full)


def rows_of(count: int, stride: int, seed: int) -> list[list[int]]:
    """Bytes that stand still, creep and jump."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([0, 0, 0, 1, -1, 5, -8, 100], (count, stride)) * rng.integers(0, 2, stride)
    return (np.cumsum(steps, axis=0) % 256).tolist()


@pytest.mark.parametrize("stride", [4, 8, 12, 16, 64, 256])
@pytest.mark.parametrize("count", [1, 15, 16, 17, 255, 256, 257, 700])
def test_packed_bytes_come_back(stride: int, count: int):
    rows = rows_of(count, stride, count + stride)
    for choose in (None, random.Random(1)):
        found = decode_attributes(pack(rows, choose), count, stride, "x")
        assert found.tolist() == rows


def test_exponents():
    numbers = np.array([[3.5, -0.125, 1e6], [0.0, 2.0**-60, -123456.0]])
    packed: list[list[int]] = []
    for row in numbers:
        data = b""
        for number in row:
            mantissa, power = np.frexp(number)
            whole = round(float(mantissa) * 2**22)
            data += (((int(power) - 22) % 256) << 24 | whole % 2**24).to_bytes(4, "little")
        packed.append(list(data))
    how = {"count": 2, "byteStride": 12, "mode": "ATTRIBUTES", "filter": "EXPONENTIAL"}
    found = np.frombuffer(decode_view(pack(packed), how, "x"), "<f4").reshape(2, 3)
    assert found == pytest.approx(numbers, rel=1e-6)


def test_rotations():
    """The largest part is left out and found again."""
    wanted = np.random.default_rng(3).normal(size=(200, 4))
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    packed: list[list[int]] = []
    for quaternion in wanted:
        place = int(np.argmax(np.abs(quaternion)))
        signed = quaternion * np.sign(quaternion[place])
        full = 2047 << 2 | 3
        parts = [round(signed[(place + k) % 4] * np.sqrt(2) * full) for k in (1, 2, 3)]
        packed.append(list(np.array([*parts, (full & ~3) | place], "<i2").tobytes()))
    how = {"count": 200, "byteStride": 8, "mode": "ATTRIBUTES", "filter": "QUATERNION"}
    found = np.frombuffer(decode_view(pack(packed), how, "x"), "<i2").reshape(-1, 4) / 32767
    apart = Rotation.from_quat(found) * Rotation.from_quat(wanted).inv()
    assert np.degrees(apart.magnitude()).max() < 0.02


@pytest.mark.shared
def test_every_packed_attribute_of_a_real_file_ends_where_it_should(shared: Path):
    """Bounds in the file are those of what was decoded: 4.4 MB of it."""
    path = shared / "takes" / "gltf" / "facecap.glb"
    gltf = open_gltf(path.read_bytes(), path)
    tested = 0
    for number, entry in enumerate(gltf.entries("accessors")):
        view = gltf.entry("bufferViews", entry["bufferView"])
        how = view.get("extensions", {}).get("EXT_meshopt_compression", {})
        if how.get("mode") != "ATTRIBUTES" or "min" not in entry or "filter" in how:
            continue
        kind = {5120: "<i1", 5122: "<i2", 5123: "<u2", 5126: "<f4"}[entry["componentType"]]
        width = {"SCALAR": 1, "VEC3": 3}[entry["type"]]
        data, stride = gltf.view(entry["bufferView"]), view.get("byteStride") or 4
        rows = np.ndarray(
            (entry["count"], width), kind, data, entry["byteOffset"],
            (stride, np.dtype(kind).itemsize),
        )  # fmt: skip
        # exporters shorten the bounds of times to 9 digits
        assert rows.min(axis=0) == pytest.approx(entry["min"], rel=1e-6), number
        assert rows.max(axis=0) == pytest.approx(entry["max"], rel=1e-6), number
        tested += 1
    assert tested > 50


def packed_scene(**changes: object) -> bytes:
    """A scene whose times are packed."""
    made = Gltf()
    node = made.morph_mesh(["jawOpen", "mouthPucker"], 2)
    weights = made.accessor(np.linspace(0, 1, 80, dtype=np.float32))
    times = made.accessor((np.arange(40) / 30).astype(np.float32))
    made.animate(node, "weights", times, weights)
    view = made.document["bufferViews"][1]
    plain = made.body[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
    stream = pack(np.frombuffer(plain, np.uint8).reshape(-1, 4).tolist())
    view["extensions"] = {
        "EXT_meshopt_compression": {
            "buffer": 0, "byteOffset": len(made.body), "byteLength": len(stream), "byteStride": 4,
            "mode": "ATTRIBUTES", "count": 40, **changes,
        }
    }  # fmt: skip
    made.body += stream
    return made.glb()


def test_a_scene_with_packed_times(tmp_path: Path):
    path = tmp_path / "take.glb"
    path.write_bytes(packed_scene())
    take = read_take(path)
    assert take.times == pytest.approx(np.arange(40) / 30)
    assert take.values.ravel() == pytest.approx(np.linspace(0, 1, 80), abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"mode": "TRIANGLES"}, "packs its animation as TRIANGLES"),
        ({"filter": "OCTAHEDRAL"}, "with the filter OCTAHEDRAL, which is not read"),
        ({"byteStride": 6}, "packed elements of 6 bytes"),
        ({"count": 10**9}, "cannot come of"),
        ({"count": 80}, "ends too soon|left over|cannot come of"),
        ({"byteLength": 20}, "ends too soon"),
        ({"byteLength": 4000}, "is cut off"),
        ({"filter": "QUATERNION"}, "packed rotations have 8 bytes each"),
    ],
)
def test_packed_scenes_that_contradict_themselves(
    changes: dict[str, object], says: str, tmp_path: Path
):
    path = tmp_path / "take.glb"
    path.write_bytes(packed_scene(**changes))
    with pytest.raises(FacemocapError, match=says):
        read_take(path)


def test_200_damaged_packed_scenes_are_read_or_refused(tmp_path: Path):
    rng = random.Random(8)
    sound = packed_scene()
    outcomes = [run_case(tmp_path / "take", damage(sound, rng)[0]) for _ in range(200)]
    assert set(outcomes) == {"read", "refused"}, set(outcomes)


@pytest.mark.shared
def test_60_damaged_real_scenes_are_read_or_refused(shared: Path, tmp_path: Path):
    rng = random.Random(9)
    sound = (shared / "takes" / "gltf" / "facecap.glb").read_bytes()
    # the animation stands at the end of the file
    for _ in range(60):
        tail = damage(sound[-30_000:], rng)[0]
        outcome = run_case(tmp_path / "take", sound[:-30_000] + tail)
        assert outcome in ("read", "refused"), outcome
