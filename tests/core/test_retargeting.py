# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig maps as sums: gains, offsets, limits, and what was never recorded."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.controls import BONE, SHAPE_KEY, ControlKey
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.rig_maps.rig_map import RigMap, RigMapEntry, Source
from facemocap_addon.core.take import Take, make_take


def key(name: str) -> ControlKey:
    return ControlKey(SHAPE_KEY, "face", f'key_blocks["{name}"].value')


def entry(name: str, *sources: tuple[str, float], **more: object) -> RigMapEntry:
    return RigMapEntry(key(name), tuple(Source(*s) for s in sources), **more)  # type: ignore[arg-type]


def take_of(**columns: list[float]) -> Take:
    count = len(next(iter(columns.values())))
    return make_take(
        np.arange(count) / 10,
        [arkit_schema()[name] for name in columns],
        np.array(list(columns.values())).T,
    )


def test_gains_offsets_and_limits() -> None:
    take = take_of(jawOpen=[0.0, 0.5, 1.0], mouthClose=[0.0, 0.1, 0.2])
    rig_map = RigMap(
        "rig",
        (
            entry("open", ("jawOpen", 1.0)),
            entry("gap", ("jawOpen", 0.5), ("mouthClose", -1.0), offset=0.25),
            entry("small", ("jawOpen", 2.0), limits=(0.1, 0.7)),
            entry("signed", ("jawOpen", -1.0), limits=(-0.6, 0.0)),
        ),
    )
    solved = retarget(take, rig_map)
    assert [c.path.split('"')[1] for c in solved.controls] == ["open", "gap", "small", "signed"]
    expected = [[0, 0.25, 0.1, 0], [0.5, 0.4, 0.7, -0.5], [1, 0.55, 0.7, -0.6]]
    np.testing.assert_allclose(solved.values, expected, atol=1e-7)
    np.testing.assert_array_equal(solved.clipped, [[0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 1, 1]])
    raw = retarget(take, rig_map, raw=True)
    np.testing.assert_allclose(raw.values[:, 2], [0, 1, 2], atol=1e-7)
    np.testing.assert_array_equal(raw.clipped, solved.clipped)


def test_one_source_with_a_gain_of_one_is_exact() -> None:
    rng = np.random.default_rng(0)
    take = take_of(jawOpen=rng.uniform(0, 1, 50).tolist())
    solved = retarget(take, RigMap("", (entry("a", ("jawOpen", 1.0)),)), raw=True)
    assert np.array_equal(solved.values[:, 0], take.values[:, 0].astype(np.float64))


def test_a_channel_named_twice_counts_twice() -> None:
    take = take_of(jawOpen=[0.0, 0.25])
    solved = retarget(take, RigMap("", (entry("a", ("jawOpen", 1.0), ("jawOpen", 0.5)),)))
    np.testing.assert_allclose(solved.values[:, 0], [0, 0.375])


def test_entries_without_recorded_channels_are_left_out() -> None:
    take = take_of(jawOpen=[0.0, 1.0], mouthClose=[np.nan, np.nan])
    rig_map = RigMap(
        "",
        (
            entry("a", ("jawOpen", 1.0)),
            entry("b", ("mouthClose", 1.0)),
            entry("c", ("tongueOut", 1.0)),
            entry("d", ("jawOpen", 1.0), ("tongueOut", 1.0)),
            entry("e"),
        ),
    )
    assert [c.path.split('"')[1] for c in retarget(take, rig_map).controls] == ["a", "d"]
    assert retarget(take, RigMap("", ())).values.shape == (2, 0)


def test_known_tells_gaps_at_the_samples() -> None:
    take = take_of(jawOpen=[0.0, np.nan, 1.0], mouthClose=[0.0, 0.1, np.nan])
    rig_map = RigMap(
        "", (entry("a", ("jawOpen", 1.0)), entry("b", ("jawOpen", 1.0), ("mouthClose", 1.0)))
    )
    solved = retarget(take, rig_map)
    np.testing.assert_array_equal(solved.known, [[1, 1], [0, 0], [1, 0]])
    np.testing.assert_allclose(solved.values[:, 0], [0, 0.5, 1])


def test_head_shares_add_up_to_the_recorded_turn() -> None:
    degrees = np.array([[30.0, 60.0, 20.0], [0, 0, 0], [-70, 10, -40], [5, 0, 0]])
    yaw, pitch, roll = np.radians(degrees).T
    take = take_of(headYaw=list(yaw), headPitch=list(pitch), headRoll=list(roll))
    shares = (0.2, 0.3, 0.5)
    entries = []
    for bone, share in enumerate(shares):
        # bones whose rest axes are the character's: x to its left, y up, z out of the face
        for index, channel, sign in ((1, "headYaw", 1), (0, "headPitch", -1), (2, "headRoll", -1)):
            control = ControlKey(BONE, "rig", f'pose.bones["b{bone}"].rotation', index)
            entries.append(RigMapEntry(control, (Source(channel, sign * share),), limits=(-4, 4)))
    solved = retarget(take, RigMap("", tuple(entries)))
    vectors = {c: solved.values[:, n] for n, c in enumerate(solved.controls)}
    total = Rotation.identity(len(degrees))
    for bone in range(3):
        path = f'pose.bones["b{bone}"].rotation'
        part = np.stack([vectors[ControlKey(BONE, "rig", path, i)] for i in range(3)], axis=1)
        total = total * Rotation.from_rotvec(part)
    # as recorded: x to the subject's right, y up, z into the face
    half = Rotation.from_euler("y", np.pi)
    recorded = Rotation.from_euler("YXZ", np.stack([yaw, pitch, roll], axis=1))
    expected = half.inv() * recorded * half
    assert np.degrees((total.inv() * expected).magnitude().max()) < 1e-4


def test_a_recorded_yaw_alone_turns_the_head() -> None:
    take = take_of(headYaw=[0.0, 0.4])
    control = ControlKey(BONE, "rig", 'pose.bones["head"].rotation', 1)
    rig_map = RigMap("", (RigMapEntry(control, (Source("headYaw", 1.0),), limits=(-4, 4)),))
    np.testing.assert_allclose(retarget(take, rig_map).values[:, 0], [0, 0.4], atol=1e-7)


def test_results_cannot_be_changed_in_place() -> None:
    solved = retarget(take_of(jawOpen=[0.0, 1.0]), RigMap("", (entry("a", ("jawOpen", 1.0)),)))
    with pytest.raises(ValueError, match="read-only"):
        solved.values[0, 0] = 3.0
