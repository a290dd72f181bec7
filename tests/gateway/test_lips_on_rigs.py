# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts that `facemocap events` tells are contacts on the character, with a step for the lips.

A few characters and contacts; `python -m benchmarks lip_contacts` looks at all of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from contact_looks import SAMPLES, SHARED, TAKES, open_actor
from lip_looks import FULL, LEAST_GAP, USUAL, contact_frames, look_at_contacts

from facemocap_addon.core.events.lips.events import LipEvent
from facemocap_addon.core.events.lips.finding import find_lip_contacts
from facemocap_addon.core.readers import read_take
from facemocap_addon.gateway.applying.performance import ApplyOptions

#: Contacts of a take that are looked at here.
MOST = 4


@pytest.mark.parametrize("name", ["arkit_head", "toon"])
def test_contacts_of_the_sample_take_are_closed(name: str, repo: Path) -> None:
    actor = open_actor(repo / SAMPLES[name])
    actor.scene.render.fps, actor.scene.render.fps_base = 30, 1.0
    take = read_take(repo / "sample_rigs" / "sample_take.csv")
    assert len(find_lip_contacts(take)) == 30
    for stack in (USUAL, FULL):
        seen = look_at_contacts(actor, take, stack, MOST)
        assert len(seen) == MOST
        assert max(each.gap for each in seen) < LEAST_GAP
    # rays see lips that are apart just as well
    actor.play(take, ApplyOptions(stack=USUAL))
    slits: list[float] = []
    for each in seen:
        actor.scene.frame_set(1 + round((each.event.onset_s - float(take.times[0])) * 30))
        slits.append(actor.gaps.lip_gap())
    actor.rest()
    assert np.median(slits) > 2.0 * LEAST_GAP


@pytest.mark.shared
@pytest.mark.parametrize("name", ["rocketbox"])
def test_contacts_of_a_real_take_are_closed(name: str, shared: Path) -> None:
    actor = open_actor(shared / SHARED[name])
    actor.scene.render.fps, actor.scene.render.fps_base = 30, 1.0
    seen = look_at_contacts(actor, read_take(shared / TAKES["rom"]), USUAL, MOST)
    assert len(seen) == MOST
    assert max(each.gap for each in seen) < LEAST_GAP


def test_frames_of_a_contact() -> None:
    def event(start: float, end: float) -> LipEvent:
        return LipEvent(start, start, 0.5 * (start + end), end, end, 0, 1, 0.0, 0.0, 0.0, "held")

    assert contact_frames(event(2.0, 3.0), 10.0, 1.0).tolist() == [11, 16, 21]
    assert contact_frames(event(2.01, 2.19), 10.0, 1.0).tolist() == [12]
    # between two frames: the nearer one
    assert contact_frames(event(2.02, 2.06), 10.0, 1.0).tolist() == [11]
