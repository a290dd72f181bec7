# SPDX-License-Identifier: GPL-3.0-or-later
"""Driven controls: which of them a map would want, and how they answer to what a person moves.

Plain straight drivers are read; all others are measured on a throw-away copy of the character, and
only where a control's own name is known and no root of it is matched by a name already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import bpy

from ...core.controls import BONE, PROPERTY, Answer, Control, ControlKey
from ...core.drivers.driver_answers import Fault, Points, slope, trimmed
from ...core.drivers.driver_following import choose_answers
from ...core.rig_maps.matching import match
from .driver_places import Handles, Place, Root
from .driver_trails import Trail, Trails, control_place

if TYPE_CHECKING:
    from ..characters.characters import CharacterObjects

_Found = Points | Fault


@dataclass
class _Case:
    """A driven control that a map would want, its drivers, and how it answers to their roots."""

    control: Control
    place: Place
    trail: Trail
    found: dict[ControlKey, _Found] = field(default_factory=dict)

    @property
    def roots(self) -> list[Root]:
        return list(self.trail.roots.values())

    @property
    def moves(self) -> bool:
        return any(not isinstance(points, Fault) for points in self.found.values())


def follow_drivers(
    picked: CharacterObjects, scene: bpy.types.Scene, controls: Sequence[Control]
) -> tuple[list[Control], list[str]]:
    """Controls with the answers of those that are driven, and sentences about what is in the way.

    Nothing of the file is changed; a character without drivers costs nothing.
    """
    if not any(control.driven_by for control in controls):
        return list(controls), []
    handles = Handles(picked.objects)
    cases = _open_cases(picked, controls, handles)
    unread = {case.control: case.roots for case in cases if not case.found and case.roots}
    if unread:
        measured = _measure(picked, scene, controls, unread)
        for case in cases:
            if case.control in measured:
                case.found = _one_of_each_choice(measured[case.control], case.trail.choices)
    answers = {
        case.control.key: tuple(
            Answer(key, points, case.trail.roots[key].rest, handles.has(case.trail.roots[key]))
            for key, points in case.found.items()
            if not isinstance(points, Fault)
        )
        for case in cases
    }
    followed = [replace(c, answers=answers.get(c.key, ())) for c in controls]
    chosen = choose_answers(followed)
    moving = {_place_of(case.control) for case in cases if case.control.key in chosen}
    lost = [case for case in cases if _place_of(case.control) not in moving]
    return followed, _sentences(lost)


def _open_cases(
    picked: CharacterObjects, controls: Sequence[Control], handles: Handles
) -> list[_Case]:
    """Driven controls with a known name whose roots no name has matched."""
    free = [replace(control, driven_by="") for control in controls]
    wanted = {entry.control for entry in match(free).entries}
    direct = {entry.control for entry in match(controls).entries}
    trails = Trails(picked.objects, picked.meshes)
    owners = {obj.name: obj for obj in picked.objects}
    cases: list[_Case] = []
    for control in controls:
        if not control.driven_by or control.key not in wanted:
            continue
        owner: Any = owners.get(control.owner) or bpy.data.objects.get(control.owner)
        place = control_place(control, owner)
        trail = trails.follow(place)
        if trail.idle or any(
            key in direct and not handles.has(root) for key, root in trail.roots.items()
        ):
            continue
        case = _Case(control, place, trail)
        if trail.changing:
            trail.roots = {}
        elif line := trails.line(place, control.index):
            trail.roots = {line.root.key: line.root}
            case.found = {line.root.key: line.points}
        cases.append(case)
    return cases


def _measure(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    controls: Sequence[Control],
    wanted: dict[Control, list[Root]],
) -> dict[Control, dict[ControlKey, _Found]]:
    """Answers measured with everything else at rest; where nothing moves, with it as it is."""
    # both of them read characters themselves
    from ..probing.probe_copy import standin  # noqa: PLC0415
    from .driver_bench import Bench  # noqa: PLC0415

    roots = {root.key: root for found in wanted.values() for root in found}
    # of controls the copy wants to know whose properties they are: these objects come along
    owners = {root.owner.name: root for root in roots.values()}
    beside = [Control(PROPERTY, name, root.key.path, 0, "") for name, root in owners.items()]
    with standin(picked, scene, [*controls, *beside]) as copy:
        found = Bench(copy, list(roots.values()), at_rest=True).measure(wanted)
        # a switch that is off at rest keeps all others from doing anything
        still = {
            control: wanted[control]
            for control, answers in found.items()
            if all(answer is Fault.STILL for answer in answers.values())
        }
        if still:
            found |= Bench(copy, list(roots.values()), at_rest=False).measure(still)
    return found


def _one_of_each_choice(
    found: dict[ControlKey, _Found], choices: Iterable[tuple[ControlKey, ...]]
) -> dict[ControlKey, _Found]:
    """Of what a variable reads in one, the component that takes the least; moves before turns."""
    out = dict(found)
    for keys in choices:
        moving = {
            key: abs(slope(points))
            for key in keys
            if not isinstance(points := out.get(key, Fault.STILL), Fault)
        }
        if moving:
            first = next(iter(moving)).path
            best = max((key for key in moving if key.path == first), key=lambda key: moving[key])
            out = {key: points for key, points in out.items() if key not in moving or key == best}
    return out


def _place_of(control: Control) -> tuple[str, str, int]:
    """What sentences count as one: the components of a bone's channel belong together."""
    return control.owner, control.path, 0 if control.kind == BONE else control.index


def _sentences(cases: Iterable[_Case]) -> list[str]:
    """One sentence for each driven control that is not moved; equal ones are joined."""
    owners: dict[tuple[str, str], list[str]] = {}
    done: set[tuple[str, str, int]] = set()
    for case in sorted(cases, key=lambda case: not case.moves):
        if _place_of(case.control) in done:
            continue
        done.add(_place_of(case.control))
        why = f'its driver "{case.trail.words}" {_reason(case)}'
        owners.setdefault((case.control.name, why), []).append(case.control.owner)
    return [
        f'"{name}" on {_listed(list(dict.fromkeys(held)), "and")} is not moved: {why}.'
        for (name, why), held in owners.items()
    ]


def _reason(case: _Case) -> str:
    """Why a control's driver cannot be turned round."""
    trail = case.trail
    if trail.changing:
        return trail.changing[0]
    if not trail.roots:
        return trail.fixed[0] if trail.fixed else "reads nothing that can be moved"
    labels = {root.key: root.label for root in trail.roots.values()}
    moving = {key: points for key, points in case.found.items() if not isinstance(points, Fault)}
    inside = [key for key, points in moving.items() if trimmed(points, case.control.range)]
    if len(inside) > 1:
        both = _listed([labels[key] for key in inside], "and")
        return f"reads {both}, and nothing tells which of them to move"
    if moving:
        return f"never comes within its range while {labels[next(iter(moving))]} moves"
    for fault in (Fault.TURNS, Fault.JUMPS):
        for key, found in case.found.items():
            if found is fault:
                return f"{fault.value} while {labels[key]} moves one way"
    if trail.fixed:
        return trail.fixed[0]
    return f"does not answer when {_listed(list(labels.values()), 'or')} is moved"


def _listed(names: Sequence[str], joint: str) -> str:
    shown = list(names[:4])
    if len(names) > len(shown):
        shown[-1] = f"{len(names) - len(shown) + 1} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {joint} {shown[-1]}"
