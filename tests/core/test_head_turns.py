# SPDX-License-Identifier: GPL-3.0-or-later
"""The head's rotation of a take at any time: exact, shared without flips, through gaps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.controls import BONE, ControlKey
from facemocap_addon.core.head_turns import HEAD, head_turns
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.rig_maps.rig_map import RigMap, RigMapEntry, Source
from facemocap_addon.core.take import Take, make_take

SHARES = {1: (1.0,), 2: (0.35, 0.65), 3: (0.2, 0.3, 0.5)}


def exact(angles: np.ndarray) -> Rotation:
    """R = Ry(yaw) Rx(pitch) Rz(roll) of the recorder, seen from x left, y up, z out of the face."""
    half = Rotation.from_euler("y", np.pi)
    return half.inv() * Rotation.from_euler("YXZ", angles) * half


def off_deg(one: Rotation, two: Rotation) -> float:
    return float(np.degrees((one.inv() * two).magnitude().max()))


def head_take(angles: np.ndarray, times: np.ndarray, valid: np.ndarray | None = None) -> Take:
    return make_take(times, [arkit_schema()[name] for name in HEAD], angles, valid=valid)


def neck_map(shares: tuple[float, ...]) -> RigMap:
    entries = [
        RigMapEntry(
            ControlKey(BONE, "rig", f'pose.bones["b{number}"].rotation', index),
            (Source(channel, sign * share),),
            limits=(-3.1416, 3.1416),
        )
        for number, share in enumerate(shares)
        for index, channel, sign in ((1, "headYaw", 1), (0, "headPitch", -1), (2, "headRoll", -1))
    ]
    return RigMap("", tuple(entries))


def total(take: Take, shares: tuple[float, ...], times: np.ndarray) -> Rotation:
    """What a chain of bones makes of it, each turning by its own rotation vector."""
    solved = retarget(take, neck_map(shares), times)
    columns = {key: solved.values[:, place] for place, key in enumerate(solved.controls)}
    out = Rotation.identity(len(times))
    for number in range(len(shares)):
        path = f'pose.bones["b{number}"].rotation'
        vector = [columns[ControlKey(BONE, "rig", path, index)] for index in range(3)]
        out = out * Rotation.from_rotvec(np.stack(vector, axis=1))
    return out


@pytest.mark.parametrize("bones", SHARES)
@pytest.mark.parametrize("degrees", [(30, 60, 20), (60, 30, 20), (-179, 20, 10), (170, -80, 60)])
def test_shares_add_up_to_the_exact_rotation(bones: int, degrees: tuple[float, ...]) -> None:
    angles = np.radians(np.linspace(0, 1, 50)[:, None] * degrees)
    times = np.arange(50) / 30
    take = head_take(angles, times)
    assert off_deg(total(take, SHARES[bones], times), exact(take.values.astype(float))) < 1e-4


@pytest.mark.parametrize("bones", SHARES)
def test_half_a_turn_is_passed_without_flips(bones: int) -> None:
    """A recorder whose angles wrap, a head that turns round more than once and back."""
    times = np.arange(600) / 60
    true = np.stack(
        [np.radians(300) * np.sin(times / 2), 0.4 * np.sin(times), 0.3 * np.sin(2 * times)], axis=1
    )
    wrapped = (true + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(np.diff(wrapped, axis=0)).max() > 6
    take = head_take(wrapped, times)
    # also between samples, where the straight line from one end of the circle to the other is wrong
    at = np.arange(0, 9.98, 1 / 24)
    wanted = np.stack([np.interp(at, times, column) for column in true.T], axis=1)
    assert off_deg(total(take, SHARES[bones], at), exact(wanted)) < 1e-3
    solved = retarget(take, neck_map(SHARES[bones]), at)
    # no bone goes faster than the head
    fastest = np.linalg.norm(np.diff(head_turns(take, at), axis=0), axis=1).max()
    assert fastest < 0.2
    steps = np.diff(solved.values, axis=0).reshape(len(at) - 1, bones, 3)
    assert np.linalg.norm(steps, axis=2).max() < fastest + 1e-9
    assert not solved.clipped.any()


def test_the_way_round_is_told_by_the_take_and_not_by_the_frames() -> None:
    times = np.arange(200) / 60
    yaw = np.linspace(0, np.radians(250), 200)
    take = head_take(np.stack([yaw, 0 * yaw, 0 * yaw], axis=1), times)
    few = np.array([0.0, times[-1]])
    np.testing.assert_allclose(head_turns(take, few)[1], [0, yaw[-1], 0], atol=1e-5)
    np.testing.assert_allclose(head_turns(take, few[1:])[0], [0, yaw[-1], 0], atol=1e-5)


def test_one_angle_alone_and_none() -> None:
    times = np.arange(5) / 30
    yaw = make_take(times, [arkit_schema()["headYaw"]], np.linspace(0, 0.4, 5)[:, None])
    np.testing.assert_allclose(head_turns(yaw, times)[:, 1], np.linspace(0, 0.4, 5), atol=1e-7)
    jaw = make_take(times, [arkit_schema()["jawOpen"]], np.ones((5, 1)))
    np.testing.assert_array_equal(head_turns(jaw, times), 0.0)


def test_a_sample_without_one_of_its_angles_is_no_rotation() -> None:
    times = np.arange(5) / 30
    angles = np.linspace(0, 0.4, 5)[:, None] * [1.0, 0.5, 0.2]
    valid = np.ones((5, 3), np.bool_)
    valid[2, 1] = False
    broken = np.where(valid, angles, 9.0)
    got = head_turns(head_take(broken, times, valid), times)
    whole = head_turns(head_take(angles, times), times)
    np.testing.assert_allclose(np.delete(got, 2, axis=0), np.delete(whole, 2, axis=0), atol=1e-7)
    np.testing.assert_allclose(got[2], whole[2], atol=1e-3)
    lost = head_take(broken, times, np.zeros((5, 3), np.bool_))
    np.testing.assert_array_equal(head_turns(lost, times), 0.0)
