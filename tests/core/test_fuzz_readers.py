# SPDX-License-Identifier: GPL-3.0-or-later
"""A few hundred damaged recordings are read or refused (dev.py fuzz does more)."""

from __future__ import annotations

from pathlib import Path

from devtools.fuzz import collect_seeds, find_unfed_readers, fuzz


def test_damaged_recordings_are_read_or_refused(sample_rigs: Path):
    seeds = collect_seeds([sample_rigs])
    assert find_unfed_readers(seeds) == []
    tallies, findings = fuzz(seeds, 250, seed=20)
    assert [f"{f.format} {f.mutations}: {f.reason}" for f in findings] == []
    for tally in tallies.values():
        assert tally.read + tally.refused == 250
        assert tally.refused > 25
