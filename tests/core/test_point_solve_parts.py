# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the point solve: settings, reading points, the face at rest, fades, carried maps."""

from __future__ import annotations

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.controls import Control, ControlKey
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.point_solve.neutral_face import likely_neutrals, marked_neutral
from facemocap_addon.core.point_solve.performing import ActorMotion, has_points, read_actor
from facemocap_addon.core.point_solve.playing import is_solved_first
from facemocap_addon.core.point_solve.refining import fade
from facemocap_addon.core.point_solve.settings import SolveSettings, settings_from_json
from facemocap_addon.core.points import point_channels, point_values
from facemocap_addon.core.rig_maps.carried_map import DETAIL, carried_detail, with_carried
from facemocap_addon.core.rig_maps.rig_map import RigMap, RigMapEntry, Source
from facemocap_addon.core.rotations import from_vector, to_matrix
from facemocap_addon.core.take import Take, TakeSource, make_take

NAMES = tuple(f"P{number}" for number in range(10))
#: The last point is the chin.
CHIN = 9


def performance(times: np.ndarray) -> tuple[Take, np.ndarray]:
    """Points of a head that turns and whose chin goes down and up; the chin's way in metres."""
    rng = np.random.default_rng(2)
    rest = rng.uniform(-0.06, 0.06, (10, 3))
    course = 0.012 * np.clip(np.sin(2 * np.pi * times / 2.0), 0, None) ** 2
    face = np.repeat(rest[None], len(times), axis=0)
    face[:, CHIN, 1] -= course
    turns = to_matrix(from_vector(0.2 * np.sin(times)[:, None] * [0.3, 1.0, 0.1]))
    places = np.einsum("nij,npj->npi", turns, face) + np.array([0.0, 1.5, 0.3])
    values, valid = point_values(places, np.ones(places.shape[:2], np.bool_))
    return make_take(times, point_channels(NAMES), values, valid=valid, rate=60), course


def actor(times: np.ndarray) -> tuple[ActorMotion, np.ndarray]:
    take, course = performance(times)
    return read_actor(take, SolveSettings()), course


def test_the_head_is_taken_off_and_the_chin_stays():
    motion, course = actor(np.arange(240) / 60.0)
    moved = motion.on_head - motion.on_head[0]
    assert np.abs(moved[:, :CHIN]).max() < 2e-5
    assert np.linalg.norm(moved[:, CHIN], axis=1) == pytest.approx(course, abs=3e-5)


def test_uneven_times_are_put_on_an_even_grid():
    rng = np.random.default_rng(4)
    times = np.sort(rng.uniform(0, 4, 400))
    times = times[np.r_[True, np.diff(times) > 2e-3]]
    motion, _ = actor(times)
    steps = np.diff(motion.times)
    assert np.ptp(steps) < 1e-9
    course = 0.012 * np.clip(np.sin(2 * np.pi * motion.times / 2.0), 0, None) ** 2
    seen = motion.valid.all(axis=1)
    assert seen.mean() > 0.8
    rest = motion.on_head[seen][np.argmin(course[seen])]
    moved = np.linalg.norm(motion.on_head[:, CHIN] - rest[CHIN], axis=1)
    assert np.abs(moved - course)[seen].max() < 1.5e-3


def test_the_face_at_rest_is_among_the_likely_ones():
    motion, course = actor(np.arange(240) / 60.0)
    still = motion.on_head[np.argmin(course)]
    off = [np.linalg.norm(face[CHIN] - still[CHIN]) for face in likely_neutrals(motion)]
    assert min(off) < 2e-4
    marked = marked_neutral(motion, 3.0)
    assert np.linalg.norm(marked[CHIN] - still[CHIN]) < 2e-4
    with pytest.raises(FacemocapError, match="no points at 9 s"):
        marked_neutral(motion, 9.0)


def test_a_fade_leaves_the_outside_alone():
    times = np.linspace(0, 4, 241)
    share = fade(times, 1.0, 2.0, 0.15)
    assert not share[(times < 1.0) | (times > 2.0)].any()
    assert np.all(share[(times > 1.16) & (times < 1.84)] == 1.0)
    assert np.all(np.diff(share[(times >= 1.0) & (times <= 1.5)]) >= 0)
    # at the ends of the take there is nothing to fade into
    assert fade(times, 0.0, 4.0, 0.15).min() == 1.0
    assert not fade(times, 5.0, 6.0, 0.15).any()


def test_settings_go_through_json():
    settings = SolveSettings(
        neutral_s=1.5, stable=("a", "b"), smoothness=0.5, emphasis={"brows": 2.0}
    )
    assert settings_from_json(settings.to_json()) == settings
    assert settings_from_json({}) == SolveSettings()
    for wrong, said in (
        ({"smooth": 1}, 'no setting "smooth"'),
        ({"smoothness": -1}, "smoothness is -1"),
        ({"smoothness": "much"}, "cannot be read"),
        ({"repair": 1}, "cannot be read"),
        ({"emphasis": {"ears": 2}}, 'emphasis on "ears"'),
        ({"neutral_s": float("nan")}, "is no number"),
    ):
        with pytest.raises(FacemocapError, match=said):
            settings_from_json(wrong)


def test_points_alone_are_solved_first():
    take, _ = performance(np.arange(30) / 60.0)
    assert has_points(take)
    assert is_solved_first(take)
    jaw = arkit_schema()["jawOpen"]
    weights = make_take(np.arange(3) / 30.0, [jaw], np.zeros((3, 1)))
    assert not has_points(weights)
    assert not is_solved_first(weights)
    with pytest.raises(FacemocapError, match="no points in space"):
        read_actor(weights, SolveSettings())


def _control(owner: str) -> Control:
    return Control("bone", owner, 'pose.bones["jaw"].rotation', 0, "jaw")


def test_a_take_plays_by_the_map_that_it_carries():
    entry = RigMapEntry(
        ControlKey("bone", "rig", 'pose.bones["jaw"].rotation', 0),
        (Source("jaw turn x", 0.5),),
        limits=(-1.0, 1.0),
        how="hand",
    )
    channel = arkit_schema()["jawOpen"]
    carrying = make_take(np.arange(3) / 30.0, [channel], np.zeros((3, 1)))
    details = {DETAIL: carried_detail(RigMap("rig", (entry,)))}
    carrying = carrying.changed("x", source=TakeSource("t", "f", details))
    found = RigMap("rig", (RigMapEntry(entry.control, (Source("jawOpen", 0.4),)),))
    assert with_carried(found, carrying, [_control("rig")]).entries == (entry,)
    # the object is called otherwise now
    (other,) = with_carried(found, carrying, [_control("rig.001")]).entries[:1]
    assert other.control.owner == "rig.001"
    assert other.sources == entry.sources
    # another character, and a take that carries nothing
    assert with_carried(found, carrying, []) is found
    assert with_carried(found, None, [_control("rig")]) is found
