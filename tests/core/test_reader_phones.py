# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of phone apps: Face Cap, iFacialMocap and Facemotion3D, Live Link Face's packets."""

from __future__ import annotations

import csv
import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from devtools.made_recordings import (
    NAMES,
    UNREAL_ORDER,
    face_cap,
    packet,
    packets,
    short,
    tape,
    values,
)
from facemocap_addon.core.channels import canonical_channel
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take


def channel_of(name: str) -> str:
    channel = canonical_channel(name)
    assert channel is not None
    return channel.name


# --- Face Cap ------------------------------------------------------------------------------------


@pytest.mark.shared
def test_a_real_face_cap_take_equals_an_independent_reading(shared: Path):
    path = shared / "takes" / "facecap" / "facecap_as_FaceCap_recording.txt"
    take = read_take(path)
    with path.open(newline="", encoding="ascii") as file:
        lines = list(csv.reader(file))
    names = next(line for line in lines if line[0] == "bs")[1:]
    samples = np.array([[float(cell) for cell in line[1:]] for line in lines if line[0] == "k"])
    assert take.source.format == "face_cap_text"
    assert take.samples == len(samples) == 335
    assert take.times == pytest.approx(samples[:, 0] / 1000, abs=1e-12)
    for k, name in enumerate(names):
        found = take.values[:, take.column(channel_of(name))]
        assert found.tobytes() == samples[:, 11 + k].astype(np.float32).tobytes(), name
        assert take.channels[take.column(channel_of(name))].original == name
    assert float(take.timebase.rate) == 30
    # the eyes' first angle is the pitch: eyeLookDown says the same
    pitch = take.values[:, take.column("leftEyePitch")]
    assert np.degrees(pitch) == pytest.approx(samples[:, 7], abs=1e-4)
    down = take.values[:, take.column("eyeLookDownLeft")]
    assert np.corrcoef(pitch, down)[0, 1] > 0.99
    assert np.degrees(take.values[:, take.column("headPitch")]) == pytest.approx(
        -samples[:, 4], abs=1e-4
    )


def eyes_and_values(count: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of eyes that look about, and pitch (down) and yaw (left) in degrees."""
    rng = np.random.default_rng(8)
    table = values(count)
    yaw, pitch = rng.uniform(-20, 20, count), rng.uniform(-10, 15, count)
    for side, inward in (("Left", -yaw), ("Right", yaw)):
        for name, angle, slope in (
            ("In", inward, 35.5), ("Out", -inward, 33.2),
            ("Down", pitch, 35.0), ("Up", -pitch, 25.8),
        ):  # fmt: skip
            table[:, NAMES.index(f"eyeLook{name}{side}")] = np.maximum(angle, 0) / slope
    return table, np.stack([pitch, yaw], axis=1)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
@pytest.mark.parametrize("left", [1.0, -1.0])
def test_axes_of_face_cap_are_told_by_the_eyes(
    order: list[int], left: float, load: Callable[[bytes], Take]
):
    table, eyes = eyes_and_values()
    pose = np.zeros((len(table), 10))
    pose[:, 6:8] = pose[:, 8:10] = (eyes * [1.0, left])[:, order]
    pose[:, 3:6] = [5.0, 12.0, 3.0]
    pose[:, :3] = np.random.default_rng(0).normal([10, 20, -50], 1.0, (len(table), 3))
    take = load(face_cap(table, pose))
    assert np.degrees(take.values[:, take.column("leftEyeYaw")]) == pytest.approx(
        -eyes[:, 1], abs=1e-4
    )
    assert np.degrees(take.values[:, take.column("rightEyePitch")]) == pytest.approx(
        eyes[:, 0], abs=1e-4
    )
    # the head turns the way the eyes do
    head = [np.degrees(take.values[0, take.column(f"head{a}")]) for a in ("Yaw", "Pitch", "Roll")]
    assert head == pytest.approx([12 * left, -5, -3 * left], abs=1e-5)
    assert take.values[0, take.column("headX")] == pytest.approx(left * pose[0, 0] / 100, rel=1e-4)
    assert any("centimetres" in note for note in take.assumptions)
    assert any("subject's left" in note for note in take.assumptions) == (left > 0)


@pytest.mark.parametrize(
    "encode",
    [
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"k,", b"k, "),
        lambda data: data.replace(b"\n", b",\n"),
        lambda data: data.split(b"\n", 1)[1],
        lambda data: data + b"\n\n",
    ],
)
def test_face_cap_re_saved(encode: Callable[[bytes], bytes], load: Callable[[bytes], Take]):
    table = values(30)
    take = load(encode(face_cap(table)))
    found = take.values[:, [take.column(name) for name in NAMES]]
    assert found.tobytes() == table.astype(np.float32).tobytes()
    assert take.not_recorded[:3] == ("headYaw", "headPitch", "headRoll")


def test_irregular_steps_of_face_cap_are_kept(load: Callable[[bytes], Take]):
    times = np.cumsum(np.random.default_rng(0).integers(10, 45, 60)).tolist()
    take = load(face_cap(values(60), times=times))
    assert take.times == pytest.approx((np.array(times) - times[0]) / 1000)
    assert take.valid[:, take.column("jawOpen")].all()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"info,1\n" + face_cap(values(9)).split(b"\n", 2)[2], "no line of blend shape names"),
        (face_cap(values(9)).split(b"k,", maxsplit=1)[0], "has no samples"),
        (face_cap(values(1)), "has only one sample"),
        (face_cap(values(9))[:-30], r"is cut off in line 11: 8 samples are complete"),
        (face_cap(values(9), times=[0, 20, 40, 30, 60, 80, 90, 110, 130]), "order of time: line 6"),
        (face_cap(values(9)).replace(b"tongueOut", b"a,b"), "52 weights in line 3 and 53 names"),
        (face_cap(values(9)) + b"x,1\n" * 9, "has a strange line 12"),
    ],
)  # fmt: skip
def test_face_cap_refusals(data: bytes, says: str, load: Callable[[bytes], Take]):
    with pytest.raises(FacemocapError, match=says):
        load(data)


# --- iFacialMocap --------------------------------------------------------------------------------


@pytest.mark.shared
def test_the_published_packets_equal_an_independent_reading(shared: Path):
    path = shared / "takes" / "ifacialmocap" / "published_packets.txt"
    take = read_take(path)
    lines = [line for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    assert take.samples == len(lines) == 4
    eyes = {}
    for row, line in enumerate(lines):
        items = line.rstrip("|").split("|")
        sign = "&" if "jawOpen&" in line else "-"
        for item in items:
            if "#" in item:
                key, numbers = item.lstrip("=").split("#")
                eyes[row, key] = [float(number) for number in numbers.split(",")]
                continue
            name, value = item.split(sign, 1)
            if name == "trackingStatus":
                continue
            channel = canonical_channel(name)
            column = take.column(channel.name if channel else name)
            assert take.values[row, column] == np.float32(int(value) / 100), name
            assert take.valid[row, column]
    for row in range(4):
        head = eyes[row, "head"]
        found = [take.values[row, take.column(f"head{a}")] for a in ("Yaw", "Pitch", "Roll")]
        assert np.degrees(found) == pytest.approx([head[1], -head[0], -head[2]], abs=1e-4)
        found = [take.values[row, take.column(f"head{a}")] for a in "XYZ"]
        assert found == pytest.approx(head[3:])
        # the sides of the eyes are exchanged in all published packets
        for ours, theirs in (("left", "rightEye"), ("right", "leftEye")):
            yaw = np.degrees(take.values[row, take.column(f"{ours}EyeYaw")])
            pitch = np.degrees(take.values[row, take.column(f"{ours}EyePitch")])
            assert (yaw, pitch) == pytest.approx(
                (-eyes[row, theirs][1], eyes[row, theirs][0]), abs=1e-4
            )
    assert any("sides are exchanged" in note for note in take.assumptions)
    assert any("no times" in warning for warning in take.warnings)


@pytest.mark.shared
@pytest.mark.parametrize("row", range(4))
def test_a_single_published_packet_tells_the_sides_too(
    row: int, shared: Path, load: Callable[[bytes], Take]
):
    lines = (shared / "takes" / "ifacialmocap" / "published_packets.txt").read_bytes().split(b"\n")
    take = load(lines[row] + b"\n" + lines[row] + b"\n")
    right = float(lines[row].split(b"rightEye#")[1].split(b",")[1])
    found = np.degrees(take.values[0, take.column("leftEyeYaw")])
    assert found == pytest.approx(-right, abs=1e-4)


@pytest.mark.parametrize("sign", ["-", "&"])
@pytest.mark.parametrize(
    "end", ["\n", "\r\n", "___iFacialMocap", "___FACEMOTION3D", "", "\0" * 40, "\n\n"]
)
def test_both_signs_and_all_ends(sign: str, end: str, load: Callable[[bytes], Take]):
    table = values(30).round(2)
    pose = np.random.default_rng(2).normal(0, 9, (30, 12)).round(5)
    take = load(packets(table, pose, sign, end))
    assert take.source.format == "ifacialmocap_packets"
    assert take.samples == 30
    found = take.values[:, [take.column(name) for name in NAMES]]
    assert found == pytest.approx(table, abs=1e-6)
    assert take.channels[take.column("eyeBlinkLeft")].original == (
        short("eyeBlinkLeft") if sign == "-" else "eyeBlinkLeft"
    )
    assert take.values[:, take.column("headY")] == pytest.approx(pose[:, 4], abs=1e-5)
    assert np.degrees(take.values[:, take.column("headPitch")]) == pytest.approx(
        -pose[:, 0], abs=1e-4
    )


def test_negative_values_extras_and_tracking_status(load: Callable[[bytes], Take]):
    data = packets(values(20)).replace(b"|=head", b"|hapihapi-0|trackingStatus-1|=head")
    lines = data.split(b"\n")
    lines[3] = lines[3].replace(b"trackingStatus-1", b"trackingStatus-0")
    lines[5] = b"|".join(
        b"jawOpen--5" if i.startswith(b"jawOpen-") else i for i in lines[5].split(b"|")
    )
    take = load(b"\n".join(lines))
    assert take.values[5, take.column("jawOpen")] == np.float32(-0.05)
    assert take.channels[take.column("hapihapi")].region == "other"
    assert "trackingStatus" not in take.names
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == [3]


@pytest.mark.parametrize(
    "stamp", ["{t:.4f} ", "{t:.4f},", "[{t:.4f}] ", "{ms} ", "00:00:{t:07.4f} "]
)
def test_times_of_arrival_are_used(stamp: str, load: Callable[[bytes], Take]):
    lines = packets(values(30)).decode().splitlines()
    text = "\n".join(stamp.format(t=k / 25, ms=40 * k) + line for k, line in enumerate(lines))
    take = load(f"{text}\n".encode())
    assert take.times == pytest.approx(np.arange(30) / 25, abs=1e-9)
    assert not any("counted" in warning for warning in take.warnings)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (packets(values(1)), "has only one sample"),
        (packets(values(9))[:-60], r"is cut off in line 9: 8 packets are complete"),
        (b"".join(b"%d %s\n" % (20 - k, packets(values(1)).strip()) for k in range(9)),
         "not in the order of time: line 2 "),
        (packets(values(2)) + b"jawOpen-1|" * 50_000, "beyond any packet"),
    ],
)  # fmt: skip
def test_packet_refusals(data: bytes, says: str, load: Callable[[bytes], Take]):
    with pytest.raises(FacemocapError, match=says):
        load(data)


# --- Live Link Face's own packets ----------------------------------------------------------------


@pytest.mark.shared
def test_a_real_tape_equals_an_independent_reading(shared: Path):
    path = shared / "takes" / "livelinkface_udp" / "LLV_dao.gesichter"
    take = read_take(path)
    data = gzip.decompress(path.read_bytes())
    number, at = struct.unpack_from(">I", data, 1)[0], 5
    clock, rows = [], []
    for _ in range(number):
        (size,) = struct.unpack_from(">I", data, at)
        one = data[at + 4 : at + 4 + size]
        at += 4 + size
        rows.append(struct.unpack(">61f", one[-244:]))
        frame, part, num, den = struct.unpack(">ifii", one[-261:-245])
        clock.append((frame + part) * den / num)
    assert number == 180
    tracked = np.flatnonzero(take.valid.any(axis=1))
    assert len(tracked) == 180
    assert take.times[tracked] == pytest.approx(np.array(clock) - clock[0], abs=1e-9)
    expected = np.array(rows, np.float32)
    for k, name in enumerate(UNREAL_ORDER):
        column = take.column(name[0].lower() + name[1:])
        assert take.values[tracked, column].tobytes() == expected[:, k].tobytes(), name
        assert take.channels[column].original == name
    # one gap of eight frames: seven are missing
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == list(range(6, 13))
    assert take.has("headYaw")
    assert take.values[:, take.column("headYaw")].min() == pytest.approx(-0.19, abs=0.005)
    assert take.values[:, take.column("headYaw")].max() == pytest.approx(0.31, abs=0.005)
    assert take.timebase.rate == 60
    assert take.source.details["subject"] == "LLV Default Device"


def recorded(count: int = 30) -> tuple[list[bytes], np.ndarray]:
    table = np.random.default_rng(6).uniform(0, 1, (count, 61)).astype(np.float32)
    return [packet(row, 3600 + k, 0.25) for k, row in enumerate(table.tolist())], table


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
@pytest.mark.parametrize("join", [tape, b"".join])
def test_tapes_and_packets_in_a_row(
    pack: Callable[[bytes], bytes],
    join: Callable[[list[bytes]], bytes],
    load: Callable[[bytes], Take],
):
    each, table = recorded()
    take = load(pack(join(each)))
    assert take.source.format == "live_link_face_udp"
    found = take.values[:, [take.column(n[0].lower() + n[1:]) for n in UNREAL_ORDER]]
    assert found.tobytes() == table.tobytes()
    assert take.times == pytest.approx(np.arange(30) / 60)
    assert take.timebase.start_timecode == "00:01:00:00.250"
    assert take.timebase.start_s == pytest.approx(60 + 0.25 / 60)


@pytest.mark.parametrize("join", [tape, b"".join])
def test_packets_without_a_face(
    join: Callable[[list[bytes]], bytes], load: Callable[[bytes], Take]
):
    each, _table = recorded()
    for k in (4, 5, 9):
        each[k] = packet(None, 3600 + k, 0.25)
    take = load(join(each))
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == [4, 5, 9]
    assert take.times == pytest.approx(np.arange(30) / 60)


def test_packets_that_come_late_or_twice(load: Callable[[bytes], Take]):
    each, table = recorded()
    mixed = [*each[:10], each[11], each[10], each[11], *each[12:]]
    take = load(tape(mixed))
    jaw = UNREAL_ORDER.index("JawOpen")
    assert take.values[:, take.column("jawOpen")].tobytes() == table[:, jaw].tobytes()
    assert any("arrived late" in warning for warning in take.warnings)
    assert any("came twice" in warning for warning in take.warnings)


def test_a_tape_of_two_phones(load: Callable[[bytes], Take]):
    each, table = recorded()
    other = [packet([0.5] * 61, 3600 + k, 0.5, "other") for k in range(12)]
    take = load(tape([x for k in range(30) for x in (each[k], *other[k : k + 1])]))
    assert take.samples == 30
    assert take.values[0, take.column("jawOpen")] == table[0, UNREAL_ORDER.index("JawOpen")]
    assert any('2 faces; the one that sent most is read ("iPhone")' in w for w in take.warnings)


def test_a_head_of_zeros_was_not_recorded(load: Callable[[bytes], Take]):
    _each, table = recorded()
    table[:, 52:55] = 0
    take = load(tape([packet(row, 3600 + k) for k, row in enumerate(table.tolist())]))
    assert take.not_recorded == ("headYaw", "headPitch", "headRoll")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (tape(recorded()[0])[:-100], "is cut off: 29 of 30 packets are complete"),
        (gzip.compress(tape(recorded()[0]))[:-200], "is cut off"),
        (b"".join(recorded()[0])[:-100], "is cut off: 29 of 30"),
        (tape([packet(None, k) for k in range(9)]), "no face in any of its 9 packets"),
        (tape(recorded()[0][:1]), "has only one sample"),
        (tape([*recorded()[0][:9], b"\x07" + recorded()[0][9][1:]]), "is damaged after packet 9"),
        (b"\x06\xff\xff\xff\xff" + tape(recorded()[0])[5:], "is damaged after packet 0"),
        (gzip.compress(tape(recorded()[0]) + bytes(200_000_000), 1), "unpacks to more than 160 MB"),
    ],
    ids=range(8),
)  # fmt: skip
def test_tape_refusals(data: bytes, says: str, load: Callable[[bytes], Take]):
    with pytest.raises(FacemocapError, match=says):
        load(data)
