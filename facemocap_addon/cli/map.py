# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap map``: what of a character is matched, as a file for editing."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.contacts.meeting import told_meeting
from ..core.errors import FacemocapError
from ..core.measured import Measured
from ..core.probing.completion import describe_faults
from ..core.progress import Progress, run_job
from ..core.rig_maps.rig_map import RigMap, RigMapEntry, write_rig_map
from ..core.rig_maps.working_map import with_measurement
from .blender import load_blender
from .command import DONE, Command, add_json_option, add_overwrite_option
from .output import Console
from .outputs import check_new_file
from .rig_options import add_cache_option, add_drive_option, add_rig_options, check_rig

if TYPE_CHECKING:
    from .characters import Found

_KIND = {"shape_key": "shape key", "bone": "bone", "property": "property"}


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "rig", metavar="FILE", help="the character's file: .blend, .glb, .gltf, .vrm or .fbx"
    )
    parser.add_argument("--out", metavar="MAP.json", help="write the map to this file, for editing")
    parser.add_argument(
        "--probe",
        action="store_true",
        help="measure the character: where names say nothing, tell controls by how they move the "
        "face, and eyes and bones by how far (some seconds)",
    )
    add_drive_option(parser)
    add_cache_option(parser)
    add_rig_options(parser)
    add_overwrite_option(parser, "MAP.json when it exists")
    add_json_option(parser, "the map, as --out writes it,")


def _run(arguments: Namespace, console: Console) -> int:
    rig = Path(arguments.rig)
    out = Path(arguments.out) if arguments.out else None
    check_rig(rig)
    if out is not None:
        check_new_file(out, overwrite=arguments.overwrite, sources=(rig,))
    load_blender()
    from ..gateway.files.rig_files import open_rig  # noqa: PLC0415 - needs bpy
    from .characters import choose_character  # noqa: PLC0415 - needs bpy

    scene = open_rig(rig, arguments.enable_scripts)
    console.interruption.check()
    found = choose_character(scene, arguments.character, rig.name)
    rig_map, notes = found.rig_map, found.character.notes
    openings: tuple[str, ...] = ()
    if arguments.probe:
        bones_first = arguments.drive == "bones"
        measured = _measure(
            found, scene, console, use_cache=not arguments.no_cache, bones_first=bones_first
        )
        controls = found.character.controls
        rig_map = with_measurement(rig_map, controls, measured, bones_first=bones_first)
        notes = (*notes, *describe_faults(measured.probe, controls))
        openings = tuple(told_meeting(measured.contacts))
    if not rig_map.entries:
        raise FacemocapError(
            f'No name on "{found.objects.name}" in "{rig.name}" is known',
            "Give --probe, rename its shape keys or bones, or write a map by hand",
        )
    _describe(rig_map, notes, openings, console)
    if out is not None:
        write_rig_map(rig_map, out)
        console.say(f"written {out}")
    console.answer(rig_map.to_json())
    return DONE


def _measure(
    found: Found, scene: Any, console: Console, *, use_cache: bool, bones_first: bool
) -> Measured:
    """What is measured on the character, with a bar."""
    from ..gateway.measuring.measuring import (  # noqa: PLC0415 - needs bpy
        ensure_all_bones,
        ensure_measured,
    )

    def show(progress: Progress) -> None:
        console.interruption.check()
        console.bar.show(progress)

    picked = found.objects
    measured = run_job(ensure_measured(picked, scene, use_cache=use_cache), show)
    if bones_first:
        job = ensure_all_bones(picked, scene, measured, use_cache=use_cache)
        measured = run_job(job, show)
    console.bar.clear()
    return measured


def _describe(
    rig_map: RigMap, notes: tuple[str, ...], openings: tuple[str, ...], console: Console
) -> None:
    kinds = Counter(entry.control.kind for entry in rig_map.entries)
    controls = ", ".join(_count(number, _KIND[kind]) for kind, number in kinds.items())
    console.say(f"{rig_map.rig}: {len(rig_map.channels)} channels drive {controls}")
    console.say_table(
        [(_control_name(entry), _formula(entry)) for entry in rig_map.entries], indent=2
    )
    console.say_table(
        [
            ("channels without a control", ", ".join(rig_map.unmatched_channels) or "none"),
            ("controls without a channel", ", ".join(rig_map.unmatched_controls) or "none"),
            *(("lids and lips", told) for told in openings),
            *(("note", note) for note in notes),
        ],
        wrap=True,
    )


def _control_name(entry: RigMapEntry) -> str:
    control = entry.control
    axis = f" {'xyz'[control.index]}" if control.kind == "bone" else ""
    return f"{control.owner}  {control.path}{axis}"


def _formula(entry: RigMapEntry) -> str:
    """``0.5 jawOpen + mouthClose``: what a control is the sum of."""
    parts = [
        source.channel if source.gain == 1 else f"{source.gain:g} {source.channel}"
        for source in entry.sources
    ]
    if entry.offset:
        parts.append(f"{entry.offset:g}")
    return " + ".join(parts).replace("+ -", "- ")


def _count(number: int, what: str) -> str:
    plural = what.removesuffix("y") + "ies" if what.endswith("ty") else what + "s"
    return f"{number} {what if number == 1 else plural}"


COMMAND = Command(
    "map",
    "say which channels drive which shape keys, bones and properties of a character",
    "Open a character and say which channels of a recording would drive which of its shape keys,\n"
    "bones and custom properties, and what is left over on either side. With --out the map is\n"
    "written as a text file: change gains, offsets and limits in it, add what was not found, and\n"
    "give it to `facemocap retarget --map`.",
    (
        "facemocap map hero.blend",
        "facemocap map hero.blend --out hero_map.json",
        "facemocap map crowd.blend --character Anna --json",
        "facemocap map odd_names.blend --probe --out odd.json",
    ),
    _add_arguments,
    _run,
)
