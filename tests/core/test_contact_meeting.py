# SPDX-License-Identifier: GPL-3.0-or-later
"""Where lids meet and lips seal, on a face whose answer is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from facemocap_addon.core.contacts.face_contacts import LEFT_LIDS, MOUTH, RIGHT_LIDS, FaceContacts
from facemocap_addon.core.contacts.margins import Opening
from facemocap_addon.core.contacts.meeting import (
    find_meeting,
    meeting_from_json,
    meeting_poses,
    told_meeting,
)
from facemocap_addon.core.contacts.slices import MeshPoints
from facemocap_addon.core.controls import SHAPE_KEY, Control
from facemocap_addon.core.rig_maps.matching import match

NAMES = ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthClose")
#: Of the blink's full value, where each eye is shut; the right one never is.
LEFT_AT, RIGHT_AT = 0.8, 4.0
#: Millimetres between the lids at rest, and between the lips; width of the mouth.
LIDS_MM, LIPS_MM, WIDTH_MM = 10.0, 0.5, 48.0


def edges(first: int, height_mm: float, width_mm: float) -> tuple[Opening, np.ndarray]:
    """Eight points above eight others, on vertices from ``first`` on."""
    across = np.linspace(0, 1e-3 * width_mm, 8)
    low = np.stack([across, np.zeros(8), np.zeros(8)], axis=1)
    high = low + np.array([0, 0, 1e-3 * height_mm])
    numbers = [np.stack([n, n], axis=1) for n in (first + np.arange(8), first + 8 + np.arange(8))]
    upper, lower = (MeshPoints(each, np.zeros(8)) for each in numbers)
    return Opening(upper, lower), np.concatenate([high, low])


def face() -> FaceContacts:
    made = [edges(0, LIDS_MM, 30), edges(16, LIDS_MM, 30), edges(32, LIPS_MM, WIDTH_MM)]
    names: tuple[str, ...] = (LEFT_LIDS, RIGHT_LIDS, MOUTH)
    openings: dict[str, Opening] = {n: each[0] for n, each in zip(names, made, strict=True)}
    rest = np.concatenate([each[1] for each in made])
    vertices = np.stack([np.zeros(48, int), np.arange(48)], axis=1)
    return FaceContacts(("face",), vertices, rest, openings, np.array([0, 0, 1.0]), 0.06)


def measure(values: np.ndarray) -> dict[str, np.ndarray]:
    left, right, jaw, close = values.T
    lips = 100 * (LIPS_MM + 40 * jaw - 50 * close) / WIDTH_MM
    return {
        LEFT_LIDS: np.repeat(100 * (1 - left / LEFT_AT)[:, None], 4, axis=1),
        RIGHT_LIDS: np.repeat(100 * (1 - right / RIGHT_AT)[:, None], 4, axis=1),
        MOUTH: np.repeat(lips[:, None], 4, axis=1),
    }


def test_the_values_that_close_a_known_face():
    controls = [Control(SHAPE_KEY, "face", f'key_blocks["{n}"].value', 0, n) for n in NAMES]
    rig_map = match(controls)
    by_name = {control.name: control.key for control in controls}
    keys = tuple(by_name[name] for name in NAMES)
    found = find_meeting(face(), meeting_poses(rig_map, keys), measure)
    assert found.rest_mm == pytest.approx({LEFT_LIDS: LIDS_MM, RIGHT_LIDS: LIDS_MM, MOUTH: LIPS_MM})
    assert found.mouth_mm == pytest.approx(WIDTH_MM)
    # half a per cent counts as shut
    assert found.shut[LEFT_LIDS] == pytest.approx(0.995 * LEFT_AT, abs=1e-6)
    assert found.shut[RIGHT_LIDS] is None
    for jaw, close in found.seal:
        assert close == pytest.approx((LIPS_MM + 40 * jaw - 0.003 * WIDTH_MM) / 50, abs=1e-6)
    again = meeting_from_json(found.to_json())
    assert again.shut[LEFT_LIDS] == pytest.approx(0.796)
    assert again.to_json() == found.to_json()
    left, right, lips = found.sentences()
    assert left == "Left eye: 10.0 mm open at rest, shut at eyeBlinkLeft 0.80"
    assert right == "Right eye: 10.0 mm open at rest, eyeBlinkRight does not shut it"
    assert lips.startswith("Lips: 0.5 mm apart at rest, 48 mm wide; sealed by mouthClose 0.09 at ")
    assert told_meeting({"meeting": found.to_json()}) == again.sentences()


def test_a_face_without_channels_for_it():
    found = find_meeting(
        face(), meeting_poses(match([]), ()), lambda v: measure(np.zeros((len(v), 4)))
    )
    assert found.shut == {LEFT_LIDS: None, RIGHT_LIDS: None}
    assert all(close is None for _, close in found.seal)
    assert found.sentences()[2].endswith("mouthClose seals nothing")
    assert told_meeting(None) == ()
    assert told_meeting({"owners": []}) == ()
