# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports read back: what differs, by format and frame rate, on the sample characters.

Prints a table: largest error of values (of bones in degrees and millimetres), of times, the frames
of the first and the last key as the file has them, and whether all is within what the format can
hold. The time is that of 10 seconds at 24 frames a second. Only this Python's Blender: run it with
others for theirs.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import bpy

from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take
from facemocap_addon.gateway.characters.characters import find_characters, read_character
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.handing_over.exporting import ExportOptions, export_character
from facemocap_addon.gateway.scenes import set_rate

from . import ROOT, Measurement

_RATES = (24.0, 29.97, 60.0)
_ENDINGS = (".fbx", ".glb", ".usdc", ".csv")
_RIGS = ("arkit_head", "bone_face")
_TIMED_HZ = 24.0
_SECONDS = 10.0


def measure() -> list[Measurement]:
    """Export and read back every format; prints the table."""
    take = read_take(ROOT / "sample_rigs" / "sample_take.csv")
    rows: list[tuple[str, ...]] = []
    seconds = 0.0
    for rig in _RIGS:
        for rate in _RATES:
            scene = open_rig(ROOT / "sample_rigs" / f"{rig}.blend")
            set_rate(scene, rate)
            picked = find_characters(scene)[0]
            rig_map = match(read_character(picked, scene).controls)
            options = ApplyOptions(start_frame=101, range_s=(0.0, _SECONDS))
            apply_take(scene, picked, take, rig_map, options)
            for ending in _ENDINGS:
                with tempfile.TemporaryDirectory() as folder, _silence():
                    path = Path(folder) / f"shot{ending}"
                    began = time.perf_counter()
                    try:
                        report = export_character(scene, picked, path, ExportOptions())
                    except Exception as problem:  # noqa: BLE001 - a table has a line for it
                        rows.append((rig, f"{rate:g}", ending, str(problem)[:60], "", "", ""))
                        continue
                    if rate == _TIMED_HZ:
                        seconds += time.perf_counter() - began
                rows.append(_row(rig, rate, ending, report.measures["read_back"]))
    _print(rows)
    note = "each written and read back"
    return [Measurement(f"{len(_RIGS)} characters, {len(_ENDINGS)} formats", seconds, note=note)]


def _row(rig: str, rate: float, ending: str, read: Any) -> tuple[str, ...]:
    bones = (
        f"{read['largest_bone_turn_error_deg']:.1e} deg "
        f"{read['largest_bone_place_error_mm']:.1e} mm"
        if read["bones"]
        else "-"
    )
    first, last = read["first_key_frame"], read["last_key_frame"]
    value = f"{read['largest_value_error']:.1e} of {read['value_precision']:.1e}"
    return (
        rig,
        f"{rate:g}",
        ending,
        value if read["numbers"] else "-",
        f"{read['largest_time_error_s']:.1e} of {read['time_precision_s']:.1e} s",
        f"{first:.5f} {last:.5f} of {read['frame_range'][0]:g} {read['frame_range'][1]:g}",
        f"{bones} {'' if read['within_precision'] else 'NOT '}within",
    )


def _print(rows: list[tuple[str, ...]]) -> None:
    head = ("character", "fps", "file", "values", "times", "first and last key", "bones")
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    print(f"\nBlender {bpy.app.version_string}")
    for row in (head, *rows):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


class _silence:  # noqa: N801 - it is used like a function
    """Blender's exporters talk: not among the figures."""

    def __enter__(self) -> None:
        self._kept = [os.dup(number) for number in (1, 2)]
        with Path(os.devnull).open("wb") as nowhere:
            for number in (1, 2):
                os.dup2(nowhere.fileno(), number)

    def __exit__(self, *_problem: object) -> None:
        for number, kept in zip((1, 2), self._kept, strict=True):
            os.dup2(kept, number)
            os.close(kept)
