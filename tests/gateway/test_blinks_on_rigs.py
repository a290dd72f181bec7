# SPDX-License-Identifier: GPL-3.0-or-later
"""Edited blinks on characters: what closed the eyes closes them still, as rays see it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from contact_looks import SAMPLES, Actor, open_actor

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.events.blinks.finding import find_blinks
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.gateway.applying.performance import ApplyOptions

RIGS = ("arkit_head", "bone_face")
#: What shut lids leave open, in per cent (docs/contacts.md), and what two looks may differ by.
SHUT, SAME = 5.0, 1.0
RATE = 60
SPACING_S = 0.5


@pytest.fixture(scope="module", params=RIGS)
def actor(request: pytest.FixtureRequest, repo: Path) -> Actor:
    out = open_actor(repo / SAMPLES[request.param])
    out.scene.render.fps, out.scene.render.fps_base = RATE, 1.0
    return out


@pytest.fixture(scope="module")
def take(repo: Path) -> Take:
    return read_take(repo / "sample_rigs" / "sample_take.csv")


def lid_gaps(actor: Actor, take: Take, stack: Stack, times: list[float]) -> np.ndarray:
    """How far both eyes are open ``(n, 2)`` at the samples nearest to some times, in per cent."""
    actor.play(take, ApplyOptions(stack=stack, on_capture_times=True))
    out: list[list[float]] = []
    for at in times:
        sample = float(take.times[np.abs(take.times - at).argmin()])
        frame = 1.0 + (sample - float(take.times[0])) * RATE
        whole = int(np.floor(frame + 1e-6))
        actor.scene.frame_set(whole, subframe=max(frame - whole, 0.0))
        seen = actor.gaps.lid_gaps()
        out.append([seen["left"], seen["right"]])
    actor.rest()
    return np.array(out)


def test_moved_blinks_close_the_eyes_as_they_did(actor: Actor, take: Take) -> None:
    """Every blink goes by a random time, as far as its neighbours leave it room."""
    rng = np.random.default_rng(4)
    blinks = find_blinks(take)
    apexes = [float(take.times[0]), *(b.apex_s for b in blinks), float(take.times[-1])]
    edits, moves = [], []
    for number, blink in enumerate(blinks):
        around = np.diff(apexes)[number : number + 2] - SPACING_S
        low, high = 0.5 * np.clip(around, 0.0, 1.0)
        by = float(rng.uniform(0.3, 1.0) * (high if rng.random() * (low + high) > low else -low))
        if blink.kind != "long" and abs(by) > 0.03:
            edits.append({"op": "move", "at_s": blink.apex_s, "side": blink.side, "value": by})
            moves.append((blink.lead.shape.apex_s, by))
    assert len(moves) >= 8
    before = lid_gaps(actor, take, Stack(), [at for at, _ in moves])
    moved = Stack((make_step("blinks", edits=edits),))
    after = lid_gaps(actor, take, moved, [at + by for at, by in moves])
    gone = lid_gaps(actor, take, moved, [at for at, _ in moves])
    shut = before < SHUT
    assert shut.any(axis=1).sum() >= 6
    assert (after[shut] < SHUT).all()
    assert np.abs(after - before).max() < SAME
    # where they were the eyes are open now
    far = np.array([abs(by) > 0.2 for _, by in moves])
    assert far.any()
    assert (gone[far][shut[far]] > 50.0).all()


def test_full_closure_shuts_this_character(actor: Actor, take: Take) -> None:
    partial = [blink for blink in find_blinks(take) if blink.kind == "partial"]
    assert len(partial) >= 2
    times = [blink.lead.shape.apex_s for blink in partial]
    edits = [{"op": "close", "at_s": blink.apex_s, "side": blink.side} for blink in partial]
    before = lid_gaps(actor, take, Stack(), times)
    after = lid_gaps(actor, take, Stack((make_step("blinks", edits=edits),)), times)
    full = [b.lead.shape.apex_s for b in find_blinks(take) if b.kind == "full" and b.side == "B"]
    whole = lid_gaps(actor, take, Stack((make_step("blinks", full_closure=True),)), full)
    assert before.min() > 20.0
    assert after.max() < SHUT
    assert len(full) >= 8
    assert whole.max() < SHUT


def test_wide_eyes_blink_shut(actor: Actor) -> None:
    """Where eyeBlink is at its end the eye relaxes for the blink, and is wide again after it."""
    times = np.arange(181) / RATE
    pulses = [np.exp(-(((times - at) / 0.05) ** 2)) for at in (0.5, 1.5, 2.5)]
    blink = 0.95 * np.sum(pulses, axis=0)
    names = ("eyeBlinkLeft", "eyeBlinkRight", "eyeWideLeft", "eyeWideRight")
    values = np.stack([blink, blink, np.full(181, 0.9), np.full(181, 0.9)], axis=1)
    staring = make_take(times, [arkit_schema()[name] for name in names], values, name="wide.csv")
    gaps = lid_gaps(actor, staring, Stack(), [0.5, 1.0, 1.5, 2.0, 2.5])
    assert gaps[::2].max() < SHUT
    assert gaps[1::2].min() > 110.0
