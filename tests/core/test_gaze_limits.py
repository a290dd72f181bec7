# SPDX-License-Identifier: GPL-3.0-or-later
"""How far eyes may look: comfortable, set by a person, and of what they look at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gaze_oracle import FRAMES, apart_deg, bone, both_eyes, eye_map, look, take_of, turned

from facemocap_addon.core.gaze import gaze_angles
from facemocap_addon.core.gaze.gaze_angles import COMFORT_PITCH, COMFORT_YAW
from facemocap_addon.core.gaze.gaze_limits import told_gaze, with_comfortable_limits
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.rig_maps.rig_map import RigMap, RigMapEntry, Source


@pytest.mark.parametrize("frame", FRAMES)
def test_a_gaze_beyond_the_range_is_held_at_its_edge_and_told(frame: str) -> None:
    degrees = np.array([(60, 0), (0, 50), (0, -40), (50, 45), (20, 10), (-60, -20)], np.float64)
    azimuth, elevation = np.radians(-degrees).T
    angles = gaze_angles.to_eye_angles(
        gaze_angles.to_direction(np.stack([azimuth, elevation], axis=1))
    )
    take = both_eyes(*angles.T)
    rig_map = eye_map(FRAMES[frame])
    solved = retarget(take, rig_map)
    held = np.radians(
        np.stack([-degrees[:, 0].clip(-35, 35), -degrees[:, 1].clip(-25, 30)], axis=1)
    )
    wanted = gaze_angles.to_direction(held)
    assert apart_deg(turned(solved, FRAMES[frame]), wanted).max() < 1e-3
    np.testing.assert_array_equal(solved.clipped.any(axis=1), [1, 1, 1, 1, 0, 1])
    assert np.degrees(solved.beyond.max()) == pytest.approx(25.0, abs=1e-3)
    told = told_gaze(solved, rig_map)
    assert "25.0 degrees on 5 keys" in told
    assert "held" in told
    raw = retarget(take, rig_map, raw=True)
    assert apart_deg(turned(raw, FRAMES[frame]), look(*angles.T)).max() < 1e-4
    np.testing.assert_array_equal(raw.clipped, solved.clipped)
    assert "held" not in told_gaze(raw, rig_map, raw=True)
    assert told_gaze(retarget(take.changed("few", values=take.values / 9), rig_map), rig_map) == ""


def test_a_person_may_set_other_limits() -> None:
    take = both_eyes(np.array([0.9, 0.0]), np.array([0.0, 0.0]))
    wide = retarget(take, eye_map(np.eye(3), (-0.8, 0.8)))
    np.testing.assert_allclose(turned(wide, np.eye(3))[0], look(*np.array([[0.8], [0.0]]))[0])
    # half the turn for half the gaze
    halved = replace(
        eye_map(np.eye(3)).entries[1], sources=(Source("leftEyeYaw", 0.5),), limits=(-0.2, 0.2)
    )
    solved = retarget(take, RigMap("", (halved,)))
    np.testing.assert_allclose(solved.values[:, 0], [0.2, 0.0], atol=1e-7)


def test_comfortable_limits_follow_the_axis_and_the_bones_own() -> None:
    free = (-3.1416, 3.1416)

    def limits(
        *sources: tuple[str, float], bounds: tuple[float, float] = free, **more: str
    ) -> tuple[float, float]:
        key = bone("eye", 0, more.pop("channel", "rotation"))
        entry = RigMapEntry(key, tuple(Source(*s) for s in sources), limits=bounds, **more)  # type: ignore[arg-type]
        return with_comfortable_limits([entry])[0].limits

    low, high = COMFORT_YAW
    assert limits(("leftEyeYaw", -1.0)) == pytest.approx((low, high), abs=1e-6)
    low, high = COMFORT_PITCH
    assert limits(("leftEyePitch", 1.0)) == pytest.approx((low, high), abs=1e-6)
    assert limits(("leftEyePitch", -1.0)) == pytest.approx((-high, -low), abs=1e-6)
    assert limits(("leftEyeYaw", 1.0), bounds=(-0.2, 0.1)) == (-0.2, 0.1)
    assert limits(("leftEyeYaw", 1.0), how="hand") == free
    assert limits(("eyeLookInLeft", 1.0)) == free
    both = ("leftEyeYaw", 15.0), ("rightEyeYaw", 15.0)
    reach = 30 * np.tan(np.radians(35))
    far = limits(*both, channel="location", bounds=(-10.0, 10.0))
    assert far == pytest.approx((-reach, reach), abs=1e-5)
    near = limits(*both, channel="location", bounds=(-5.0, 10.0))
    assert near == pytest.approx((-5.0, 10.0))


def test_a_target_lies_where_the_gaze_goes() -> None:
    grid = np.array([(y, p) for y in (-0.5, 0.0, 0.4) for p in (-0.4, 0.0, 0.5)])
    take = both_eyes(*grid.T)
    distance = 0.17
    entries = [
        RigMapEntry(bone("target", index, "location"), sources, limits=(-10.0, 10.0))
        for index, sources in enumerate(
            [(Source("leftEyeYaw", -distance),), (Source("leftEyePitch", -distance),)]
        )
    ]
    solved = retarget(take, RigMap("", tuple(entries)))
    aim = np.column_stack([solved.values, np.full(len(grid), distance)])
    aim /= np.linalg.norm(aim, axis=1)[:, None]
    assert apart_deg(aim, look(*grid.T)).max() < 1e-4
    # limits of a place are tangents
    near = [replace(e, limits=(-distance * np.tan(0.3), distance * np.tan(0.3))) for e in entries]
    kept = retarget(take, RigMap("", tuple(near)))
    wanted = gaze_angles.to_gaze(look(*grid.T)).clip(-0.3, 0.3)
    aim = np.column_stack([kept.values, np.full(len(grid), distance)])
    aim /= np.linalg.norm(aim, axis=1)[:, None]
    assert apart_deg(aim, gaze_angles.to_direction(wanted)).max() < 1e-4


def test_one_target_for_both_eyes_goes_to_the_middle_of_them() -> None:
    yaw = np.array([0.2, 0.0])
    take = take_of(
        leftEyeYaw=yaw, leftEyePitch=0 * yaw, rightEyeYaw=yaw + 0.1, rightEyePitch=0 * yaw
    )
    sources = (Source("leftEyeYaw", -0.5), Source("rightEyeYaw", -0.5))
    entry = RigMapEntry(bone("eyes", 0, "location"), sources, limits=(-10, 10))
    solved = retarget(take, RigMap("", (entry,)))
    np.testing.assert_allclose(solved.values[:, 0], -np.tan([0.25, 0.05]), atol=1e-6)
