# SPDX-License-Identifier: GPL-3.0-or-later
"""What all readers of points have in common: told by content, inspected, damaged, small."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from devtools.fuzz import Seed, fuzz
from devtools.made_markers import NAMES, c3d, maya, places, points_text, samples, seen, trc
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.inspection import describe_take, inspect_take
from facemocap_addon.core.points import point_channels, point_values, points_of
from facemocap_addon.core.readers import HEAD_BYTES, read_take, readers, sniff_reader
from facemocap_addon.core.take import Take, make_take

SAMPLES = samples()
FOLDERS = {
    "c3d": "c3d",
    "trc": "trc",
    "maya_markers": "maya_ascii",
    "blender_tracks": "tracked_points",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_points_are_told_by_content(name: str, tmp_path: Path):
    scores = sorted(reader.sniff(SAMPLES[name][:HEAD_BYTES]) for reader in readers())
    assert scores[-1] > scores[-2]
    path = tmp_path / "odd.glb"
    path.write_bytes(SAMPLES[name])
    take = read_take(path)
    assert take.source.format == name
    assert take.times[0] == 0.0
    assert take.digest == read_take(path).digest
    for text in (*take.assumptions, *take.warnings):
        assert text.endswith(".")
        assert text[0].isupper() or text[0] in '"+' or text[0].isdigit()


@pytest.mark.shared
def test_real_points_are_told_by_content(shared: Path):
    for path in sorted((shared / "takes").rglob("*.*")):
        reader = sniff_reader(path.read_bytes()[:HEAD_BYTES])
        found = reader.format if reader is not None and reader.format in SAMPLES else None
        wanted = FOLDERS.get(path.parent.name)
        assert found == (wanted if path.stat().st_size else None), path


# --- inspect -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
def test_points_are_inspected_as_points(name: str, tmp_path: Path):
    path = tmp_path / "take"
    path.write_bytes(SAMPLES[name])
    take = read_take(path)
    facts = inspect_take(take)
    assert facts["points"] == list(NAMES)
    assert [channel["name"] for channel in facts["channels"]] == list(take.names)
    text = describe_take(take)
    assert "15 of 15 points tracked" in text
    assert "channels recorded" not in text
    assert max(map(len, text.splitlines())) <= 96
    rows = text.split("Points (")[1].split("\n\n")[0].splitlines()[1:]
    assert len(rows) == 8
    found = points_of(take)
    chin = text.split("\n  Chin ")[1].split("\n")[0].split()
    there = found.valid[:, NAMES.index("Chin")]
    assert chin[0] == f"{int(100 * there.mean())}%"
    moved = np.ptp(found.positions[there, NAMES.index("Chin")], axis=0) * 1000
    assert [float(cell) for cell in chin[1:4]] == pytest.approx(moved, abs=0.051)


def mixed_take() -> Take:
    """Points in space, points in the picture, and no coefficient."""
    positions, flags = places() / 1000, seen()
    flags[:, 3] = False
    values, valid = point_values(positions, flags)
    flat, flat_valid = point_values(positions[:, :4, :2] * 900, np.ones((40, 4), bool))
    channels = (*point_channels(NAMES), *point_channels(["a", "b", "c", "d"], kind="pixel"))
    take = make_take(
        np.arange(40) / 60,
        channels,
        np.hstack([values, flat]),
        valid=np.hstack([valid, flat_valid]),
    )
    return take.changed("made", not_recorded=tuple(f"{NAMES[3]}.{axis}" for axis in "xyz"))


def test_points_of_both_kinds_are_described():
    text = describe_take(mixed_take())
    assert "14 of 15 points tracked, 4 of 4 points in the picture tracked" in text
    assert "Points in the picture" in text
    assert f"Not recorded\n  {NAMES[3]}\n" in text
    assert inspect_take(mixed_take())["points"] == [*NAMES, "a", "b", "c", "d"]
    gaps = text.split("\nGaps\n")[1].split("\n\n")[0]
    assert ".x" not in gaps
    assert any(name in gaps for name in NAMES)


def test_very_many_points_are_not_all_described():
    names = [f"p{k}" for k in range(478)]
    positions = np.random.default_rng(0).normal(0, 0.1, (20, 478, 3))
    flags = np.ones((20, 478), bool)
    flags[4] = np.arange(478) % 2 > 0
    values, valid = point_values(positions, flags)
    take = make_take(np.arange(20) / 60, point_channels(names), values, valid=valid)
    lines = describe_take(take).splitlines()
    assert len(lines) < 90
    assert "  and 358 more" in lines
    assert any("and 179 more" in line for line in lines)


# --- damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_points_are_read_or_refused(name: str):
    tallies, findings = fuzz([Seed("take", SAMPLES[name], name)], 200, seed=11)
    assert [f"{f.mutations}: {f.reason}" for f in findings] == []
    assert tallies[name].refused > 20
    assert tallies[name].read > 20
    assert tallies[name].slowest_s < 5


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("data", [b"\0" * 2000, b"\0"])
def test_zero_bytes_are_refused(name: str, data: bytes, tmp_path: Path):
    path = tmp_path / "take"
    path.write_bytes(data)
    with pytest.raises(FacemocapError, match="binary file of no format"):
        read_take(path)
    path.write_bytes(SAMPLES[name][:60] + b"\0" * (len(SAMPLES[name]) - 60))
    with pytest.raises(FacemocapError) as caught:
        read_take(path)
    assert "\n" not in str(caught.value)


def peak_of(path: Path) -> int:
    def read() -> None:
        try:
            read_take(path)
        except FacemocapError:
            return

    read()
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def large(kind: str) -> bytes:
    """A few megabytes, sound or with little in much."""
    if kind in SAMPLES:
        return {
            "c3d": lambda: c3d(places(20_000), real=False),
            "trc": lambda: trc(places(6_000)),
            "maya_ascii": lambda: maya(places(6_000) / 10),
            "tracked_points": lambda: points_text(places(8_000) / 1000),
        }[kind]()
    if kind == "names without cells":
        names = ",".join(f"p{k}_{axis}" for k in range(1300) for axis in "xyz")
        return f"frame,{names}\n".encode() + b"1,2\n" * 400_000
    if kind == "far apart":
        lines = points_text(places(4000) / 1000, clock="time_s").split(b"\n")
        return b"\n".join([*lines[:-2], b"99999999" + lines[-2][lines[-2].index(b";") :], b""])
    assert kind == "keys apart"
    return maya_apart()


def maya_apart() -> bytes:
    """Each of many markers has its keys at times of its own."""
    names = [f"m{k}" for k in range(300)]
    rows = {f"{n}_translate{a}": list(range(k, 60_000, 600))
            for k, n in enumerate(names) for a in "XYZ"}  # fmt: skip
    table = np.broadcast_to(np.random.default_rng(0).normal(0, 5, (1, 300, 3)), (60_000, 300, 3))
    return maya(table, names, chosen=rows)


@pytest.mark.parametrize("kind", [*SAMPLES, "names without cells", "far apart", "keys apart"])
def test_memory_is_less_than_ten_times_the_file(kind: str, tmp_path: Path):
    path = tmp_path / "take"
    data = large(kind)
    assert len(data) > 1_000_000
    path.write_bytes(data)
    # a piece of text that is looked at takes a few megabytes, however small the file
    assert peak_of(path) < max(10 * len(data), 20_000_000)
