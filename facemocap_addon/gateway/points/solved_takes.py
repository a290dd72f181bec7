# SPDX-License-Identifier: GPL-3.0-or-later
"""Solved takes: found again in the file, replaced by newer ones, and what of them is kept at hand.

A solved take holds values; how far each point is off, and what a part of it can be solved again
from, is kept in memory for the session and found again by solving once more when it is needed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import bpy
import numpy as np

from ...core.errors import FacemocapError
from ...core.measured import Measured
from ...core.names import unique_name
from ...core.point_solve.playing import SOLVE
from ...core.point_solve.settings import SolveSettings, settings_from_json
from ...core.progress import Job
from ...core.rig_maps.carried_map import carried_map
from ...core.take import Take
from ..characters.characters import CharacterObjects
from ..files.take_storage import load_take, store_take, stored_takes, take_digest, take_label
from ..limits import name_bytes
from .point_solving import Solved, solve_on_character

#: Among a solve's details: parts that were solved again.
REFINED = "refined"
#: Solves are kept in memory up to this many numbers together; the latest always is.
KEPT_NUMBERS = 40_000_000
#: Keeps the whole name from being taken for a file with an ending: characters may be "Head.001".
_ENDING = ".solve"
_kept: OrderedDict[str, Solved] = OrderedDict()


def keep_solve(solved: Solved) -> None:
    """Keep a solve for this session, by its take."""
    _kept[solved.take.digest] = solved
    _kept.move_to_end(solved.take.digest)
    while len(_kept) > 1 and sum(_numbers(each) for each in _kept.values()) > KEPT_NUMBERS:
        _kept.popitem(last=False)


def kept_solve(take: Take) -> Solved | None:
    """The solve of a take, if it was made in this session."""
    return _kept.get(take.digest)


def forget_solves() -> None:
    """Keep nothing in memory any more."""
    _kept.clear()


def solve_details(take: Take) -> Mapping[str, Any] | None:
    """How a take was solved; None for one that was not, or whose details are damaged."""
    details = take.source.details.get(SOLVE)
    if not isinstance(details, dict):
        return None
    found = cast(dict[str, Any], details)
    return found if isinstance(found.get("points"), str) else None


def find_points(details: Mapping[str, Any]) -> bpy.types.Text:
    """Where the take of points is stored that a take was solved from.

    Raises
    ------
    FacemocapError
        When it is no longer in the file.
    """
    for text in stored_takes():
        if take_digest(text) == details["points"]:
            return text
    raise FacemocapError(
        f'The points that the take was solved from, "{details.get("points_name", "")}", are no '
        "longer in this file",
        "Import that recording again",
    )


def solves_of(points_digest: str, character: str) -> list[bpy.types.Text]:
    """Stored takes that were solved from a take of points on a character, by their names."""
    found: list[bpy.types.Text] = []
    for text in stored_takes():
        try:
            details = solve_details(load_take(text))
        except FacemocapError:
            continue
        if details is None or details["points"] != points_digest:
            continue
        if details.get("character") == character:
            found.append(text)
    return found


def take_of_character(take: Take, character: str) -> Take:
    """Of a solved take the one that was solved on this character, if there is one; else itself."""
    details = solve_details(take)
    if details is None or details.get("character") == character:
        return take
    own = solves_of(str(details["points"]), character)
    return load_take(own[-1]) if own else take


def store_solve(
    solved: Solved, former: list[bpy.types.Text], listed: int = 1
) -> tuple[bpy.types.Text, Take, list[bpy.types.Text]]:
    """Store a solved take in place of former ones that nothing else uses.

    A former one is free when no datablock points to it beside the panel's list: what was applied
    keeps its take in its Action's record. Where a former one stays, the new one gets a name of its
    own.

    Parameters
    ----------
    solved : Solved
    former : list of Text
        Takes that were solved from the same points on the same character.
    listed : int
        How often the panel's list points to each of them.

    Returns
    -------
    text : Text
        What holds the take now.
    take : Take
        As it is stored.
    free : list of Text
        Former ones to be removed with `remove_stored` once nothing shows them.
    """
    same = [text for text in former if take_digest(text) == solved.take.digest]
    free = [text for text in former if text not in same and is_free(text, listed)]
    staying = {take_label(text) for text in stored_takes() if text not in free and text not in same}
    take = _named(solved.take, staying)
    text = store_take(take)
    keep_solve(replace(solved, take=take))
    return text, load_take(text), free


def is_free(text: bpy.types.Text, listed: int = 1) -> bool:
    """Whether nothing but the panel's list holds a stored take."""
    return text.library is None and text.users - int(text.use_fake_user) <= listed


def remove_stored(texts: list[bpy.types.Text]) -> None:
    """Take stored takes out of the file."""
    bpy.data.batch_remove(texts)


def earlier_solve(
    picked: CharacterObjects, scene: bpy.types.Scene, take: Take, measured: Measured | None = None
) -> Job[Solved]:
    """The solve of a solved take: what is kept of it, or else found once more.

    Found once more it has the stored take's own values, so that nothing changes that is not solved
    again. Nothing of the file is changed.

    Raises
    ------
    FacemocapError
        When the take was not solved, its points are gone, or the character has changed since.
    """
    details = solve_details(take)
    if details is None:
        raise FacemocapError(f'"{take.label}" was not solved from points', "Solve the points first")
    found = kept_solve(take)
    # characters that are alike have alike takes, but other meshes
    own = {mesh.name for mesh in picked.meshes}
    if found is not None and own.issuperset(found.solve.placement.meshes):
        return found
    source = load_take(find_points(details))
    settings = stored_settings(details)
    again = yield from solve_on_character(picked, scene, source, settings, measured=measured)
    out = with_values_of(again, take)
    keep_solve(out)
    return out


def stored_settings(details: Mapping[str, Any]) -> SolveSettings:
    """The settings that a take was solved with."""
    given = details.get("settings")
    if not isinstance(given, dict):
        return SolveSettings()
    return settings_from_json(cast(dict[str, Any], given))


def with_values_of(solved: Solved, take: Take) -> Solved:
    """A solve with the values that a stored take has.

    Raises
    ------
    FacemocapError
        When the two do not fit.
    """
    solve = solved.solve
    names = [channel.name for channel in solve.unknowns.channels]
    carried = carried_map(take)
    solved_then = set() if carried is None else carried.channels
    if set(names) != set(solved_then) or not np.array_equal(take.times, solve.times):
        raise FacemocapError(
            f'"{solved.rig_map.rig}" or its points have changed since "{take.label}" was solved',
            "Solve the whole take again",
        )
    values = take.values[:, [take.column(name) for name in names]].astype(np.float64)
    # float32 is what was stored of the very same values: they are left as exact as they are
    same = values.astype(np.float32) == solve.values.astype(np.float32)
    values = np.where(same, solve.values, values)
    moved = (values - solve.values) @ solve.unknowns.basis.T
    changed = solve.replaced(values=values, solved=solve.solved + moved.reshape(solve.solved.shape))
    return replace(solved, solve=changed, take=take)


def with_note(solved: Solved, before: Take, range_s: tuple[float, float], how: Any) -> Solved:
    """A refined solve whose take says which of its parts were solved again, and how."""
    details = dict(solved.take.source.details)
    told = dict(cast(dict[str, Any], details[SOLVE]))
    former = solve_details(before) or {}
    start_s, end_s = range_s
    new = {"start_s": round(start_s, 4), "end_s": round(end_s, 4), "settings": how}
    told[REFINED] = [*cast(list[Any], former.get(REFINED, [])), new]
    details[SOLVE] = told
    take = solved.take
    history = (*take.history, f"solved again from {start_s:.2f} to {end_s:.2f} s")
    source = replace(take.source, details=details)
    return replace(solved, take=replace(take, source=source, history=history))


def _named(take: Take, taken: set[str]) -> Take:
    """A take under a name that no other one has."""
    whole = take.source.name.removesuffix(_ENDING)
    name = unique_name(whole, name_bytes(), taken)
    return replace(take, source=replace(take.source, name=name + _ENDING))


def _numbers(solved: Solved) -> int:
    return 2 * solved.solve.observed.size + solved.take.values.size
