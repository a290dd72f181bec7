# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap solve``: markers, landmarks or another character's face onto a character."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from ..core.correspondence.placing import ByHand
from ..core.errors import FacemocapError
from ..core.json_documents import read_document
from ..core.point_solve.performing import has_points
from ..core.point_solve.settings import SolveSettings, settings_from_json
from ..core.progress import Job, Progress, run_job
from ..core.take import Take
from ..core.take_file import write_take_file
from .blender import load_blender
from .command import DONE, Command, add_json_option, add_overwrite_option
from .output import SCHEMA, Console
from .outputs import check_new_file
from .read_options import add_read_options, read_options
from .rig_options import add_cache_option, add_rig_options, check_rig
from .sources import read_recording

_TAKE, _SCENE = ".take.npz", ".blend"


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "take",
        metavar="TAKE",
        help="a recording of markers or landmarks, or a .blend with an animated character",
    )
    parser.add_argument(
        "--rig", required=True, metavar="FILE", help="the character that shall play it"
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="NAME.take.npz",
        help="the take to write: of the character's own controls, for `facemocap retarget`",
    )
    add_overwrite_option(parser)
    solving = parser.add_argument_group("solving")
    solving.add_argument(
        "--settings", metavar="FILE.json", help="settings as docs/solving.md lists them"
    )
    solving.add_argument(
        "--neutral",
        type=float,
        metavar="SECONDS",
        help="when the actor's face is at rest, after the first sample (default: it is found)",
    )
    solving.add_argument(
        "--places",
        metavar="FILE.json",
        help='where points are that no name tells: {"M7": "brow_inner_L", "M8": ["head", 1204], '
        '"M9": null}: a place, a mesh and its vertex, or left out',
    )
    solving.add_argument(
        "--stable",
        nargs="+",
        metavar="POINT",
        help="points that move with the skull alone (default: they are found)",
    )
    solving.add_argument(
        "--smoothness",
        type=float,
        metavar="X",
        help="how smooth the shot is: 1 as usual, 0 for every frame by itself",
    )
    solving.add_argument(
        "--no-repair", action="store_true", help="leave swapped, slipped and hidden points alone"
    )
    solving.add_argument(
        "--full-range",
        action="store_true",
        help="take the motion at its full size, even where the character cannot follow",
    )
    add_read_options(parser.add_argument_group("recording"))
    character = parser.add_argument_group("character")
    add_rig_options(character)
    character.add_argument(
        "--from-character",
        metavar="NAME",
        help="which character of TAKE is read, when that is a .blend with several",
    )
    add_cache_option(character)
    add_json_option(parser, "what was solved, with its measures,")


def _run(arguments: Namespace, console: Console) -> int:
    source, rig, out = Path(arguments.take), Path(arguments.rig), Path(arguments.out)
    if not out.name.lower().endswith(_TAKE):
        raise FacemocapError(f'"{out.name}" is no name for a take', "Let --out end with .take.npz")
    check_rig(rig)
    check_new_file(out, overwrite=arguments.overwrite, sources=(source, rig))
    settings, places = _settings(arguments), _places(arguments.places)
    take = None
    if source.suffix.lower() != _SCENE:
        take = read_recording(source, read_options(arguments))
        if not has_points(take):
            raise FacemocapError(
                f'"{source.name}" has no points in space',
                "Put it on the character with `facemocap retarget`: it has coefficients",
            )
    load_blender()

    def show(progress: Progress) -> None:
        console.interruption.check()
        console.bar.show(progress)

    if take is None:
        take = run_job(_points_of_scene(source, arguments), show)
    solved, facts = run_job(_solve(take, rig, settings, places, arguments), show)
    console.bar.clear()
    write_take_file(solved, out)
    _describe(out, solved, facts, console)
    console.answer(
        {
            "schema": SCHEMA,
            "output": str(out),
            "character": facts["character"],
            "samples": solved.samples,
            **{name: facts[name] for name in ("fit", "gains", "look_at_s", "clipped", "repairs")},
            "settings": facts["settings"],
            "warnings": list(solved.warnings),
        }
    )
    return DONE


def _settings(arguments: Namespace) -> SolveSettings:
    path = arguments.settings
    given = read_document(Path(path), "leave --settings out") if path else {}
    if not isinstance(given, dict):
        raise FacemocapError(f'"{path}" holds no settings', "Write them as docs/solving.md does")
    settings = settings_from_json(cast("dict[str, Any]", given))
    changed: dict[str, Any] = {}
    if arguments.neutral is not None:
        changed["neutral_s"] = arguments.neutral
    if arguments.stable:
        changed["stable"] = tuple(arguments.stable)
    if arguments.smoothness is not None:
        changed["smoothness"] = arguments.smoothness
    if arguments.no_repair:
        changed["repair"] = False
    if arguments.full_range:
        changed["fit_range"] = False
    return replace(settings, **changed)


def _places(name: str | None) -> dict[str, tuple[str, int] | str | None]:
    """What a person says of points, by their names."""
    if name is None:
        return {}
    given = read_document(Path(name), "leave --places out")
    out: dict[str, tuple[str, int] | str | None] = {}
    for point, said in cast("dict[str, Any]", given).items() if isinstance(given, dict) else ():
        if isinstance(said, list):
            match cast("list[Any]", said):
                case [str() as mesh, int() as vertex]:
                    out[point] = (mesh, vertex)
                    continue
                case _:
                    pass
        elif said is None or isinstance(said, str):
            out[point] = said
            continue
        raise FacemocapError(
            f'"{Path(name).name}" does not say where "{point}" is',
            'Give the name of a place, ["mesh", vertex] or null',
        )
    if not out:
        raise FacemocapError(
            f'"{Path(name).name}" names no points', 'Write {"POINT": "brow_inner_L"}'
        )
    return out


def _points_of_scene(path: Path, arguments: Namespace) -> Job[Take]:
    """How the face of an animated character in a file moves."""
    from ..gateway.files.rig_files import open_rig  # noqa: PLC0415 - needs bpy
    from ..gateway.measuring.measuring import ensure_measured  # noqa: PLC0415 - needs bpy
    from ..gateway.points.mesh_points import points_from_character  # noqa: PLC0415 - needs bpy
    from .characters import choose_character  # noqa: PLC0415 - needs bpy

    check_rig(path)
    scene = open_rig(path, arguments.enable_scripts)
    found = choose_character(scene, arguments.from_character, path.name)
    measured = yield from ensure_measured(found.objects, scene, use_cache=not arguments.no_cache)
    return (yield from points_from_character(found.objects, scene, measured))


def _solve(
    take: Take, rig: Path, settings: SolveSettings, places: ByHand, arguments: Namespace
) -> Job[tuple[Take, dict[str, Any]]]:
    from ..core.point_solve.playing import SOLVE  # noqa: PLC0415
    from ..gateway.files.rig_files import open_rig  # noqa: PLC0415 - needs bpy
    from ..gateway.points.point_solving import solve_on_character  # noqa: PLC0415 - needs bpy
    from .characters import choose_character  # noqa: PLC0415 - needs bpy

    scene = open_rig(rig, arguments.enable_scripts)
    found = choose_character(scene, arguments.character, rig.name)
    solved = yield from solve_on_character(
        found.objects, scene, take, settings, by_hand=places, use_cache=not arguments.no_cache
    )
    return solved.take, solved.take.source.details[SOLVE]


def _describe(out: Path, take: Take, facts: dict[str, Any], console: Console) -> None:
    fit = facts["fit"]
    worst = ", ".join(f"{at:.2f} s" for at in facts["look_at_s"][:5])
    console.say(f"{out}: {take.samples} samples on {facts['character']}")
    console.say_table(
        [
            (
                "explained",
                f"{100 * fit['explained']:.1f} % of the motion of {fit['moving']:.0f} points",
            ),
            ("left", f"{fit['mean_mm']:.2f} mm in the mean, {fit['nothing_mm']:.2f} mm at rest"),
            ("worst at", worst or "nowhere"),
            *(("note", each) for each in take.warnings),
        ],
        indent=2,
        wrap=True,
    )


COMMAND = Command(
    "solve",
    "find what a character does when tracked points move as recorded",
    "Solve markers or landmarks onto a character: its own shape keys and bones are found so that\n"
    "its face moves as the points do. The head's motion is taken off first, swapped, slipped and\n"
    "hidden points are mended. The result is a take for `facemocap retarget`. TAKE may also be a\n"
    ".blend with an animated character: its face is carried to the other one.",
    (
        "facemocap solve markers.c3d --rig hero.blend --out hero_jaw.take.npz",
        "facemocap solve markers.ma --rig hero.blend --out hero.take.npz --neutral 2.5",
        "facemocap solve actor_shot.blend --rig hero.blend --out hero.take.npz",
    ),
    _add_arguments,
    _run,
)
