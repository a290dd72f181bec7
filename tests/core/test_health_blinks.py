# SPDX-License-Identifier: GPL-3.0-or-later
"""The blinks that a report tells are those that can be edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from facemocap_addon.core.events.blinks.finding import find_blinks
from facemocap_addon.core.health.examine import examine
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

#: How the report calls kinds; the others are full or partial by how far they close.
SAID = {"wink": "one eye", "long": "long"}


def agree(take: Take) -> int:
    """Whether report and events say the same; how many blinks there are."""
    found = [b for b in find_blinks(take) if b.kind != "long" or b.closure >= 0.75]
    told = examine(take).blinks
    assert len(told) == len(found)
    ordered = sorted(found, key=lambda blink: blink.onset_s)
    for one, two in zip(ordered, sorted(told, key=lambda blink: blink.start_s), strict=True):
        assert two.kind == SAID.get(one.kind, "full" if one.closure >= 0.75 else "partial")
        assert two.start_s == one.onset_s
        assert two.start_s < two.peak_s < two.end_s
        assert one.lead.shape.half_s - 0.06 < two.peak_s < one.lead.shape.opens_s + 0.2
        assert min(two.closing_s, two.opening_s) > 0.0
        assert two.closed_s >= 0.0
    return len(told)


def test_the_sample_take(repo: Path):
    assert agree(read_take(repo / "sample_rigs" / "sample_take.csv")) == 15


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    [
        "livelinkface/JMTechArt_MySlate_3_iPhone.csv",
        "livelinkface/alexdjulin_alex_rom_3.csv",
        "livelinkface_udp/LLV_dao.gesichter",
        "gltf/facecap.glb",
    ],
)
def test_real_takes(name: str, shared: Path):
    agree(read_take(shared / "takes" / name))
