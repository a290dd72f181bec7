# SPDX-License-Identifier: GPL-3.0-or-later
"""What auto cleanup suggests beyond repair: sides, neutral and dead zone, with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from health_takes import bump, busy_face, clock, take_of

from facemocap_addon.core.health.columns import columns_of
from facemocap_addon.core.health.sides import CONSISTENT, HEAD, MIRRORED, measure_sides
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.auto import chosen_stack
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, Step
from facemocap_addon.core.take import Take


def chosen(take: Take) -> dict[str, tuple[Step, str]]:
    stack, why = chosen_stack(take)
    assert len(why) == len(stack.steps)
    return {step.kind: (step, text) for step, text in zip(stack.steps, why, strict=True)}


def switched_on(stack: Stack, kind: str) -> Stack:
    """The stack with that step on."""
    return Stack(
        tuple(replace(step, enabled=step.enabled or step.kind == kind) for step in stack.steps)
    )


def offset_face(offset: float, count: int = 6) -> Take:
    """A face that rests off nought in some channels and moves now and then."""
    times = clock()
    busy = busy_face(times)
    columns = {name: busy[name] for name in ("eyeBlinkLeft", "eyeBlinkRight", "headYaw")}
    names = ("browDownLeft", "browDownRight", "noseSneerLeft", "noseSneerRight", "mouthRollLower")
    move = sum(bump(times, at, 1.0) for at in (4.0, 9.0, 15.0))
    for number, name in enumerate((*names, "mouthShrugUpper")):
        shift = offset if number < count else 0.0
        columns[name] = shift + 0.3 * move + 0.001 * np.sin(times * (1 + number))
    return take_of(times, columns)


def test_a_face_that_rests_off_nought_has_neutral_suggested():
    take = offset_face(0.15)
    step, why = chosen(take)["neutral"]
    assert not step.enabled
    assert "6 channels" in why
    assert "(0.15)" in why
    assert "switched off" in why
    # nothing is done until a person wants it; then it does what was said
    stack, _why = chosen_stack(take)
    assert run_stack(take, stack).take.digest == take.digest
    done = run_stack(take, switched_on(stack, "neutral")).take
    rest = np.median(done.values[:, done.column("browDownLeft")])
    assert abs(rest) < 0.02
    assert "neutral" not in chosen(offset_face(0.15, count=4))
    assert "neutral" not in chosen(offset_face(0.04))
    assert "neutral" not in chosen(done)


def flickering(size: float, noise: float = 0.0) -> Take:
    """Three channels of the nose and the cheeks that never do more than flicker."""
    times = clock()
    rng = np.random.default_rng(2)
    columns = dict(busy_face(times))
    for number, name in enumerate(("noseSneerLeft", "noseSneerRight", "cheekSquintLeft")):
        course = 0.05 + 0.5 * size * np.sin((2 + number) * times)
        columns[name] = course + rng.normal(0, noise, len(times)) if noise else course
    columns["cheekSquintRight"] = 0.05 + 0.5 * size * np.sin(7 * times)
    columns["cheekPuff"] = 0.04 + 0.5 * size * np.sin(5 * times)
    return take_of(times, columns)


def test_channels_that_only_flicker_have_a_dead_zone_suggested():
    take = flickering(0.02)
    step, why = chosen(take)["dead_zone"]
    assert not step.enabled
    assert "3 channels of cheek" in why
    stack, _why = chosen_stack(take)
    done = run_stack(take, switched_on(stack, "dead_zone")).take
    for name in take.names:
        column, before = take.column(name), take.column(name)
        if name.startswith("cheek"):
            assert np.ptp(done.values[:, column]) < 1e-6
        else:
            # only the regions that flicker are held
            assert np.array_equal(done.values[:, column], take.values[:, before])
    assert "dead_zone" not in chosen(flickering(0.002))
    assert "dead_zone" not in chosen(flickering(0.2))
    # white noise is no flicker: denoise takes it off
    assert "dead_zone" not in chosen(flickering(0.0, noise=0.004))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "certain"),
    [
        ("livelinkface_udp/LLV_dao.gesichter", False),
        ("gltf/facecap.glb", True),
        ("openface/FACSvatar_demo.csv", True),
    ],
)
def test_a_head_that_turns_with_the_eyes_has_its_sides_swapped(
    shared: Path, name: str, certain: bool
):
    take = read_take(shared / "takes" / name)
    assert measure_sides(columns_of(take)).verdict == CONSISTENT
    assert "swap_sides" not in chosen(take)
    values = take.values.copy()
    for turn in ("headYaw", "headRoll"):
        values[:, take.column(turn)] *= -1.0
    mirrored = take.changed("mirrored head", values=values)
    assert measure_sides(columns_of(mirrored)).verdict == MIRRORED
    step, why = chosen(mirrored)["swap_sides"]
    assert step.enabled == certain
    assert ("look first" in why) != certain
    assert step.mask.regions == ("head",)
    assert "eyes turn with the head" in why
    assert next(iter(chosen(mirrored))) == "swap_sides"
    stack, _why = chosen_stack(mirrored)
    done = run_stack(mirrored, switched_on(stack, "swap_sides")).take
    evidence = {each.name: each.says for each in measure_sides(columns_of(done)).evidence}
    assert evidence[HEAD] == CONSISTENT
    face = [c for c, channel in enumerate(take.channels) if channel.region != "head"]
    plain = run_stack(take, chosen_stack(take)[0]).take
    assert np.array_equal(done.values[:, face], plain.values[:, face])


@pytest.mark.shared
def test_a_phone_take_at_rest_is_told_of(shared: Path):
    take = read_take(shared / "takes" / "livelinkface" / "JMTechArt_MySlate_3_iPhone.csv")
    found = chosen(take)
    assert not found["neutral"][0].enabled
    assert "browDown" in found["neutral"][1]
    assert run_stack(take, chosen_stack(take)[0]).take.digest == take.digest
