# SPDX-License-Identifier: GPL-3.0-or-later
"""Example pairs at work: what the rig map gives, plus a correction that is exact at the examples.

Each control reads the channels of its own part of the face, so that a blink within a smile leaves
the correction of the smile alone. Where two examples show the same there and two poses, the control
reads the whole face; where they show the same face altogether, that is told. Every frame is found
by itself: nothing is moved in time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..channels import Channel, canonical_channel
from ..controls import ControlKey
from ..errors import FacemocapError
from ..gaze.gaze_angles import NO_NEUTRAL, Neutral
from ..gaze.gaze_limits import takes_gaze
from ..rig_maps.retargeting import SolveResult, retarget
from ..rig_maps.rig_map import RigMap
from ..take import Take, make_take
from ..take_sampling import sample_channels
from .example_mapping import SAME_FACE, Correction, Samples, find_conflict, fit_correction
from .example_pairs import Example, ExampleLibrary, PoseKey

#: From values (n, c) of named channels to values (n, k) of the pose's keys.
Base = Callable[[Sequence[str], FloatArray], FloatArray]
#: Parts of the face by the regions of the schema; a region that is not listed is one by itself.
PARTS = {"nose": "mouth", "cheek": "mouth", "jaw": "mouth", "mouth": "mouth", "tongue": "mouth"}
#: Points on the way from the neutral face to an example at which the base is asked.
STEPS = 64
#: An example this near to the neutral face whose correction is that many times as large is told.
NEAR, STEEP = 0.05, 4.0


@dataclass(frozen=True)
class ExampleMapping:
    """The corrections of all keys.

    Attributes
    ----------
    channels : tuple of str, length c
        What is read.
    keys : tuple of ControlKey or str, length k
        What is corrected.
    neutral : (c,) float64
    rest : (k,) float64
        The base at the neutral face.
    parts : tuple of (columns of the channels, columns of the keys, Correction)
    warnings : tuple of str
    """

    channels: tuple[str, ...]
    keys: tuple[PoseKey, ...]
    neutral: FloatArray
    rest: FloatArray
    parts: tuple[tuple[IntArray, IntArray, Correction], ...]
    warnings: tuple[str, ...] = ()

    def correction(self, values: FloatArray) -> FloatArray:
        """What is added to the base ``(n, k)`` for channel values ``(n, c)``."""
        out = np.zeros((len(values), len(self.keys)))
        for channels, keys, correct in self.parts:
            out[:, keys] = correct(values[:, channels] - self.neutral[channels])
        return out


def fit_examples(
    library: ExampleLibrary,
    base: Base,
    reads: Mapping[PoseKey, Sequence[str]] | None = None,
) -> ExampleMapping:
    """The mapping of a library; one without examples leaves the base as it is.

    Parameters
    ----------
    library : ExampleLibrary
    base : Base
        `rig_map_base` for controls, `channel_base` for channels.
    reads : mapping, optional
        Channels that a key goes by (`reads_of`); a key it leaves out goes by the part of the face
        of its own name if it is a channel, else by all.

    Raises
    ------
    FacemocapError
        When two examples show one face and two poses.
    """
    keys = tuple(dict.fromkeys(key for each in library.examples for key in each.pose))
    if not keys:
        return ExampleMapping((), (), np.zeros(0), np.zeros(0), ())
    asked, neutral = _asked(library, keys, base)
    groups: dict[tuple[bytes, bytes], list[int]] = {}
    for column in range(len(keys)):
        named, columns = asked.rows(column), asked.columns(column, reads)
        groups.setdefault((named.tobytes(), columns.tobytes()), []).append(column)
    parts: list[tuple[IntArray, IntArray, Correction]] = []
    steep: list[str] = []
    for (_, columns), members in groups.items():
        places = np.frombuffer(columns, np.int64)
        samples = asked.samples(members, places)
        parts.append((places, np.array(members, np.int64), fit_correction(samples)))
        steep += _steep(samples)
    said: tuple[str, ...] = ()
    if steep:
        names = ", ".join(dict.fromkeys(steep))
        said = (f"The pose differs from the neutral one, the captured face hardly: {names}.",)
    return ExampleMapping(asked.channels, keys, neutral, asked.rest, tuple(parts), said)


@dataclass(frozen=True)
class _Asked:
    """The examples of a library as numbers.

    Attributes
    ----------
    offsets : (e, c) float64
        Channels less neutral.
    used : (c,) bool
        Which are read.
    grid : (s,) float64
    rest : (k,) float64
        The base at the neutral face.
    along : (e, s, k) float64
        What the base differs from that on the way to each example.
    """

    examples: tuple[Example, ...]
    keys: tuple[PoseKey, ...]
    channels: tuple[str, ...]
    offsets: FloatArray
    used: BoolArray
    grid: FloatArray
    rest: FloatArray
    along: FloatArray

    def rows(self, column: int) -> IntArray:
        """Examples that pose a key."""
        key = self.keys[column]
        return np.array([k for k, each in enumerate(self.examples) if key in each.pose], np.int64)

    def names(self, rows: IntArray) -> tuple[str, ...]:
        """Names of examples."""
        return tuple(self.examples[int(row)].name for row in rows)

    def wanted(self, rows: IntArray, columns: Sequence[int]) -> FloatArray:
        """Poses (e, k) less the base at the neutral face."""
        keys = [self.keys[column] for column in columns]
        pose = [[self.examples[int(row)].pose[key] for key in keys] for row in rows]
        return np.array(pose, np.float64) - self.rest[list(columns)]

    def columns(self, column: int, reads: Mapping[PoseKey, Sequence[str]] | None) -> IntArray:
        """Channels that a key reads: its part of the face, or all where that does not tell."""
        whole = np.flatnonzero(self.used)
        key = self.keys[column]
        wanted = (reads or {}).get(key) or ((key,) if isinstance(key, str) else ())
        parts = {_part(name) for name in wanted}
        own = np.array([k for k in whole if _part(self.channels[k]) in parts], np.int64)
        if not len(own):
            return whole
        rows = self.rows(column)
        offsets, wanted = self.offsets[rows][:, own], self.wanted(rows, [column])
        return own if find_conflict(self.names(rows), offsets, wanted) is None else whole

    def samples(self, members: Sequence[int], places: IntArray) -> Samples:
        """The examples of keys that read the same."""
        rows = self.rows(members[0])
        return Samples(
            self.names(rows),
            self.offsets[rows][:, places],
            self.wanted(rows, members),
            self.grid,
            self.along[rows][:, :, list(members)],
        )


def _asked(
    library: ExampleLibrary, keys: tuple[PoseKey, ...], base: Base
) -> tuple[_Asked, FloatArray]:
    """The library as numbers, and the neutral ``(c,)``; asks the base once."""
    examples = library.examples
    every = tuple(dict.fromkeys(name for each in examples for name in each.channels))
    neutral = np.array([library.neutral.get(name, 0.0) for name in every])
    values = np.array(
        [
            [each.channels.get(name, neutral[place]) for place, name in enumerate(every)]
            for each in examples
        ]
    )
    grid = np.arange(1, STEPS + 1) / STEPS
    ways = neutral + grid[:, None] * (values - neutral)[:, None, :]
    # the end of each way is the example itself, to the bit
    ways[:, -1] = values
    found = base(every, np.concatenate([neutral[None], ways.reshape(-1, len(every))]))
    along = found[1:].reshape(len(examples), STEPS, -1) - found[0]
    used = np.array([_is_read(name) for name in every], np.bool_)
    return _Asked(examples, keys, every, values - neutral, used, grid, found[0], along), neutral


def _is_read(name: str) -> bool:
    """Whether corrections go by a channel: coefficients do; angles only go into the base."""
    channel = canonical_channel(name)
    return channel is None or channel.kind == "weight"


def _part(name: str) -> str:
    channel = canonical_channel(name)
    region = "other" if channel is None else channel.region
    return PARTS.get(region, region)


def _steep(samples: Samples) -> list[str]:
    """Names of examples that hardly differ from the neutral face but in their pose."""
    radii = np.linalg.norm(samples.offsets, axis=1)
    amiss = np.abs(samples.wanted - samples.base[:, -1]).max(axis=1)
    strange = (radii > SAME_FACE) & (radii < NEAR) & (amiss > STEEP * radii)
    return [samples.names[int(place)] for place in np.flatnonzero(strange)]


# ---------------------------------------------------------------- bases


def channel_base(keys: Sequence[PoseKey]) -> Base:
    """The base of poses that are channel values: each channel itself, 0 for what is no channel."""

    def base(names: Sequence[str], values: FloatArray) -> FloatArray:
        out = np.zeros((len(values), len(keys)))
        for place, key in enumerate(keys):
            if isinstance(key, str) and key in names:
                out[:, place] = values[:, list(names).index(key)]
        return out

    return base


def rig_map_base(
    rig_map: RigMap,
    keys: Sequence[PoseKey],
    *,
    rests: Mapping[ControlKey, float] | None = None,
    neutral: Neutral = NO_NEUTRAL,
) -> Base:
    """The base of poses that are control values: what the rig map gives, before its limits.

    A gaze has no other values than those within its limits, which hold it as a direction.
    ``rests`` has values of controls that nothing drives (0 where it has none). Keys that are
    channels get the channel itself.
    """
    of_channels = channel_base(keys)
    gaze = {entry.control for entry in rig_map.entries if takes_gaze(entry)}

    def base(names: Sequence[str], values: FloatArray) -> FloatArray:
        out = of_channels(names, values)
        channels = [canonical_channel(name) or Channel(name) for name in names]
        frames = make_take(np.arange(len(values), dtype=np.float64), channels, values, rate=1)
        solved = retarget(frames, rig_map, raw=True, neutral=neutral)
        held = retarget(frames, rig_map, neutral=neutral) if gaze & set(keys) else solved
        for place, key in enumerate(keys):
            if isinstance(key, str):
                continue
            if key in solved.controls:
                own = held if key in gaze else solved
                out[:, place] = own.values[:, solved.controls.index(key)]
            else:
                out[:, place] = _rest(rig_map, key, rests)
        return out

    return base


def reads_of(rig_map: RigMap) -> dict[PoseKey, tuple[str, ...]]:
    """The channels that drive each control of a rig map."""
    out: dict[PoseKey, list[str]] = {}
    for entry in rig_map.entries:
        out.setdefault(entry.control, []).extend(source.channel for source in entry.sources)
    for fit in rig_map.fits:
        for target, look in zip(fit.targets, fit.looks, strict=True):
            names = [n for n, share in zip(fit.channels, look, strict=True) if share]
            for control in target:
                out.setdefault(control, []).extend(names)
    return {key: tuple(dict.fromkeys(names)) for key, names in out.items() if names}


def _rest(rig_map: RigMap, key: ControlKey, rests: Mapping[ControlKey, float] | None) -> float:
    offset = next((entry.offset for entry in rig_map.entries if entry.control == key), 0.0)
    return (rests or {}).get(key, offset)


# ---------------------------------------------------------------- on a take


def fit_to_rig_map(
    library: ExampleLibrary,
    rig_map: RigMap,
    *,
    rests: Mapping[ControlKey, float] | None = None,
    neutral: Neutral = NO_NEUTRAL,
) -> ExampleMapping:
    """The mapping of a library for a character's rig map; errors as `fit_examples`."""
    keys = tuple(dict.fromkeys(key for each in library.examples for key in each.pose))
    base = rig_map_base(rig_map, keys, rests=rests, neutral=neutral)
    return fit_examples(library, base, reads_of(rig_map))


def retarget_with_examples(
    take: Take,
    rig_map: RigMap,
    mapping: ExampleMapping,
    times_s: FloatArray | None = None,
    *,
    raw: bool = False,
    neutral: Neutral = NO_NEUTRAL,
) -> SolveResult:
    """What `retarget` gives, corrected by examples; controls stay within the map's limits.

    Controls that only the examples pose are added. They have no limits.
    """
    solved = retarget(take, rig_map, times_s, raw=raw, neutral=neutral)
    if all(isinstance(key, str) for key in mapping.keys) or not len(solved.times):
        return solved
    free = solved if raw else retarget(take, rig_map, times_s, raw=True, neutral=neutral)
    offsets = mapping.correction(read_channels(take, mapping, solved.times))
    return add_corrections(solved, free, rig_map, mapping, offsets, raw=raw)


def add_corrections(
    solved: SolveResult,
    free: SolveResult,
    rig_map: RigMap,
    mapping: ExampleMapping,
    offsets: FloatArray,
    *,
    raw: bool = False,
) -> SolveResult:
    """A solve with corrections ``(n, k)`` of the mapping's keys; ``free`` is it without limits."""
    controls = [key for key in mapping.keys if not isinstance(key, str)]
    new = [key for key in controls if key not in solved.controls]
    parts = {
        name: np.pad(getattr(solved, name), ((0, 0), (0, len(new))), constant_values=fill)
        for name, fill in (("values", 0.0), ("known", True), ("clipped", False), ("beyond", 0.0))
    }
    order = (*solved.controls, *new)
    entries = {entry.control: entry for entry in rig_map.entries}
    for key in controls:
        place, column = order.index(key), mapping.keys.index(key)
        low, high = entries[key].limits if key in entries else (-np.inf, np.inf)
        base = np.full(len(solved.times), mapping.rest[column])
        if key in solved.controls:
            held = solved.values[:, place]
            base = held if takes_gaze(entries[key]) else free.values[:, place]
            if not raw:
                # a gaze that is held as a direction may pass the limits of its components
                low, high = np.minimum(low, held), np.maximum(high, held)
        value = base + offsets[:, column]
        beyond = np.maximum(np.maximum(low - value, value - high), 0.0)
        parts["values"][:, place] = value if raw else np.clip(value, low, high)
        parts["beyond"][:, place], parts["clipped"][:, place] = beyond, beyond > 0.0
    return replace(solved, controls=order, **parts)


def corrected_take(take: Take, mapping: ExampleMapping) -> Take:
    """The take whose channels are corrected by examples that pose channels.

    Channels that the take lacks or never recorded are left out.

    Raises
    ------
    FacemocapError
        When the examples pose none of the take's channels.
    """
    posed = [key for key in mapping.keys if isinstance(key, str) and take.has(key)]
    if not posed:
        raise FacemocapError(
            f'The examples pose no channel of the take "{take.label}"',
            "Choose examples of channel values, or use them with the character",
        )
    offsets = mapping.correction(read_channels(take, mapping, take.times))
    values = take.values.astype(np.float64)
    for key in posed:
        values[:, take.column(key)] += offsets[:, mapping.keys.index(key)]
    return take.changed(
        f"corrected by examples ({len(posed)} channels)",
        values=np.where(take.valid, values, take.values),
    )


def read_channels(take: Take, mapping: ExampleMapping, times_s: FloatArray) -> FloatArray:
    """Values ``(n, c)`` of the channels that a mapping reads; neutral where never recorded."""
    values = sample_channels(take, mapping.channels, times_s)
    for place, name in enumerate(mapping.channels):
        if not take.has(name):
            values[:, place] = mapping.neutral[place]
    return values
