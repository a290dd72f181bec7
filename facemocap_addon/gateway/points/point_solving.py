# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes of points solved onto characters of the open file."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import bpy
import numpy as np

from ...core.controls import Control, ControlKey
from ...core.correspondence.features import FoundFace
from ...core.correspondence.placement import Placement
from ...core.correspondence.placing import ByHand, place_points
from ...core.measured import Measured
from ...core.point_solve.background import Desk, in_background
from ...core.point_solve.neutral_face import likely_neutrals, marked_neutral
from ...core.point_solve.outcome import PointSolve
from ...core.point_solve.performing import ActorMotion, read_actor
from ...core.point_solve.playing import solved_take
from ...core.point_solve.refining import refined
from ...core.point_solve.settings import SolveSettings
from ...core.point_solve.solving import Evaluate, solve_points
from ...core.point_solve.unknowns import Unknowns
from ...core.probing.scan import Scan
from ...core.progress import Job, Progress, part_of_job
from ...core.rig_maps.rig_map import RigMap
from ...core.rig_maps.working_map import working_map
from ...core.take import Take
from ..characters.characters import CharacterObjects, read_character
from ..measuring.face_features import find_face_features
from ..measuring.measuring import ensure_measured
from ..probing.fingerprint import take_fingerprint
from ..probing.poser import Poser
from ..probing.probe_copy import Ruler, Standin, standin
from ..probing.probing import scan_character
from .point_places import points_by_hand

READING = "Reading the points"
#: Characters whose motions are kept in memory, by their fingerprints.
KEPT = 3
_scans: OrderedDict[str, tuple[Scan, FoundFace]] = OrderedDict()
_actors: OrderedDict[str, ActorMotion] = OrderedDict()


@dataclass(frozen=True)
class Solved:
    """A take of points on a character.

    Attributes
    ----------
    take : Take
        Of the character's own controls; it carries the map that plays it.
    solve : PointSolve
    source : Take
        The take of points.
    rig_map : RigMap
        The character's, without the solve.
    face : FoundFace
    """

    take: Take
    solve: PointSolve
    source: Take
    rig_map: RigMap
    face: FoundFace


def solve_on_character(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    take: Take,
    settings: SolveSettings | None = None,
    *,
    measured: Measured | None = None,
    by_hand: ByHand | None = None,
    like: Solved | None = None,
    use_cache: bool = True,
) -> Job[Solved]:
    """Solve a take of points onto a character; nothing of the file is changed.

    Where a person put points by hand is read from the character (`point_places`).

    Parameters
    ----------
    picked : CharacterObjects
    scene : Scene
    take : Take
        With points in space.
    settings : SolveSettings, optional
    measured : Measured, optional
        What was measured on the character; what is kept, or cached, or measured now if not given.
    by_hand : mapping, optional
        Where points are on the character, see `placing.place_points`, beside what is kept with it.
    like : Solved, optional
        An earlier solve, whose neutral face and size of motion are kept.
    use_cache : bool
        Whether measurements of the user's cache count.

    Raises
    ------
    FacemocapError
        When the take has no points, the character no face, or nothing moves them.
    """
    chosen = settings or SolveSettings()
    yield Progress(0.0, READING)
    actor = yield from part_of_job(actor_of(take, chosen), 0.0, 0.02)
    if measured is None:
        measured = yield from part_of_job(
            ensure_measured(picked, scene, use_cache=use_cache), 0.02, 0.3
        )
    scan, face = yield from part_of_job(found_face(picked, scene, measured), 0.32, 0.28)
    controls = read_character(picked, scene).controls
    rig_map = working_map(controls, None, picked.name, measured)
    with _evaluating(picked, scene, controls, scan) as asked:
        job = solve_points(
            actor,
            face,
            scan,
            rig_map,
            chosen,
            by_hand={**points_by_hand(picked), **(by_hand or {})},
            evaluate=asked,
            like=None if like is None else like.solve,
        )
        solve = yield from part_of_job(job, 0.6, 0.4)
    return Solved(solved_take(take, solve, rig_map, picked.name), solve, take, rig_map, face)


def refine_on_character(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    before: Solved,
    settings: SolveSettings,
    range_s: tuple[float, float],
    *,
    measured: Measured | None = None,
) -> Job[Solved]:
    """Solve a range (seconds on the take's clock) again; the rest stays to the bit.

    Errors as `solve_on_character`.
    """
    again = yield from solve_on_character(
        picked, scene, before.source, settings, measured=measured, like=before
    )
    solve = refined(before.solve, again.solve, *range_s)
    take = solved_take(before.source, solve, before.rig_map, picked.name)
    return replace(before, take=take, solve=solve)


def place_on_character(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    take: Take,
    settings: SolveSettings | None = None,
    *,
    measured: Measured | None = None,
    by_hand: ByHand | None = None,
    like: Solved | None = None,
    use_cache: bool = True,
) -> Job[Placement]:
    """Where the points of a take are on a character; nothing of the file is changed.

    With ``by_hand`` as if a person had said that of the points, instead of what the character
    keeps; with ``like`` by the neutral face of an earlier solve. Errors as `solve_on_character`.
    """
    chosen = settings or SolveSettings()
    yield Progress(0.0, READING)
    actor = yield from part_of_job(actor_of(take, chosen), 0.0, 0.02)
    if measured is None:
        measured = yield from part_of_job(
            ensure_measured(picked, scene, use_cache=use_cache), 0.0, 0.6
        )
    _, face = yield from part_of_job(found_face(picked, scene, measured), 0.6, 0.3)
    yield Progress(0.9, "Placing points on the character")
    said = points_by_hand(picked) if by_hand is None else by_hand
    if like is not None and like.source.digest == take.digest:
        neutral = like.solve.neutral
    elif chosen.neutral_s is not None:
        neutral = marked_neutral(actor, chosen.neutral_s)
    else:
        neutral = next(iter(likely_neutrals(actor)), np.full((len(actor.names), 3), np.nan))
    return place_points(actor.names, neutral, face, said)


def found_face(
    picked: CharacterObjects, scene: bpy.types.Scene, measured: Measured
) -> Job[tuple[Scan, FoundFace]]:
    """How controls move a character's face and where its places are; found once in a session."""
    now = take_fingerprint(picked)
    key = "\n".join([now.digest, *now.owners])
    found = _scans.get(key)
    if found is None:
        scan = yield from part_of_job(scan_character(picked, scene), 0.0, 0.8)
        face = yield from part_of_job(find_face_features(picked, scene, measured, scan), 0.8, 0.2)
        found = scan, face
        _scans[key] = found
        while len(_scans) > KEPT:
            _scans.popitem(last=False)
    _scans.move_to_end(key)
    return found


def actor_of(take: Take, settings: SolveSettings) -> Job[ActorMotion]:
    """The points of a take on the head; the same take is read once. Errors as `read_actor`."""

    def read(desk: Desk) -> ActorMotion:
        desk.tell(0.0, READING)
        return read_actor(take, settings)

    key = f"{take.digest} {settings.repair} {settings.stable}"
    found = _actors.get(key)
    if found is None:
        found = yield from in_background(read)
        _actors[key] = found
        while len(_actors) > KEPT:
            _actors.popitem(last=False)
    _actors.move_to_end(key)
    return found


@contextmanager
def _evaluating(
    picked: CharacterObjects, scene: bpy.types.Scene, controls: tuple[Control, ...], scan: Scan
) -> Iterator[Callable[[Placement, Unknowns], Evaluate]]:
    """What makes, for placed points, a function that asks the rig where controls take them."""
    by_key = {control.key: control for control in controls}
    with standin(picked, scene, controls) as copy:

        def make(placement: Placement, unknowns: Unknowns) -> Evaluate:
            return _Asking(copy, by_key, placement, unknowns, scan).displacements

        yield make


class _Asking:
    """Poses the copy and reads where the placed points are."""

    def __init__(
        self,
        copy: Standin,
        by_key: dict[ControlKey, Control],
        placement: Placement,
        unknowns: Unknowns,
        scan: Scan,
    ) -> None:
        posed = [by_key[key] for key in unknowns.controls]
        self._copy, self._poser, self._ruler = copy, Poser(copy, posed), Ruler(copy)
        self._rest = np.array([control.rest for control in posed])
        self._placement, self._meshes = placement, scan.meshes
        next(self._poser.pose(self._rest[None]))
        self._at_rest = self._places()

    def displacements(self, changes: np.ndarray) -> np.ndarray:
        """Displacements ``(j, p, 3)`` in mm for changes of controls ``(j, c)``."""
        out = np.zeros((len(changes), len(self._placement), 3))
        for row in self._poser.pose(self._rest + changes):
            if row % 64 == 0:
                self._copy.check()
            out[row] = 1000.0 * (self._places() - self._at_rest)
        return np.where(np.isfinite(out), out, 0.0)

    def _places(self) -> np.ndarray:
        return self._placement.at(self._ruler.points(), self._meshes)
