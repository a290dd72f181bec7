# SPDX-License-Identifier: GPL-3.0-or-later
"""A made take that blinks and closes its lips once, and the keys that it leaves on a character."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from contact_looks import Actor

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.gateway.applying.performance import ApplyOptions
from facemocap_addon.gateway.writing.keys import find_channelbag
from facemocap_addon.gateway.writing.records import find_performance

PLAIN = ApplyOptions()
Curves = dict[tuple[str, str, int], np.ndarray]
#: When the eyes of `speech` are shut by the peak of a blink, and the lips closed (seconds).
SHUT_S, HALF_S, WINK_S, CLOSED_S = (0.5, 2.0), 1.2, 2.6, (0.8, 1.0)


def speech(**others: float) -> Take:
    """Three seconds: blinks, a half one, a wink of the left eye, and a jaw that closes once."""
    times = np.arange(181) / 60.0

    def bumps(*at: tuple[float, float]) -> np.ndarray:
        return np.sum(
            [height * np.clip(1.0 - np.abs(times - t) / 0.08, 0, 1) for t, height in at], axis=0
        )

    both = [(SHUT_S[0], 0.8), (HALF_S, 0.4), (SHUT_S[1], 0.8)]
    jaw = 0.25 + 0.1 * np.sin(9 * times)
    closed = (times >= CLOSED_S[0]) & (times <= CLOSED_S[1])
    columns = {
        "eyeBlinkLeft": bumps(*both, (WINK_S, 0.8)),
        "eyeBlinkRight": bumps(*both),
        "eyeLookDownLeft": np.full(181, 0.1),
        "eyeLookDownRight": np.full(181, 0.1),
        "jawOpen": np.where(closed, 0.07, jaw + 0.07),
        "mouthClose": 0.02 * np.ones(181),
        "mouthSmileLeft": 0.2 + 0.1 * np.sin(4 * times),
        "headYaw": 0.3 * np.sin(2 * times),
    } | {name: np.full(181, value) for name, value in others.items()}
    return take_of(columns)


def take_of(columns: Mapping[str, np.ndarray]) -> Take:
    schema = arkit_schema()
    values = np.stack(list(columns.values()), axis=1)
    times = np.arange(len(values)) / 60.0
    return make_take(times, [schema[name] for name in columns], values, rate=60, name="speech.csv")


def curves(actor: Actor) -> Curves:
    """Keys ``(n, 2)`` of every F-curve that plays."""
    performance = find_performance(actor.picked)
    assert performance is not None
    out: Curves = {}
    for datablock in performance.datablocks:
        data: Any = datablock.animation_data
        bag = find_channelbag(performance.action, data.action_slot)
        assert bag is not None
        for curve in bag.fcurves:
            keys = np.empty(len(curve.keyframe_points) * 2, np.float32)
            curve.keyframe_points.foreach_get("co", keys)
            out[datablock.name, curve.data_path, curve.array_index] = keys.reshape(-1, 2)
    return out


def same(one: Curves, two: Curves) -> bool:
    """To the bit."""
    return list(one) == list(two) and all(one[key].tobytes() == two[key].tobytes() for key in one)


def played(actor: Actor, take: Take, options: ApplyOptions = PLAIN) -> Curves:
    actor.play(take, options)
    found = curves(actor)
    actor.rest()
    return found


def shapes(found: Curves, name: str) -> np.ndarray:
    """Keys of one shape key, which are the same on all meshes that have it."""
    each = [keys for (_, path, _), keys in found.items() if path == f'key_blocks["{name}"].value']
    assert each
    assert all((keys == each[0]).all() for keys in each)
    return each[0]


def at(actor: Actor, time_s: float) -> None:
    """Go to a time of a take that plays from frame 1."""
    frame = 1.0 + time_s * actor.scene.render.fps
    actor.scene.frame_set(int(frame), subframe=frame % 1.0)


def same_keys(one: Curves, two: Curves, key: tuple[str, str, int]) -> bool:
    return one[key].tobytes() == two[key].tobytes()


def key_places(block: Any) -> np.ndarray:
    flat = np.empty(len(block.data) * 3, np.float32)
    block.data.foreach_get("co", flat)
    return flat
