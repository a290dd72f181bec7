# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo in small: one character, tiny pictures, and a page that stands alone."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.demo.main import Results, main, run_demo
from devtools.demo.one_rig import retarget_one
from devtools.demo.outcome import RigOutcome
from devtools.demo.png import png_bytes, reduce_colours, small_png_bytes
from devtools.demo.report import write_report
from devtools.demo.sheet import compose_sheet, draw_text, shrink
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take
from facemocap_addon.gateway.files.stills import read_still

HEIGHT_PX = 64


@pytest.fixture(scope="module")
def take(sample_rigs: Path) -> Take:
    return read_take(sample_rigs / "sample_take.csv")


@pytest.fixture(scope="module")
def made(sample_rigs: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The whole demo, in its own processes, of the character without shape keys."""
    out = tmp_path_factory.mktemp("demo") / "new folder"
    return run_demo(sample_rigs / "sample_take.csv", out, ["bone_face"], 2, HEIGHT_PX)


@pytest.fixture(scope="module")
def outcomes(
    sample_rigs: Path, take: Take, tmp_path_factory: pytest.TempPathFactory
) -> list[RigOutcome]:
    """What is learnt about characters with Python drivers, shape keys, and fitted shapes."""
    out = tmp_path_factory.mktemp("outcomes")
    return [
        retarget_one(take, sample_rigs / f"{name}.blend", out, 1, 24)
        for name in ("facs_controls", "arkit_head", "toon")
    ]


def test_everything_is_there(made: Results):
    assert [path.name for path in made.blends] == ["sample_take_bone_face.blend"]
    assert made.blends[0].read_bytes()[:4] == b"\x28\xb5\x2f\xfd", "saved compressed"
    stills = sorted(made.stills.iterdir())
    assert [path.suffix for path in stills] == [".png"] * 2
    assert read_still(stills[0]).shape == (HEIGHT_PX, HEIGHT_PX * 3 // 4, 4)
    sheet = read_still(made.sheet)
    assert sheet.shape[1] > 2 * HEIGHT_PX * 3 // 4


def test_nothing_but_the_results_is_left(made: Results):
    names = {path.name for path in made.report.parent.iterdir()}
    assert names == {
        *("sample_take_bone_face.blend", "stills", "report.html"),
        *("contact_sheet.png", "contact_sheet_small.png"),
    }


def test_the_stills_are_on_the_sheet(made: Results):
    """Each still is found on the sheet bit by bit, in the frames' order from left to right."""
    sheet = read_still(made.sheet)
    lefts: list[int] = []
    for path in sorted(made.stills.iterdir()):
        still = read_still(path)
        height, width, _ = still.shape
        places = np.lib.stride_tricks.sliding_window_view(sheet[:, :, 0], (height, width))
        hits = np.argwhere((places[:, :, 0] == still[0, :, 0]).all(axis=2))
        found = [
            (top, left)
            for top, left in hits.tolist()
            if (sheet[top : top + height, left : left + width] == still).all()
        ]
        assert len(found) == 1
        lefts.append(found[0][1])
    assert lefts == sorted(lefts)


def test_the_page_stands_alone(made: Results):
    html = made.report.read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|<script|<link|@import|url\(", html)
    sources = re.findall(r'(?:src|href)="([^"]{0,40})', html)
    assert len(sources) == 3
    assert all(source.startswith("data:image/jpeg;base64,/9j/") for source in sources)
    assert str(made.report.parent) not in html
    assert "/tmp" not in html
    assert "sample_take.csv" in html
    assert html.count("<svg") == 2
    assert html.count('class="gap"') >= 12, "both lost stretches in six panels"


def test_the_curves_are_proved(outcomes: list[RigOutcome]):
    facs, arkit, _ = outcomes
    for outcome in outcomes:
        assert outcome.proof is not None
        assert outcome.proof.largest_difference < 1e-6
        assert np.ptp(outcome.proof.frame_values) > 0.3, "a curve that lives"
    assert facs.proof is not None
    assert facs.proof.control.startswith("AU26")
    assert facs.kinds["property"] > 40
    assert "shape_key" not in facs.kinds
    assert arkit.kinds["shape_key"] > 90


def test_a_wrong_curve_would_be_noticed(sample_rigs: Path, take: Take):
    """The proof is not blind: a key moved by a thousandth shows in it."""
    import bpy

    from devtools.demo.proof import prove_one_curve
    from facemocap_addon.core.contacts.captured import lip_seal
    from facemocap_addon.core.rig_maps.matching import match
    from facemocap_addon.gateway.applying.performance import apply_take
    from facemocap_addon.gateway.characters.characters import find_characters, read_character
    from facemocap_addon.gateway.files.rig_files import open_rig
    from facemocap_addon.gateway.scenes import scene_clock
    from facemocap_addon.gateway.writing.keys import slot_channelbag
    from facemocap_addon.gateway.writing.records import find_performance

    scene = open_rig(sample_rigs / "arkit_head.blend")
    picked = find_characters(scene)[0]
    rig_map = match(read_character(picked, scene).controls, take, picked.name)
    apply_take(scene, picked, take, rig_map)
    performance = find_performance(picked)
    assert performance is not None
    sound = prove_one_curve(scene, picked, take, rig_map, performance)
    keys: Any = bpy.data.objects["arkit_head"].data.shape_keys
    bag = slot_channelbag(performance.action, keys.animation_data.action_slot)
    curve: Any = bag.fcurves.find('key_blocks["jawOpen"].value')
    clock = scene_clock(scene)
    frames = np.array([point.co.x for point in curve.keyframe_points])
    seal = lip_seal(take, take.times[0] + clock.seconds(frames, performance.start_frame))
    apart = int(np.flatnonzero(seal == 0.0)[40])
    curve.keyframe_points[apart].co.y += 1e-3
    wrong = prove_one_curve(scene, picked, take, rig_map, performance)
    assert sound is not None
    assert wrong is not None
    assert sound.largest_difference < 1e-6
    assert wrong.largest_difference == pytest.approx(1e-3, rel=1e-3)


def test_outcomes_travel_between_processes(outcomes: list[RigOutcome], tmp_path: Path):
    outcomes[0].write(tmp_path / "outcome.json")
    assert RigOutcome.read(tmp_path / "outcome.json") == outcomes[0]


def test_the_page_is_the_same_apart_from_timings(take: Take, outcomes: list[RigOutcome]):
    pictures = {still: b"\xff\xd8" for each in outcomes for still in each.stills}
    slower = [
        replace(each, seconds=dict.fromkeys(each.seconds, 9.0), blend_bytes=1) for each in outcomes
    ]
    first, second = (
        write_report(take, each, pictures, b"\xff\xd8", seconds)
        for each, seconds in ((outcomes, 20.0), (slower, 50.0))
    )
    assert first != second
    timing = re.compile(r'<span class="timing">[^<]*</span>')
    assert timing.sub("", first) == timing.sub("", second)


@pytest.mark.parametrize("writer", [png_bytes, small_png_bytes])
def test_png_holds_the_pixels(writer: object, tmp_path: Path):
    """Blender reads back what was written; the palette is exact for few colours."""
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 8, (13, 7, 3)).astype(np.uint8) * 0
    pixels[:, :, 0] = np.arange(7) * 36
    pixels[:, :, 1] = np.arange(13)[:, None] * 20
    path = tmp_path / "picture.png"
    path.write_bytes(writer(pixels))  # type: ignore[operator]
    assert (read_still(path)[:, :, :3] == pixels).all()


def test_png_of_noise_is_exact(tmp_path: Path):
    pixels = np.random.default_rng(7).integers(0, 256, (31, 50, 3)).astype(np.uint8)
    path = tmp_path / "noise.png"
    path.write_bytes(png_bytes(pixels))
    assert (read_still(path)[:, :, :3] == pixels).all()
    data = path.read_bytes()
    (length,) = struct.unpack(">I", data[33:37])
    assert len(zlib.decompress(data[41 : 41 + length])) == 31 * (1 + 50 * 3)


def test_a_palette_stays_near_every_colour():
    ramp = np.linspace(0, 255, 200).astype(np.uint8)
    pixels = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], np.uint8(90)), axis=2)
    palette, places = reduce_colours(pixels, 256)
    assert len(palette) == 256
    error = np.abs(palette[places].astype(int) - pixels.astype(int))
    assert error.max() < 20


def test_shrinking_keeps_the_mean_and_even_areas():
    pixels = np.random.default_rng(3).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    small = shrink(pixels, 77)
    assert small.shape == (58, 77, 3)
    assert small.mean() == pytest.approx(pixels.mean(), abs=0.6)
    assert (shrink(np.full((50, 70, 3), 200, np.uint8), 31) == 200).all()
    halved = shrink(pixels, 60)
    expected = pixels.reshape(45, 2, 60, 2, 3).mean(axis=(1, 3))
    assert np.abs(halved - expected).max() <= 0.5


def test_words_are_drawn():
    short, long = draw_text("blink", 20), draw_text("rounded lips", 20)
    assert short.max() > 0.9
    assert short.shape[1] < long.shape[1]
    assert 0.02 < short.mean() < 0.5


def test_captions_are_above_their_columns(made: Results):
    stills = sorted(made.stills.iterdir())
    bare = compose_sheet([("a", stills)], [("", ""), ("", "")])
    named = compose_sheet([("a", stills)], [("", ""), ("smile", "2 s")])
    rows, columns = np.nonzero((bare != named).any(axis=2))
    assert rows.max() < len(bare) - HEIGHT_PX
    assert columns.min() > HEIGHT_PX * 3 // 4


def test_a_take_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--take", str(tmp_path / "none.csv"), "--out", str(tmp_path / "out")]) == 2
    printed = capsys.readouterr()
    assert re.fullmatch(r"facemocap: [^\n]+\.\n", printed.err)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "out").write_text("mine")
    assert main(["--out", str(tmp_path / "out")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert (tmp_path / "out").read_text() == "mine"
