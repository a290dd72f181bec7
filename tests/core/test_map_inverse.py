# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig maps backwards: what went through a map comes back, and what cannot be told is not valid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from facemocap_addon.core.channels import arkit_names, arkit_schema
from facemocap_addon.core.controls import BONE, SHAPE_KEY, ControlKey
from facemocap_addon.core.rig_maps.map_inverse import Inverse, invert_map
from facemocap_addon.core.rig_maps.map_undoing import respond_inverse
from facemocap_addon.core.rig_maps.response import Response, respond
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.rig_maps.rig_map import Fit, RigMap, RigMapEntry, Source
from facemocap_addon.core.take import make_take

RNG = np.random.default_rng(12)


def key(name: str) -> ControlKey:
    return ControlKey(SHAPE_KEY, "face", f'key_blocks["{name}"].value')


def bone(name: str, index: int) -> ControlKey:
    return ControlKey(BONE, "rig", f'pose.bones["{name}"].rotation', index)


def entry(control: ControlKey | str, *sources: tuple[str, float], **more: object) -> RigMapEntry:
    control = key(control) if isinstance(control, str) else control
    return RigMapEntry(control, tuple(Source(*s) for s in sources), **more)  # type: ignore[arg-type]


def through(rig_map: RigMap, **columns: np.ndarray) -> Inverse:
    """Channels sent through a map and back."""
    count = len(next(iter(columns.values())))
    channels = [arkit_schema()[name] for name in columns]
    take = make_take(np.arange(count) / 30, channels, np.array(list(columns.values())).T)
    solved = retarget(take, rig_map)
    return invert_map(rig_map, dict(zip(solved.controls, solved.values.T, strict=True)))


def of(inverse: Inverse, name: str) -> np.ndarray:
    place = inverse.channels.index(name)
    assert inverse.valid[:, place].all(), name
    return inverse.values[:, place]


def test_one_control_each_is_exact():
    names = arkit_names()
    values = RNG.uniform(0, 1, (len(names), 40)).astype(np.float32).astype(float)
    entries = tuple(entry(f"my {name}", (name, 1.0)) for name in names)
    back = through(RigMap("", entries), **dict(zip(names, values, strict=True)))
    assert back.channels == names
    assert np.array_equal(back.values, values.T)
    assert back.valid.all()
    assert back.told.tolist() == [1.0] * len(names)
    assert back.missed.max() == 0


CURVES: list[Response] = [
    ((0, 0), (0.5, 0.2), (1, 1)),
    ((0, 1), (0.3, 0.9), (1, -0.5)),
    ((-1, -2), (0, 0), (2, 0.5), (3, 8)),
    ((0.2, 0), (0.9, 1)),
]


@pytest.mark.parametrize("curve", CURVES)
def test_response_curves_are_followed_back(curve: Response):
    sums = np.concatenate([RNG.uniform(curve[0][0], curve[-1][0], 300), [curve[0][0] - 0.4, 5.0]])
    found, told = respond_inverse(curve, respond(curve, sums))
    assert told.all()
    assert respond(curve, found) == pytest.approx(respond(curve, sums), abs=1e-9)
    # within the curve; beyond its ends it may be level
    assert found[:300] == pytest.approx(sums[:300], abs=2e-4)


def test_flat_stretches_tell_nothing():
    curve: Response = ((0, 0), (0.2, 0), (0.5, 0.6), (0.8, 0.6), (1, 1))
    found, told = respond_inverse(curve, np.array([0.0, 0.3, 0.6, 0.9]))
    assert told.tolist() == [True, True, False, True]
    assert found[0] == 0
    assert respond(curve, found) == pytest.approx([0, 0.3, 0.6, 0.9], abs=1e-9)
    turning, sure = respond_inverse(((0, 0), (0.5, 1), (1, 0)), np.array([0.2, 0.7]))
    assert not sure.any()
    assert np.isfinite(turning).all()


def test_offsets_gains_and_curves_together():
    jaw = RNG.uniform(0, 1, 50)
    rig_map = RigMap("", (
        entry("a", ("jawOpen", -0.4), offset=0.7, limits=(0, 1), response=CURVES[0][:0]),
        entry("b", ("jawForward", 2.0), offset=-1, limits=(-9, 9), response=CURVES[0]),
    ))  # fmt: skip
    back = through(rig_map, jawOpen=jaw, jawForward=1 - jaw)
    assert of(back, "jawOpen") == pytest.approx(jaw, abs=1e-6)
    assert of(back, "jawForward") == pytest.approx(1 - jaw, abs=1e-5)


def test_a_limit_only_says_the_least():
    """One control ends at 0.7 while another goes on: the other one tells."""
    jaw = np.linspace(0, 1, 21)
    rig_map = RigMap("", (
        entry("a", ("jawOpen", 1.0)), entry("b", ("jawOpen", 2.0), limits=(0.0, 0.7)),
        entry("c", ("jawLeft", 2.0), limits=(0.0, 1.0)),
    ))  # fmt: skip
    back = through(rig_map, jawOpen=jaw, jawLeft=jaw)
    assert of(back, "jawOpen") == pytest.approx(jaw, abs=1e-6)
    assert of(back, "jawLeft") == pytest.approx(np.minimum(jaw, 0.5), abs=1e-6)
    assert back.missed.max() < 1e-6


def test_shared_controls_are_solved_as_scipy_solves_them():
    names = ("mouthSmileLeft", "mouthStretchLeft", "mouthDimpleLeft", "jawOpen")
    gains = RNG.normal(0, 1, (6, 4))
    entries = tuple(
        entry(f"c{row}", *zip(names, gains[row], strict=True), limits=(-99, 99)) for row in range(6)
    )
    rig_map = RigMap("", entries)
    true = RNG.uniform(0, 1, (4, 60))
    back = through(rig_map, **dict(zip(names, true, strict=True)))
    for place, name in enumerate(names):
        assert of(back, name) == pytest.approx(true[place], abs=1e-6)
    # controls that no channels make: the nearest ones
    values = RNG.normal(0, 1, (60, 6))
    controls = {each.control: values[:, k] for k, each in enumerate(entries)}
    nearest = invert_map(rig_map, controls)
    for row in range(60):
        wanted = lsq_linear(gains, values[row], (0, 1), tol=1e-12).x
        assert nearest.values[row] == pytest.approx(wanted, abs=1e-6)
        missed = np.abs(gains @ wanted - values[row]).max()
        assert nearest.missed[row] == pytest.approx(missed, abs=1e-5)


def test_copies_that_stand_still_do_not_count():
    """The jaw of the head is keyed and that of the teeth is not."""
    jaw = np.linspace(0, 0.9, 10)
    names = ("head", "teeth", "tongue")
    rig_map = RigMap("", tuple(entry(name, ("jawOpen", 1.0)) for name in names))
    controls = {key("head"): jaw, key("teeth"): 0 * jaw, key("tongue"): 0 * jaw}
    assert of(invert_map(rig_map, controls), "jawOpen") == pytest.approx(jaw)
    # where all move the nearest is between them
    controls[key("teeth")] = 0.5 * jaw
    assert of(invert_map(rig_map, controls), "jawOpen") == pytest.approx(0.75 * jaw)


def test_what_one_sum_cannot_tell():
    blink = RNG.uniform(0, 1, 20)
    rig_map = RigMap("", (
        entry("both", ("eyeBlinkLeft", 0.5), ("eyeBlinkRight", 0.5)),
        entry("lips", ("jawOpen", 1.0), ("mouthClose", -1.0)),
        entry("many", *((name, 0.2) for name in arkit_names()[:8] if "Blink" not in name)),
        entry("flat", ("tongueOut", 1.0), response=((0, 0.5), (1, 0.5))),
    ))  # fmt: skip
    controls = {e.control: blink for e in rig_map.entries}
    back = invert_map(rig_map, controls)
    # both eyes alike; the jaw opens as far as the lips are apart
    assert of(back, "eyeBlinkLeft") == pytest.approx(blink)
    assert of(back, "eyeBlinkRight") == pytest.approx(blink)
    assert of(back, "jawOpen") == pytest.approx(blink, abs=1e-6)
    told = dict(zip(back.channels, back.told.tolist(), strict=True))
    assert told["eyeBlinkLeft"] == pytest.approx(0.5)
    many = [name for name in arkit_names()[:8] if "Blink" not in name]
    for name in (*many, "tongueOut"):
        place = back.channels.index(name)
        assert not back.valid[:, place].any(), name
        assert not back.values[:, place].any()


def test_parts_of_another_channel():
    jaw = np.linspace(0, 1, 30)
    close = 0.6 * jaw * np.linspace(1, 0, 30)
    entries = (
        entry("jaw", ("jawOpen", 1.0)),
        RigMapEntry(key("close"), (Source("mouthClose", 1.0, "jawOpen"),)),
    )
    back = through(RigMap("", entries), jawOpen=jaw, mouthClose=close)
    assert of(back, "mouthClose") == pytest.approx(close, abs=1e-6)


def test_fitted_shapes_give_their_looks():
    looks = ((0.6, 0.0, 0.2), (0.1, 0.9, 0.0))
    keys = ((key("A"),), (key("O"),))
    fit = Fit(keys, ("jawOpen", "mouthFunnel", "mouthStretchLeft"), looks)
    entries = tuple(entry(target[0], ("jawOpen", 1.0)) for target in keys)
    rig_map = RigMap("", entries, fits=(fit,))
    shares = RNG.uniform(0, 1, (2, 25)) * [[0.8], [0.5]]
    controls = {key("A"): shares[0], key("O"): shares[1]}
    back = invert_map(rig_map, controls)
    assert back.values == pytest.approx(np.clip(shares.T @ np.array(looks), 0, 1))
    # and what they look like is made of the same shares again
    take = make_take(
        np.arange(25) / 30, [arkit_schema()[name] for name in back.channels], back.values
    )
    again = retarget(take, rig_map)
    assert again.values == pytest.approx(shares.T, abs=2e-3)


def head_map() -> RigMap:
    """Neck and head share a turn; the head's bone lies askew."""
    third = 1 / 3
    return RigMap("", (
        *(entry(bone("neck", k), (name, sign * third), limits=(-4, 4))
          for k, (name, sign) in enumerate((("headPitch", -1), ("headYaw", 1), ("headRoll", -1)))),
        entry(bone("head", 0), ("headYaw", 2 * third), limits=(-4, 4)),
        entry(bone("head", 1), ("headPitch", 2 * third), limits=(-4, 4)),
        entry(bone("head", 2), ("headRoll", -2 * third), limits=(-4, 4)),
        *(entry(bone(f"eye.{side[0]}", k), (f"{side}Eye{angle}", 1 - 2 * k), limits=(-1, 1))
          for side in ("left", "right") for k, angle in enumerate(("Pitch", "Yaw"))),
    ))  # fmt: skip


def test_turns_of_head_and_eyes_come_back_as_angles():
    angles = {
        name: RNG.uniform(-0.5, 0.5, 80)
        for name in ("headYaw", "headPitch", "headRoll", "leftEyeYaw", "leftEyePitch",
                     "rightEyeYaw", "rightEyePitch")
    }  # fmt: skip
    back = through(head_map(), **angles)
    for name, wanted in angles.items():
        assert of(back, name) == pytest.approx(wanted, abs=2e-6), name
    # the same gaze as coefficients, for characters whose eyes are shapes
    out, inward = of(back, "eyeLookOutLeft"), of(back, "eyeLookInLeft")
    assert ((out > 0) == (angles["leftEyeYaw"] < 0)).all()
    assert not (out * inward).any()


def test_targets_that_eyes_look_at_come_back_as_angles():
    """A target two metres ahead moves by the tangent of the angle."""
    angles = {name: RNG.uniform(-0.5, 0.5, 60) for name in ("leftEyeYaw", "leftEyePitch")}
    places = [ControlKey(BONE, "rig", 'pose.bones["aim"].location', k) for k in (0, 2)]
    rig_map = RigMap("", (
        entry(places[0], ("leftEyeYaw", 2.0), limits=(-10, 10)),
        entry(places[1], ("leftEyePitch", -2.0), limits=(-10, 10)),
    ))  # fmt: skip
    back = through(rig_map, **angles)
    for name, wanted in angles.items():
        assert of(back, name) == pytest.approx(wanted, abs=2e-6), name


def test_missing_controls_tell_nothing():
    rig_map = RigMap("", (entry("a", ("jawOpen", 1.0)), entry("b", ("jawLeft", 1.0))))
    back = invert_map(rig_map, {key("a"): np.array([0.5, 1.5, -0.25])})
    assert back.channels == ("jawOpen",)
    # one to one: what a person has animated beyond the limits is there too
    assert of(back, "jawOpen").tolist() == [0.5, 1.5, -0.25]
    assert invert_map(rig_map, {}).channels == ()
