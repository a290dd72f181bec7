# SPDX-License-Identifier: GPL-3.0-or-later
"""The stored motions of the 52 channels are those of the sample head as it is built today."""

from __future__ import annotations

import json

import numpy as np

from facemocap_addon.core.probing.descriptor import LENGTH
from facemocap_addon.core.probing.reference import FILE, reference_motions
from facemocap_addon.core.resources import data_file
from sample_rigs.generator.base import BaseFace
from sample_rigs.generator.motions import document


def test_stored_motions_are_the_sample_heads():
    fresh = json.loads(document(BaseFace.build()))
    stored = json.loads(data_file(FILE).read_text(encoding="utf-8"))
    assert fresh["covered"] == stored["covered"]
    for name, entry in fresh["channels"].items():
        have, want = stored["channels"][name], entry
        # rounding may fall the other way on another machine, by one unit of the last place
        table = {}
        for key, channel in (("have", have), ("want", want)):
            nodes = np.zeros((LENGTH, 3))
            nodes[channel["nodes"]] = np.reshape(channel["moves"], (-1, 3))
            table[key] = nodes
        assert np.abs(table["have"] - table["want"]).max() <= 1, name
        assert np.abs(np.subtract(have["eyes"], want["eyes"])).max() <= 1, name
        assert np.abs(np.subtract(have["inside"], want["inside"])).max() <= 1, name


def test_every_channel_differs_from_every_other():
    motions, known = reference_motions()
    table = np.stack([motion * known for motion in motions.values()])
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    alike = np.einsum("al,bl->ab", table, table) - np.eye(len(table))
    # most alike: lips pursed and lips in a funnel, a tongue out and the mouth it opens
    close = np.argwhere(np.triu(alike) > 0.85)
    names = list(motions)
    pairs = {frozenset(names[place] for place in pair) for pair in close.tolist()}
    assert pairs == {frozenset({"mouthFunnel", "mouthPucker"}), frozenset({"jawOpen", "tongueOut"})}
    assert alike.max() < 0.96
