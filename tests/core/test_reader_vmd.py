# SPDX-License-Identifier: GPL-3.0-or-later
"""MikuMikuDance motions: against a parser of their own, key by key, and damaged."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.fuzz import run_case
from devtools.made_scenes import vmd
from devtools.mutations import damage
from facemocap_addon.core.channels import arkit_names, canonical_channel
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rig_maps.convention_looks import looks_of
from facemocap_addon.core.rig_maps.conventions import conventions
from facemocap_addon.core.take import Take

Load = Callable[[bytes], Take]
FILES = ("uka_02_laugh", "uka_33_angry")


def keys_of(data: bytes) -> list[tuple[str, int, float]]:
    """Morph keys as the file has them, record by record."""
    at = 50
    (bones,) = struct.unpack_from("<I", data, at)
    at += 4 + 111 * bones
    (count,) = struct.unpack_from("<I", data, at)
    out: list[tuple[str, int, float]] = []
    for place in range(at + 4, at + 4 + 23 * count, 23):
        raw, frame, weight = struct.unpack_from("<15sIf", data, place)
        out.append((raw.split(b"\0")[0].decode("cp932"), frame, weight))
    return out


def straight(keys: list[tuple[int, float]], frame: int) -> float:
    """Value between the neighbours of a frame; the last key of a frame stands."""
    table = dict(keys)
    frames = sorted(table)
    before = [each for each in frames if each <= frame]
    after = [each for each in frames if each >= frame]
    if not before or not after:
        return table[frames[0] if not before else frames[-1]]
    low, high = before[-1], after[0]
    if low == high:
        return table[low]
    return table[low] + (table[high] - table[low]) * (frame - low) / (high - low)


def column(take: Take, name: str) -> np.ndarray:
    return take.values[:, take.column(name)]


@pytest.mark.shared
@pytest.mark.parametrize("name", FILES)
def test_real_motions_equal_an_independent_reading(name: str, shared: Path):
    path = shared / "takes" / "vmd" / f"{name}.vmd"
    keys = keys_of(path.read_bytes())
    take = read_take(path)
    assert take.source.format == "vmd_motion"
    assert (take.samples, float(take.timebase.rate), take.duration_s) == (301, 30.0, 10.0)
    assert take.source.details["model"] == "ジェネ / Gene"
    assert take.source.details["morph_keys"] == len(keys)
    assert take.source.details["face_bones"]["頭"] > 0
    morphs = {each: [(f, w) for n, f, w in keys if n == each] for each, _, _ in keys}
    assert any(each != sorted(each) for each in morphs.values()) or keys != sorted(
        keys, key=lambda key: key[1]
    )
    for morph, own in morphs.items():
        known = canonical_channel(morph)
        if known is not None:
            continue
        found = column(take, morph)
        assert found == pytest.approx([straight(own, k) for k in range(301)], abs=1e-6), morph
    assert take.valid.all()


@pytest.mark.shared
def test_names_cut_to_15_bytes_are_the_channels_they_begin(shared: Path):
    take = read_take(shared / "takes" / "vmd" / "uka_02_laugh.vmd")
    originals = {channel.name: channel.original for channel in take.channels}
    assert originals["browOuterUpRight"] == "browOuterUpRigh"
    assert originals["mouthLowerDownLeft"] == "mouthLowerDownL"
    assert originals["mouthUpperUpRight"] == "mouthUpperUpRig"
    assert set(arkit_names()) <= set(take.names)
    # two morphs of the model have become one in the file
    assert any("eye_surprise_ge" in said and "15 bytes" in said for said in take.warnings)


@pytest.mark.shared
def test_a_laugh_closes_the_eyes_and_anger_lowers_the_brows(shared: Path):
    laugh = read_take(shared / "takes" / "vmd" / "uka_02_laugh.vmd")
    for side in ("Left", "Right"):
        assert column(laugh, f"eyeBlink{side}") == pytest.approx(column(laugh, "笑い"))
        assert column(laugh, f"eyeBlink{side}").max() == 1.0
    angry = read_take(shared / "takes" / "vmd" / "uka_33_angry.vmd")
    assert column(angry, "browDownLeft").max() == pytest.approx(0.8)
    assert column(angry, "eyeSquintRight") == pytest.approx(column(angry, "じと目"))
    assert column(angry, "mouthFrownLeft") == pytest.approx(0.8 * column(angry, "∧"), abs=1e-6)


def test_the_convention_backwards_brings_each_morph_to_one():
    """What the convention makes of a morph's look is at least that morph, and within bounds."""
    mmd = next(each for each in conventions() if each.name == "mmd")
    looks = looks_of(mmd)
    assert looks["まばたき"] == {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
    assert looks["瞳左"] == {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0}
    assert looks["お"] == {"jawOpen": 0.38, "mouthFunnel": 0.45, "mouthPucker": 0.45}
    assert set(looks) == set(mmd.targets)
    for target, look in looks.items():
        assert all(0 < value <= 1 for value in look.values())
        if not any(target in fit.looks for fit in mmd.fits):
            made = sum(s.gain * look.get(s.channel, 0.0) for s in mmd.targets[target])
            # a squint that would need more than 1 of the channel ends there
            assert made == pytest.approx(1.0) or max(look.values()) == 1.0


KEYS = [
    ("あ", 30, 1.0), ("まばたき", 10, 0.4), ("あ", 0, 0.0), ("まばたき", 10, 0.8), ("あ", 10, 0.5),
    ("eyeBlinkLeft", 0, 0.5), ("ｳｨﾝｸ２右", 4, 1.0), ("eyeBlink", 30, 0.25),
]  # fmt: skip


def test_unsorted_and_double_keys_by_hand(load: Load):
    take = load(vmd(KEYS, [("頭", 0), ("頭", 5), ("センター", 0)], camera=2))
    assert take.samples == 31
    a = column(take, "あ")
    assert a[[0, 5, 10, 20, 30]] == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])
    assert column(take, "まばたき") == pytest.approx(np.full(31, 0.8))
    assert column(take, "jawOpen") == pytest.approx(0.55 * a, abs=1e-6)
    # 0.5 of its own, 0.8 and 0.25 of morphs that close both eyes; no lid closes farther than 1
    assert column(take, "eyeBlinkLeft") == pytest.approx(np.ones(31))
    assert column(take, "eyeBlinkRight") == pytest.approx(np.ones(31))
    assert take.source.details["face_bones"] == {"頭": 2}
    assert take.source.details["bones"] == 2
    assert take.source.details["camera_keys"] == 2
    assert any("1 keys stand on the frame" in said for said in take.warnings)


@pytest.mark.parametrize("options", [{"later": False}, {"first_version": True}, {}])
def test_versions_and_missing_last_sections(options: dict[str, Any], load: Load):
    take = load(vmd([("jawOpen", 0, 0.0), ("jawOpen", 20, 1.3)], **options))
    assert column(take, "jawOpen")[[10, 20]] == pytest.approx([0.65, 1.3])
    assert take.source.details["model"] == "初音"


def test_one_pose_is_a_take_of_one_sample(load: Load):
    take = load(vmd([("い", 0, 1.0)]))
    assert take.samples == 1
    assert column(take, "mouthDimpleLeft")[0] == pytest.approx(0.6)


def test_a_name_cut_within_a_letter_keeps_the_letters_before(load: Load):
    name = "まばたきまばたきま"
    take = load(vmd([("x", 5, 0.0), (name, 0, 1.0)]))
    assert name.encode("cp932")[:15][-1:] != b"\0"
    assert name[:7] in take.names


def refused(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "motion.vmd"
    path.write_bytes(data)
    with pytest.raises(FacemocapError) as caught:
        read_take(path)
    return str(caught.value)


def test_a_motion_that_is_cut_anywhere_is_refused(tmp_path: Path):
    data = vmd(KEYS, [("頭", 0)], camera=1)
    sound = {len(data)}
    # where a section ends there may be none after it
    ends = 54 + 111 + 4 + 23 * len(KEYS)
    for size in (65, 4, 4):
        sound.add(ends)
        ends += size
    sound.add(ends)
    for kept in range(25, len(data)):
        if kept not in sound:
            assert "is cut off" in refused(tmp_path, data[:kept]), kept


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (vmd([], [("頭", 0)], camera=3), "it holds 1 bone keys, 3 camera keys"),
        (vmd([("あ", 0, 1.0), ("い", 4_000_000_000, 1.0)]), "is 37037.0 hours"),
        (vmd([("あ", 0, float("nan"))]), "no keys of face morphs"),
    ],
)
def test_motions_without_a_face_or_beyond_measure(data: bytes, says: str, tmp_path: Path):
    assert says in refused(tmp_path, data)


def test_keys_that_are_no_numbers_are_left_out(load: Load):
    take = load(vmd([("あ", 0, 0.5), ("あ", 5, float("inf")), ("い", 9, 1.0)]))
    assert column(take, "あ") == pytest.approx(np.full(10, 0.5))
    assert any("1 keys have a weight that is no number" in said for said in take.warnings)


def test_200_damaged_motions_are_read_or_refused(tmp_path: Path):
    rng = random.Random(3)
    sound = vmd([(name, frame, 0.5) for frame in range(40) for name in ("あ", "い", "jawOpen")])
    outcomes = [run_case(tmp_path / "motion.vmd", damage(sound, rng)[0]) for _ in range(200)]
    assert set(outcomes) == {"read", "refused"}, set(outcomes)
