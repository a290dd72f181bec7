# SPDX-License-Identifier: GPL-3.0-or-later
"""Health: left beside right, and a part of a take that is mirrored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from health_takes import added, bump, busy_face, clock, take_of

from facemocap_addon.core.health.columns import columns_of
from facemocap_addon.core.health.coupling import Pair
from facemocap_addon.core.health.examine import Health, examine
from facemocap_addon.core.health.sides import measure_sides
from facemocap_addon.core.take import Take


def pair_of(health: Health, left: str) -> Pair:
    return next(pair for pair in health.pairs if pair.left == left)


def looking(times: np.ndarray, *, reflex: float = -0.8, seed: int = 4) -> dict[str, np.ndarray]:
    """A head that turns and eyes that turn by ``reflex`` times as much, with darts in between."""
    rng = np.random.default_rng(seed)
    yaw = 0.25 * np.sin(1.3 * times) + 0.1 * np.sin(2.9 * times + 1)
    darts = np.repeat(rng.uniform(-0.2, 0.2, len(times) // 40 + 1), 40)[: len(times)]
    left = reflex * yaw + darts
    to_left, to_right = np.maximum(left, 0) / 0.6, np.maximum(-left, 0) / 0.6
    return {
        "headYaw": yaw,
        "eyeLookOutLeft": to_left,
        "eyeLookInRight": to_left,
        "eyeLookInLeft": to_right,
        "eyeLookOutRight": to_right,
        "leftEyeYaw": -left,
        "rightEyeYaw": -left,
    }


def negated(take: Take, *names: str) -> Take:
    values = take.values.copy()
    for name in names:
        values[:, take.column(name)] *= -1
    return replace(take, values=values)


def swapped(take: Take) -> Take:
    """Sides exchanged in names, turns to the side left as they are."""
    values = take.values.copy()
    for place, channel in enumerate(take.channels):
        if channel.kind == "weight":
            values[:, take.column(channel.partner)] = take.values[:, place]
    return replace(take, values=values)


def mirrored(take: Take) -> Take:
    """All of it, as a mirror shows it."""
    out = take.values.copy()
    for place, channel in enumerate(take.channels):
        out[:, take.column(channel.partner)] = channel.sign * take.values[:, place]
    return replace(take, values=out)


def test_asymmetry_index_and_lag_of_a_known_pair():
    times = clock()
    left = added(0.8 * bump(times, m, 2.0) for m in (3, 8, 13, 18))
    late = added(0.8 * bump(times, m + 0.024, 2.0) for m in (3, 8, 13, 18))
    health = examine(take_of(times, {"mouthSmileLeft": left, "mouthSmileRight": 0.8 * left}))
    pair = pair_of(health, "mouthSmileLeft")
    assert pair.correlation == pytest.approx(1.0)
    assert pair.asymmetry == pytest.approx(0.2 / 1.8, abs=1e-6)
    assert pair.bias == pytest.approx(0.2 / 1.8, abs=1e-6)
    assert pair.lag_s == pytest.approx(0.0, abs=1e-6)
    assert not pair.coupled
    (region,) = health.region_pairs
    assert (region.region, region.asymmetry) == ("mouth", pytest.approx(0.2 / 1.8, abs=1e-6))
    health = examine(take_of(times, {"mouthSmileLeft": 0.8 * left, "mouthSmileRight": late}))
    pair = pair_of(health, "mouthSmileLeft")
    assert pair.bias == pytest.approx(-0.2 / 1.8, abs=0.01)
    assert pair.lag_s == pytest.approx(0.024, abs=1e-3)


def test_sides_that_a_tracker_makes_alike():
    times = clock()
    columns = busy_face(times)
    columns["eyeBlinkRight"] = columns["eyeBlinkLeft"] + 1e-5 * np.sin(50 * times)
    health = examine(take_of(times, columns))
    assert pair_of(health, "eyeBlinkLeft").coupled
    assert not pair_of(health, "mouthSmileLeft").coupled
    assert [r.region for r in health.region_pairs if r.is_coupled] == ["eye"]
    finding = next(f for f in health.findings if f.code == "coupled")
    assert "in eye (" in finding.text
    assert "winks" in finding.text
    columns["eyeBlinkRight"] = columns["eyeBlinkRight"] * (1 - bump(times, 10.0, 1.0))
    assert not pair_of(examine(take_of(times, columns)), "eyeBlinkLeft").coupled


def test_two_sides_at_rest_are_not_coupled():
    times = clock()
    still = 0.02 + 0.001 * np.sin(times)
    columns = {"browDownLeft": still, "browDownRight": still, "jawOpen": 0.3 + 0.2 * np.sin(times)}
    pair = pair_of(examine(take_of(times, columns)), "browDownLeft")
    assert (pair.correlation, pair.asymmetry, pair.coupled) == (None, None, False)


def test_eyes_that_turn_back_while_the_head_turns_agree():
    take = take_of(clock(), looking(clock()))
    for each in (take, mirrored(take)):
        sides = examine(each).sides
        assert sides.verdict == "consistent"
        by_name = {evidence.name: evidence for evidence in sides.evidence}
        assert by_name["eyes_and_head"].agreement > 0.6
        assert by_name["eyes_and_head"].sure > 0.95
        assert by_name["eye_angles_and_looks"].agreement == pytest.approx(1.0, abs=1e-6)


def test_a_head_that_is_mirrored_is_found_and_named():
    take = take_of(clock(), looking(clock()))
    health = examine(negated(take, "headYaw"))
    assert health.sides.verdict == "mirrored"
    assert health.sides.sure > 0.95
    first = health.findings[0]
    assert (first.code, first.severity) == ("mirrored", "fault")
    assert "head" in first.text
    by_name = {evidence.name: evidence.says for evidence in health.sides.evidence}
    assert by_name == {"eyes_and_head": "mirrored", "eye_angles_and_looks": "consistent"}


def test_names_that_are_swapped_while_angles_are_not():
    take = take_of(clock(), looking(clock()))
    by_name = {e.name: e.says for e in examine(swapped(take)).sides.evidence}
    assert by_name == {"eyes_and_head": "mirrored", "eye_angles_and_looks": "mirrored"}


def test_eyes_by_their_angles_alone():
    columns = looking(clock())
    angles = {name: columns[name] for name in ("headYaw", "leftEyeYaw", "rightEyeYaw")}
    take = take_of(clock(), angles)
    assert examine(take).sides.verdict == "consistent"
    assert examine(negated(take, "headYaw")).sides.verdict == "mirrored"


def test_eyes_that_have_nothing_to_do_with_the_head_say_nothing():
    """By chance alone one of two says is wrong no more often than "95 % sure" allows, or nearly."""
    times = clock()

    def waves(rng: np.random.Generator) -> np.ndarray:
        return 0.1 * added(
            np.sin(rng.uniform(0.5, 5) * times + rng.uniform(0, 6)) for _ in range(3)
        )

    said: list[str] = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        head, gaze = waves(rng), waves(rng)
        take = take_of(times, {"headYaw": head, "leftEyeYaw": gaze, "rightEyeYaw": gaze})
        (evidence,) = measure_sides(columns_of(take)).evidence
        said.append(evidence.says)
    assert said.count("mirrored") <= 6
    assert said.count("consistent") <= 6


def test_a_head_at_rest_says_nothing():
    columns = looking(clock())
    columns["headYaw"] = 0.001 * columns["headYaw"]
    names = {e.name for e in examine(take_of(clock(), columns)).sides.evidence}
    assert names == {"eye_angles_and_looks"}


def test_a_short_take_is_not_sure():
    times = clock(0.7)
    take = negated(take_of(times, looking(times)), "headYaw")
    evidence = {e.name: e for e in examine(take).sides.evidence}["eyes_and_head"]
    assert evidence.agreement < -0.3
    assert evidence.says == "unknown"


def test_muscles_of_one_side_pull_together():
    times = clock()
    left = added(0.7 * bump(times, m, 1.5) for m in (3, 9, 15))
    right = added(0.7 * bump(times, m, 1.5) for m in (6, 12, 18))
    columns = {
        "mouthSmileLeft": left,
        "mouthSmileRight": right,
        "cheekSquintLeft": 0.5 * left,
        "cheekSquintRight": 0.5 * right,
        "noseSneerLeft": 0.3 * left,
        "noseSneerRight": 0.3 * right,
        "mouthUpperUpLeft": 0.4 * left,
        "mouthUpperUpRight": 0.4 * right,
    }
    assert examine(take_of(times, columns)).sides.verdict == "consistent"
    for stem in ("cheekSquint", "noseSneer"):
        one, other = f"{stem}Left", f"{stem}Right"
        columns[one], columns[other] = columns[other], columns[one]
        verdict = examine(take_of(times, columns)).sides.verdict
        # one pair of muscles alone may disagree in a person
        assert verdict == ("mirrored" if stem == "noseSneer" else "unknown")
