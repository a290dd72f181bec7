# SPDX-License-Identifier: GPL-3.0-or-later
"""``facemocap retarget``: a take onto one or more characters."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.errors import FacemocapError
from ..core.health.examine import Health
from ..core.inspection import inspect_take
from ..core.progress import Progress, run_job
from ..core.reduction.plan import read_plan
from ..core.rig_maps.rig_map import RigMap, read_rig_map
from ..core.stack.stack import Stack
from ..core.take import Take
from ..core.take_edits import trim_take
from .actor_options import ActorOptions, add_actor_options, read_actor_options
from .align_options import add_align_options, read_align_options
from .blender import load_blender
from .character_outcome import CharacterOutcome
from .command import BUG, DONE, PARTLY, REFUSED, Command, add_json_option, add_overwrite_option
from .output import SCHEMA, Console
from .outputs import (
    OutputFolder,
    RigOutput,
    check_folder,
    check_new_file,
    plan_outputs,
    unique_paths,
)
from .read_options import add_read_options, read_options
from .retarget_report import write_report
from .rig_options import (
    add_cache_option,
    add_drive_option,
    add_rig_options,
    check_rig,
    parse_frame,
    parse_range,
    parse_rate,
)
from .sources import read_recording
from .stack_options import (
    add_stack_options,
    check_saved_stack,
    process_take,
    read_stack_option,
    say_chosen,
    say_steps,
    stack_paths,
)
from .wording import list_names


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("take", metavar="TAKE", help="the recording, or a take of ours (.take.npz)")
    recording = parser.add_argument_group("recording")
    add_read_options(recording)
    add_actor_options(recording)
    add_stack_options(recording)
    files = parser.add_argument_group("characters and results")
    files.add_argument(
        "--rig",
        nargs="+",
        action="extend",
        required=True,
        metavar="FILE",
        help="one or more characters: .blend, .glb, .gltf, .vrm or .fbx",
    )
    files.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="folder for the results, made when it is missing: DIR/<take>_<rig>.blend",
    )
    files.add_argument(
        "--map", metavar="MAP.json", help="a map made by `facemocap map`, instead of matching names"
    )
    add_overwrite_option(files, "results that exist")
    files.add_argument(
        "--report",
        metavar="FILE",
        help="write what was done, with measures, to this file: NAME.json; or NAME.html, a page "
        "about the take's health on each character",
    )
    files.add_argument(
        "--preview",
        action="store_true",
        help="render stills at the take's telling frames into DIR/<take>_<rig>/",
    )
    timing = parser.add_argument_group("timing")
    timing.add_argument(
        "--fps",
        type=parse_rate,
        metavar="R",
        help="frame rate of the result, such as 24 or 29.97 (default: the rig file's own)",
    )
    timing.add_argument(
        "--start",
        type=parse_frame,
        metavar="FRAME",
        help="frame on which the first sample falls (default: the scene's first frame)",
    )
    add_align_options(timing)
    timing.add_argument(
        "--range",
        type=parse_range,
        default=(None, None),
        metavar="A:B",
        help="use only these seconds of the take; A: and :B go to its end and from its start",
    )
    timing.add_argument(
        "--keep-range",
        action="store_true",
        help="leave the scene's first and last frame alone (default: they are set to the take)",
    )
    timing.add_argument(
        "--keys",
        choices=("frames", "capture"),
        default="frames",
        help="put keys on whole frames (default) or on the times of the samples",
    )
    timing.add_argument(
        "--reduce",
        type=read_plan,
        metavar="TOLERANCE",
        help="few keys with handles instead of one on every frame: off by 0.01 of a control's "
        "unit, by 1%% of its range or by 0.2mm on the mesh at most (or: extremes, twos, every4)",
    )
    character = parser.add_argument_group("character")
    add_rig_options(character, several=True)
    character.add_argument(
        "--by-names",
        action="store_true",
        help="match by names alone: measure nothing on the character",
    )
    add_drive_option(character)
    add_cache_option(character)
    character.add_argument(
        "--no-contacts",
        action="store_true",
        help="leave blinks and lips as captured (default: they meet on the character where the "
        "take has them closed)",
    )
    character.add_argument(
        "--widen-sliders",
        action="store_true",
        help="where lids or lips do not meet within a shape key's slider range, widen the range",
    )
    character.add_argument(
        "--mirror", action="store_true", help="swap left and right, as in a mirror"
    )
    character.add_argument(
        "--raw",
        action="store_true",
        help="values exactly as captured: no cleanup, calibration or limits",
    )
    character.add_argument(
        "--override",
        action="store_true",
        help="make linked meshes editable (library override), so that their keys are kept",
    )
    add_json_option(parser, "the report")


def _run(arguments: Namespace, console: Console) -> int:
    started = time.perf_counter()
    take_path, folder_path = Path(arguments.take), Path(arguments.out)
    read_align_options(arguments)
    rigs = [Path(rig) for rig in arguments.rig]
    wanted, actor = read_stack_option(arguments), read_actor_options(arguments)
    take = actor.calibrated(read_recording(take_path, read_options(arguments)))
    trim_take(take, *arguments.range)  # a range that misses the take is wrong for every rig
    outputs = plan_outputs(take_path, unique_paths(rigs), folder_path)
    check_folder(folder_path)
    read_as_well = [*actor.paths, *stack_paths(arguments)]
    report_path = _check_report(arguments.report, (take_path, *rigs, *read_as_well))
    check_saved_stack(
        arguments, (take_path, *rigs, *read_as_well), [report_path] if report_path else []
    )
    rig_map = read_rig_map(Path(arguments.map)) if arguments.map else None
    cleaned, stack, processed = process_take(take, wanted, arguments, console)
    # the raw take goes into the file with its stack, so that both can be changed there
    batch = _Batch(take, outputs, arguments, (rig_map, actor, stack), console)
    if batch.has_work:
        load_blender()
    facts = inspect_take(cleaned)
    console.say(_describe_take(cleaned, facts["rate_hz"]))
    say_chosen(processed, console)
    say_steps(processed.get("steps", ()), console)
    with OutputFolder(folder_path) as folder:
        entries = [
            entry for number in range(len(outputs)) for entry in batch.run_rig(number, folder)
        ]
    document = {
        "schema": SCHEMA,
        "take": {"path": str(take_path), **facts},
        **actor.facts,
        **processed,
        "rigs": entries,
        "seconds": round(time.perf_counter() - started, 3),
    }
    if report_path is not None:
        write_report(report_path, document, batch.examined)
    console.answer(document)
    if batch.bugs:
        return BUG
    failed = sum(entry["status"] == "failed" for entry in entries)
    return DONE if not failed else REFUSED if failed == len(entries) else PARTLY


class _Batch:
    """The rigs of one call: each is opened fresh, and none stops the others."""

    def __init__(
        self,
        take: Take,
        outputs: Sequence[RigOutput],
        arguments: Namespace,
        given: tuple[RigMap | None, ActorOptions, Stack | None],
        console: Console,
    ) -> None:
        self.bugs = 0
        self.examined: list[tuple[Health, Take]] = []
        self._take = take
        self._outputs = outputs
        self._arguments = arguments
        self._rig_map, self._actor, self._stack = given
        self._console = console
        self._refused = [_early_problem(output, arguments) for output in outputs]

    @property
    def has_work(self) -> bool:
        """Whether any rig needs Blender."""
        return any(problem is None for problem in self._refused)

    def run_rig(self, number: int, folder: OutputFolder) -> list[dict[str, Any]]:
        """Do one rig; its entries in the report, one for each of its characters."""
        output, console = self._outputs[number], self._console
        try:
            if problem := self._refused[number]:
                raise problem
            console.interruption.check()
            outcomes = self._retarget(number, folder)
        except FacemocapError as problem:
            console.interruption.check()  # what looks like a failure may be Ctrl-C in an operator
            outcomes = [CharacterOutcome("", error=problem)]
        except Exception as bug:  # noqa: BLE001 - a bug with one rig must not stop the others
            console.interruption.check()
            outcomes = [CharacterOutcome("", error=console.report_bug(bug), is_bug=True)]
        return [self._entry(output, outcome) for outcome in outcomes]

    def _entry(self, output: RigOutput, outcome: CharacterOutcome) -> dict[str, Any]:
        """One character in the report, told on the console too."""
        entry: dict[str, Any] = {
            "rig": str(output.rig),
            "character": outcome.name or None,
            "status": "failed",
            "error": None,
            "output": None,
            "action": None,
            "keys": 0,
            "channels_matched": [],
            "channels_unmatched": [],
            "measures": {},
            "warnings": [],
        }
        self.bugs += outcome.is_bug
        if outcome.error is not None:
            about = " ".join(filter(None, (output.rig.name, outcome.name)))
            self._console.complain(outcome.error, about=about)
            return entry | {"error": str(outcome.error)}
        entry |= {"status": "done", **outcome.facts}
        if outcome.examined is not None:
            self.examined.append(outcome.examined)
        _describe_rig(entry, self._console)
        return entry

    def _retarget(self, number: int, folder: OutputFolder) -> list[CharacterOutcome]:
        from .rig_jobs import RetargetSettings, retarget_rig  # noqa: PLC0415 - needs bpy

        arguments = self._arguments
        settings = RetargetSettings(
            characters=tuple(arguments.character or ()),
            all_characters=arguments.all_characters,
            rig_map=self._rig_map,
            examples=self._actor.examples,
            stack=self._stack,
            seed=arguments.seed or 0,
            fps=arguments.fps,
            start_frame=arguments.start,
            align=read_align_options(arguments),
            range_s=arguments.range,
            on_capture_times=arguments.keys == "capture",
            reduce=arguments.reduce,
            raw=arguments.raw,
            measure=not (arguments.by_names or arguments.raw),
            bones_first=arguments.drive == "bones",
            use_cache=not arguments.no_cache,
            contacts=not arguments.no_contacts,
            widen_sliders=arguments.widen_sliders,
            mirror=arguments.mirror,
            keep_range=arguments.keep_range,
            override=arguments.override,
            enable_scripts=arguments.enable_scripts,
            preview=arguments.preview,
            health=arguments.report is not None,
        )
        check_stop = self._console.interruption.check

        def show(progress: Progress) -> None:
            check_stop()
            done = (number + progress.done) / len(self._outputs)
            self._console.bar.show(Progress(done, progress.what))

        job = retarget_rig(self._take, self._outputs[number], folder, settings, check_stop)
        return run_job(job, show)


def _early_problem(output: RigOutput, arguments: Namespace) -> FacemocapError | None:
    """Why a rig is refused before Blender is loaded, or None."""
    try:
        check_rig(output.rig)
        check_new_file(output.blend, overwrite=arguments.overwrite)
        if arguments.preview and output.stills.exists() and not arguments.overwrite:
            raise FacemocapError(
                f'"{output.stills}" exists already',
                "Add --overwrite to put the stills there, or choose another folder for --out",
            )
    except FacemocapError as problem:
        return problem
    return None


def _check_report(name: str | None, sources: Sequence[Path]) -> Path | None:
    """The report's path, after making sure that it can be written."""
    if name is None:
        return None
    path = Path(name)
    check_new_file(path, overwrite=True, sources=sources)
    check_folder(path.parent)
    return path


def _describe_take(take: Take, rate_hz: float) -> str:
    return (
        f"{take.source.name}: {take.samples} samples in {take.duration_s:.2f} s "
        f"({rate_hz:.2f} Hz), {len(take.recorded)} channels recorded"
    )


def _describe_rig(entry: dict[str, Any], console: Console) -> None:
    matched, unmatched = entry["channels_matched"], entry["channels_unmatched"]
    first, last = entry["frame_range"]
    share = f"{len(matched)} of {len(matched) + len(unmatched)} channels"
    console.say(entry["rig"])
    console.say_table(
        [
            ("character", entry["character"]),
            ("matched", f"{share}, on {entry['controls']} controls"),
            ("no partner", list_names(unmatched)),
            ("at rest", list_names(entry["controls_unmatched"])),
            ("keys", f'{entry["keys"]:,} in the Action "{entry["action"]}"'),
            *(("reduced", told) for told in [entry.get("keys_reduced")] if told),
            ("frames", f"{first} to {last} at {entry['fps']:.6g} fps"),
            ("written", entry["output"]),
            *(("still", still) for still in entry["stills"]),
            *(("note", warning) for warning in entry["warnings"]),
        ],
        indent=2,
    )


COMMAND = Command(
    "retarget",
    "put a take on one or more characters and save each as a .blend",
    "Put a take on one or more characters. Each character is opened, what its shape keys, bones\n"
    "and custom properties are called is matched with the take's channels, keys are written into\n"
    "an Action of its own, and the result is saved as DIR/<take>_<rig>.blend. The rig's own file\n"
    "is never changed. What found no partner is listed, not guessed.",
    (
        "facemocap retarget take.csv --rig hero.blend --out shots",
        "facemocap retarget take.csv --rig hero.blend crowd.glb --out shots --fps 24 --preview",
        "facemocap retarget take.csv --rig hero.blend --out shots --range 2:7.5 --start 101",
        "facemocap retarget take.csv --rig hero.blend --map hero_map.json --out shots --overwrite",
    ),
    _add_arguments,
    _run,
)
