# SPDX-License-Identifier: GPL-3.0-or-later
"""One character of a retarget: measured, mapped, keyed. Needs bpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.character import Character
from ..core.contacts.face_contacts import contacts_from_json
from ..core.errors import FacemocapError
from ..core.gaze.gaze_angles import read_from
from ..core.health.examine import Health
from ..core.measured import Measured
from ..core.point_solve.playing import is_solved_first
from ..core.progress import Job, Progress
from ..core.report import Report
from ..core.rig_maps.carried_map import with_carried
from ..core.rig_maps.rig_map import RigMap
from ..core.rig_maps.working_map import with_measurement
from ..core.stack.stack import Stack
from ..core.take import Take
from ..gateway.applying.performance import write_take
from ..gateway.health.performance_health import examine_prepared
from ..gateway.measuring.measuring import ensure_all_bones, ensure_measured
from ..gateway.points.point_solving import solve_on_character
from ..gateway.reduction.reducing import reduction_note
from ..gateway.writing.preparing import ApplyOptions, prepare_take
from ..gateway.writing.records import Performance, performances
from .characters import Found
from .rig_settings import RetargetSettings
from .wording import list_names


@dataclass(frozen=True)
class Keyed:
    """A character that was keyed."""

    found: Found
    take: Take
    rig_map: RigMap
    report: Report
    performance: Performance
    warnings: tuple[str, ...]
    examined: tuple[Health, Take] | None = None


def key_character(
    scene: Any, found: Found, take: Take, settings: RetargetSettings, start: float, rig: str
) -> Job[Keyed]:
    """Measure a character, find what drives what on it, and put the take on it.

    Raises
    ------
    FacemocapError
        When the map does not fit, or nothing of the take drives anything.
    """
    warnings = list(found.character.notes)
    rig_map, contacts = found.rig_map, None
    if settings.measure:
        measured = yield from _measured(scene, found, settings, warnings)
        if measured is not None:
            rig_map = with_measurement(
                rig_map, found.character.controls, measured, bones_first=settings.bones_first
            )
            contacts = contacts_from_json(measured.contacts) if measured.contacts else None
    else:
        measured = None
    if settings.rig_map is None and is_solved_first(take):
        solved = yield from solve_on_character(
            found.objects, scene, take, measured=measured, use_cache=settings.use_cache
        )
        take = solved.take
        rig_map = with_carried(rig_map, take, found.character.controls)
        warnings += take.warnings
    automatic = rig_map
    if settings.rig_map is not None:
        rig_map = settings.rig_map
        check_map(rig_map, found.character, rig)
        unknown = [
            name
            for name in rig_map.channels
            if name not in take.names and not read_from(take, name)
        ]
        if unknown:
            warnings.append(f"The take has no channel {list_names(unknown)}, which the map names.")
    if not any(name in rig_map.covered for name in take.recorded):
        raise FacemocapError(
            f'Nothing on "{found.objects.name}" in "{rig}" can be driven by the take',
            "Make a map with `facemocap map`, edit it and give it to --map",
        )
    options = _options(settings, start)
    if options.examples is not None:
        options.examples.check_belongs(options.examples.actor, found.objects.name)
    prepared = yield from prepare_take(scene, found.objects, take, rig_map, options, contacts)
    examined = None
    if settings.health:
        found_out = yield from examine_prepared(prepared)
        examined = found_out.health, found_out.take
    yield Progress(0.9, "Writing keys")
    report = write_take(prepared)
    performance = _performance_of(take, found.objects.name)
    warnings += [each for each in report.warnings if each not in warnings]
    return Keyed(
        Found(found.objects, found.character, automatic),
        take,
        rig_map,
        report,
        performance,
        tuple(warnings),
        examined,
    )


def _measured(
    scene: Any, found: Found, settings: RetargetSettings, warnings: list[str]
) -> Job[Measured | None]:
    """What is measured; what is no face is left to its names, with a warning."""
    try:
        cached = settings.use_cache
        measured = yield from ensure_measured(found.objects, scene, use_cache=cached)
        if settings.bones_first:
            job = ensure_all_bones(found.objects, scene, measured, use_cache=cached)
            measured = yield from job
    except FacemocapError as problem:
        warnings.append(f"{found.objects.name} was not measured and goes by names: {problem.what}.")
        return None
    return measured


def facts_of(keyed: Keyed) -> dict[str, Any]:
    """What the report says of a character, but for the file it is in."""
    rig_map, take = keyed.rig_map, keyed.take
    return {
        "character": keyed.found.objects.name,
        "action": keyed.performance.action.name,
        "keys": keyed.report.counts["keys"],
        "controls": sum(
            any(read_from(take, s.channel) for s in entry.sources) for entry in rig_map.entries
        ),
        "channels_matched": [name for name in take.recorded if name in rig_map.covered],
        "channels_unmatched": [name for name in take.recorded if name not in rig_map.covered],
        "controls_unmatched": _idle_controls(keyed.found, rig_map),
        "measures": dict(keyed.report.measures),
        "warnings": list(keyed.warnings),
        **_key_facts(keyed),
        **({} if keyed.examined is None else {"health": _health_facts(keyed.examined[0])}),
    }


def _health_facts(health: Health) -> dict[str, Any]:
    """What a report says of a take on a character: findings, coverage, drivers, lids and lips."""
    document = health.to_json()
    return {name: document[name] for name in ("findings", "mapping", "on_character")}


def _key_facts(keyed: Keyed) -> dict[str, Any]:
    """What became of the keys, where they were reduced."""
    told = reduction_note(keyed.performance.action)
    if not told:
        return {}
    return {"keys_before": keyed.report.counts["keys_before"], "keys_reduced": told}


def check_map(rig_map: RigMap, character: Character, rig: str) -> None:
    """Fail when a map from the animator names controls that the character lacks."""
    present = {control.key for control in character.controls}
    missing = [entry.control for entry in rig_map.entries if entry.control not in present]
    if missing:
        names = [f"{control.path} of {control.owner}" for control in missing]
        raise FacemocapError(
            f'The map names what "{character.name}" in "{rig}" lacks: {list_names(names, 3)}',
            f"Correct the map; `facemocap map {rig}` lists what there is",
        )


def _options(settings: RetargetSettings, start: float) -> ApplyOptions:
    return ApplyOptions(
        start_frame=start,
        on_capture_times=settings.on_capture_times,
        raw=settings.raw,
        contacts=settings.contacts,
        widen_sliders=settings.widen_sliders,
        range_s=settings.range_s,
        mirror=settings.mirror,
        set_scene_range=not settings.keep_range,
        override=settings.override,
        examples=settings.examples,
        stack=settings.stack or Stack(),
        seed=settings.seed,
        reduce=settings.reduce,
    )


def _performance_of(take: Take, character: str) -> Performance:
    """What was just applied; found anew, because overriding replaces a character's objects."""
    return next(
        each
        for each in performances()
        if each.take_digest == take.digest and each.character_name == character
    )


def _idle_controls(found: Found, rig_map: RigMap) -> list[str]:
    """Names of controls that look like a face's and stay at rest."""
    if rig_map is found.rig_map:
        return list(rig_map.unmatched_controls)
    used = {entry.control for entry in rig_map.entries}
    driven = {control.name for control in found.character.controls if control.key in used}
    automatic = {entry.control for entry in found.rig_map.entries}
    by_name = [control.name for control in found.character.controls if control.key in automatic]
    candidates = dict.fromkeys([*found.rig_map.unmatched_controls, *by_name])
    return [name for name in candidates if name not in driven]
