# SPDX-License-Identifier: GPL-3.0-or-later
"""Some frames of a solved take, whose lids and lips are brought together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..channels import arkit_schema
from ..controls import ControlKey
from ..rig_maps.retargeting import retarget
from ..rig_maps.rig_map import RigMap
from ..take import Take, make_take
from ..take_sampling import sample_channels
from .closing import Closing, Measure, apply_amounts, close_openings, room
from .face_contacts import LEFT_LIDS, MOUTH, RIGHT_LIDS
from .gaps import gap, overlap

BLINKS = {LEFT_LIDS: "eyeBlinkLeft", RIGHT_LIDS: "eyeBlinkRight"}
WIDENS = {LEFT_LIDS: "eyeWideLeft", RIGHT_LIDS: "eyeWideRight"}
#: Eyes shut and lips sealed leave at most this gap (per cent).
SHUT_GAP, SEALED_GAP = 0.5, 0.3
#: Lips that lap over each other by more than this (per cent) are taken apart again.
LAPPING = 1.0
#: Largest amount of a blink, and values of the gaze at which the lids' way with it is measured.
MOST_BLINK = 3.0
GAZE_LEVELS = np.linspace(0.0, 1.0, 5)
#: Least gap (per cent) that the gaze is taken to leave.
LEAST_OPEN = 1.0
#: What else narrows or opens an eye counts for the blink's way within these shares, which depend
#: on how far the eye is shut.
FAR, NARROWEST, WIDEST_EYE = (0.0, 0.44, 1.0), (0.82, 0.97, 0.97), (1.5, 1.12, 1.12)
#: A control that takes the lips farther apart than this (per cent) by itself parts them.
PARTS = 0.2
#: A gap that is this much (per cent) larger than wanted counts as cut by limits.
MISSED = 0.5


class Rig:
    """What closes what: the map, the controls in their order, their limits, and the measure.

    ``values`` ``(n, c)`` are those of the whole take.
    """

    def __init__(
        self,
        take: Take,
        rig_map: RigMap,
        controls: tuple[ControlKey, ...],
        limits: FloatArray,
        measure: Measure,
        values: FloatArray,
    ) -> None:
        self.take = take
        self.limits = limits
        self.measure = measure
        self._rig_map = rig_map
        self._controls = controls
        self._values = values
        self._gaze: dict[str, tuple[FloatArray, FloatArray]] = {}
        self._opens: BoolArray | None = None

    def pose(self, **channels: float) -> FloatArray:
        """Values ``(c,)`` when just these channels are not at rest."""
        return pose_values(self._rig_map, self._controls, channels)

    def gaze_gap(self, lids: str, down: FloatArray, up: FloatArray) -> FloatArray:
        """Gap ``(n,)`` of one eye, in per cent, when only the gaze moves its lids."""
        if lids not in self._gaze:
            side = "Left" if lids == LEFT_LIDS else "Right"
            self._gaze[lids] = self._levels(lids, "Down" + side), self._levels(lids, "Up" + side)
        by_down, by_up = self._gaze[lids]
        out = 100.0 + np.interp(down, GAZE_LEVELS, by_down) - by_down[0]
        return out + np.interp(up, GAZE_LEVELS, by_up) - by_up[0]

    def _levels(self, lids: str, gaze: str) -> FloatArray:
        poses = np.stack([self.pose(**{f"eyeLook{gaze}": value}) for value in GAZE_LEVELS])
        return gap(self.measure(poses)[lids])

    def parting(self, values: FloatArray) -> BoolArray:
        """Whether each control ``(r, c)``, by itself and as far as it goes, parts the lips."""
        rest = self.pose()
        opens = self._opens
        if opens is None:
            ends = [self._values.min(axis=0), self._values.max(axis=0)]
            alone = [np.where(np.eye(len(rest), dtype=np.bool_), end, rest) for end in ends]
            seen = self.measure(np.concatenate([rest[None], *alone]))[MOUTH].mean(axis=1)
            opens = self._opens = np.reshape(seen[1:] > seen[0] + PARTS, (2, -1))
        below: BoolArray = values < rest
        opening: BoolArray = opens
        return (below & opening[0]) | (~below & opening[1])


class Part:
    """Some frames, their values as far as they are found, and what was wanted of them."""

    def __init__(self, rig: Rig, times: FloatArray, values: FloatArray) -> None:
        self.times = times
        self.values = values
        self.wanted: dict[str, FloatArray] = {}
        self.amounts: dict[str, FloatArray] = {}
        self._rig = rig

    def close_lids(self, closures: Mapping[str, FloatArray]) -> None:
        """Close the eyes as far as the take has them shut."""
        plain = self._rig.measure(self.values)
        closings: list[Closing] = []
        for name, closure in closures.items():
            direction = self._rig.pose(**{BLINKS[name]: 1.0}) - self._rig.pose()
            if not direction.any():
                continue
            open_gap = gap(plain[name])
            # what else narrows or widens the eye counts on top, but a half blink stays about half
            by_gaze = np.maximum(self._gaze_gap(name), LEAST_OPEN)
            shares = [np.interp(closure, FAR, ends) for ends in (NARROWEST, WIDEST_EYE)]
            left = 100.0 * (1.0 - closure) * np.clip(open_gap / by_gaze, *shares)
            self.wanted[name] = np.maximum(np.minimum(open_gap, left), SHUT_GAP)
            high = np.minimum(room(self.values, direction, self._rig.limits), MOST_BLINK)
            closings.append(Closing(name, direction, self.wanted[name], np.zeros(len(high)), high))
        if closings:
            seen = self._close(closings, plain)
            for closing in closings:
                self._relax(closing.opening, seen[closing.opening])

    def seal_lips(self, seal: FloatArray) -> None:
        """Let the lips meet: by what mouthClose does, then by less of what parts them."""
        seen = self._rig.measure(self.values)
        separated = seen[MOUTH]
        wanted = self.wanted[MOUTH] = np.maximum((1.0 - seal) * gap(separated), SEALED_GAP)
        direction = self._rig.pose(jawOpen=1.0, mouthClose=1.0) - self._rig.pose(jawOpen=1.0)
        if direction.any():
            captured = np.maximum(self._channel("mouthClose"), 0.0)
            low = np.where(overlap(separated) > LAPPING, -captured * seal, 0.0)
            high = np.maximum(room(self.values, direction, self._rig.limits), low)
            seen = self._close([Closing(MOUTH, direction, wanted, low, high)], seen)
        self._ease(seen[MOUTH])

    def _close(
        self, closings: list[Closing], plain: Mapping[str, FloatArray]
    ) -> Mapping[str, FloatArray]:
        """Find the amounts of closings and add them; the separations after that."""
        limits = self._rig.limits
        found, seen = close_openings(self.values, closings, self._rig.measure, limits, plain)
        self.values = apply_amounts(self.values, closings, found, limits)
        self.amounts |= {each.opening: found[:, place] for place, each in enumerate(closings)}
        return seen

    def _ease(self, seen: FloatArray) -> None:
        """Less of whatever parts the lips where they still do not meet."""
        wanted = self.wanted[MOUTH]
        rows = np.flatnonzero(gap(seen) > wanted + MISSED)
        if not len(rows):
            return
        own = self.values[rows]
        direction = np.where(self._rig.parting(own), self._rig.pose() - own, 0.0)
        ones = np.ones(len(rows))
        closing = Closing(MOUTH, direction, wanted[rows], 0.0 * ones, ones)
        limits = self._rig.limits
        amounts, _ = close_openings(own, [closing], self._rig.measure, limits, {MOUTH: seen[rows]})
        self.values[rows] = apply_amounts(own, [closing], amounts, limits)

    def _relax(self, lids: str, seen: FloatArray) -> None:
        """Less of what widens an eye that the blink alone cannot shut: wide eyes relax to blink."""
        wanted, wide = self.wanted[lids], WIDENS[lids]
        captured = np.maximum(self._channel(wide), 0.0)
        rows = np.flatnonzero((gap(seen) > wanted + MISSED) & (captured > 0.0))
        widening = self._rig.pose(**{wide: 1.0}) - self._rig.pose()
        if not len(rows) or not widening.any():
            return
        own, ones = self.values[rows], np.ones(len(rows))
        direction = -captured[rows, None] * widening
        closing = Closing(lids, direction, wanted[rows], 0.0 * ones, ones)
        limits = self._rig.limits
        amounts, _ = close_openings(own, [closing], self._rig.measure, limits, {lids: seen[rows]})
        self.values[rows] = apply_amounts(own, [closing], amounts, limits)

    def _channel(self, name: str) -> FloatArray:
        return sample_channels(self._rig.take, [name], self.times)[:, 0]

    def _gaze_gap(self, lids: str) -> FloatArray:
        side = "Left" if lids == LEFT_LIDS else "Right"
        down, up = (self._channel(f"eyeLook{way}{side}") for way in ("Down", "Up"))
        return self._rig.gaze_gap(lids, down, up)


def pose_values(
    rig_map: RigMap, controls: tuple[ControlKey, ...], channels: Mapping[str, float]
) -> FloatArray:
    """Values ``(c,)`` of controls when just these channels are not at rest."""
    schema = arkit_schema()
    values = np.array([[channels.get(name, 0.0) for name in schema]])
    take = make_take(np.zeros(1), schema.values(), values, rate=60)
    found = retarget(take, rig_map, np.zeros(1))
    places = {control: place for place, control in enumerate(found.controls)}
    return np.array([found.values[0, places[c]] if c in places else 0.0 for c in controls])
