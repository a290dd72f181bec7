# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns of eyeballs: read from points, and as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from facemocap_addon.core.controls import BONE, SHAPE_KEY, ControlKey
from facemocap_addon.core.gaze.eye_turns import (
    EyeTurn,
    eyeball_points,
    fit_turn,
    turns_from_json,
    turns_to_json,
)
from facemocap_addon.core.probing.eyeballs import Ball

NOUGHT = (0.0, 0.0, 0.0)


@given(arrays(np.float64, 3, elements=st.floats(-1.5, 1.5)))
def test_turns_are_read_from_points(vector: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    rest = rng.standard_normal((40, 3))
    turned = Rotation.from_rotvec(vector).apply(rest)
    found, shift = fit_turn(rest, turned + np.array([0.3, 0, 0.4]))
    np.testing.assert_allclose(found, vector, atol=1e-8)
    assert shift > 0
    # a shape key half way: every point on its chord
    half, _ = fit_turn(rest, rest + 0.5 * (turned - rest))
    np.testing.assert_allclose(half, 0.5 * vector, atol=1e-8)


def test_pieces_of_an_eyeball_are_told_apart_from_what_lies_around() -> None:
    rng = np.random.default_rng(1)
    sphere = rng.standard_normal((60, 3))
    sphere /= np.linalg.norm(sphere, axis=1)[:, None]
    iris = 0.2 * sphere + [0, 0, 0.7]
    brow = sphere * [2.0, 0.1, 0.1] + [0, 1.5, 0]
    aside = np.array([6.0, 0, 0])
    parts = [sphere, iris, brow, sphere + aside, iris + aside]
    points = np.concatenate(parts)
    islands = np.repeat(np.arange(5), 60)
    one, two = (Ball(np.array([x, 0.0, 0.0]), 1.0, 0.0, np.arange(3)) for x in (0.0, 6.0))
    left, right = eyeball_points(points, islands, (one, two), np.array([1.0, 0, 0]))
    assert set(islands[left]) == {3, 4}
    assert set(islands[right]) == {0, 1}


def test_measured_turns_as_json() -> None:
    turns = (
        EyeTurn(ControlKey(BONE, "rig", 'pose.bones["eye"].rotation', 1), 0.2, (0, 0.2, 0), NOUGHT),
        EyeTurn(ControlKey(SHAPE_KEY, "face", "x"), 1.0, (0.1, 0, 0), (0.1, 0.0, 0.3), 0.5, 0.25),
    )
    document = json.loads(json.dumps(turns_to_json(turns), allow_nan=False))
    assert turns_from_json(document) == turns
    assert {item["owner"] for item in document["turns"]} == {"rig", "face"}
    for broken in ({}, {"turns": [{}]}, {"turns": [{**document["turns"][0], "amount": 0}]}):
        with pytest.raises((KeyError, ValueError)):
            turns_from_json(broken)
    assert turns_to_json(()) == {"turns": []}
    assert ControlKey(*[document["turns"][0][k] for k in ("kind", "owner", "path", "index")]) == (
        turns[0].control
    )
