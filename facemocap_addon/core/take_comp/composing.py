# SPDX-License-Identifier: GPL-3.0-or-later
"""Several takes become one: stretches of them on a base, seams between, each bit its take's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..channels import Channel
from ..errors import FacemocapError
from ..take import Take, TakeSource
from .laying import Laid, lay
from .quiet import busy, busy_spans
from .recipe import Recipe, Stretch, recipe_from_json
from .seams import Place, Seam, Sides, find_seam, ramp

FORMAT = "comp"
#: Where no seam can be as it should, it is looked for this many times farther and longer.
_WIDER = (1.0, 2.0, 4.0)
#: Where a comp's recipe is, in the details of its source.
_DETAIL = "comp"


@dataclass(frozen=True)
class Composed:
    """A comp.

    Attributes
    ----------
    take : Take
        On the base's samples; its source keeps the recipe.
    seams : tuple of Seam
    warnings : tuple of str
        Whole sentences.
    """

    take: Take
    seams: tuple[Seam, ...]
    warnings: tuple[str, ...]

    def report(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {
            "samples": self.take.samples,
            "channels": len(self.take.recorded),
            "seams": [seam.to_json() for seam in self.seams],
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class _Work:
    """One stretch that is being put onto what there is."""

    base: Take
    take: Take
    laid: Laid
    recipe: Recipe
    number: int
    names: list[str]

    @property
    def stretch(self) -> Stretch:
        """Of the recipe."""
        return self.recipe.stretches[self.number]


class _Sheet:
    """What has been put together so far."""

    def __init__(self, base: Take, channels: tuple[Channel, ...], has_confidence: bool) -> None:
        self.channels = channels
        self.column = {channel.name: place for place, channel in enumerate(channels)}
        shape = (base.samples, len(channels))
        self.values: FloatArray = np.zeros(shape, np.float32)
        self.valid: BoolArray = np.zeros(shape, np.bool_)
        self.trust: FloatArray | None = np.ones(shape, np.float32) if has_confidence else None
        own = [self.column[name] for name in base.names]
        self.values[:, own], self.valid[:, own] = base.values, base.valid
        if self.trust is not None and base.confidence is not None:
            self.trust[:, own] = base.confidence


def compose(takes: Mapping[str, Take], recipe: Recipe) -> Composed:
    """Put stretches of takes together.

    Parameters
    ----------
    takes : mapping of str to Take
        By the recipe's names.
    recipe : Recipe

    Raises
    ------
    FacemocapError
        When a take is missing, or a stretch has nothing of its take.
    """
    missing = [name for name in recipe.takes if name not in takes]
    if missing:
        raise FacemocapError(
            f'The take "{missing[0]}" of the comp is not there', "Import it, or change the recipe"
        )
    base = takes[recipe.base]
    if base.samples < 3:
        raise FacemocapError(
            f'"{base.source.name}" has too few samples to be a base', "Choose another base"
        )
    sheet = _Sheet(
        base,
        _all_channels(base, takes, recipe),
        any(takes[name].confidence is not None for name in recipe.takes),
    )
    warnings: list[str] = []
    seams: list[Seam] = []
    laid = {name: lay(takes[name], base, recipe.takes[name].offset_s) for name in recipe.takes}
    for number, stretch in enumerate(recipe.stretches):
        take = takes[stretch.take]
        names = _names(take, stretch, number)
        warnings += _coupled(take, names, number)
        work = _Work(base, take, laid[stretch.take], recipe, number, names)
        seams += _put(sheet, work)
        warnings += _told(work)
    warnings += [_about(seam) for seam in seams if seam.over or seam.is_busy]
    return Composed(
        _made(sheet, base, takes, recipe, seams, warnings), tuple(seams), tuple(warnings)
    )


def recipe_of(take: Take) -> Recipe | None:
    """The recipe of a take that is a comp; None of others."""
    document = take.source.details.get(_DETAIL)
    return None if document is None else recipe_from_json(document["recipe"], take.source.name)


def _all_channels(base: Take, takes: Mapping[str, Take], recipe: Recipe) -> tuple[Channel, ...]:
    """The base's channels, and those that stretches bring along."""
    out = {channel.name: channel for channel in base.channels}
    for number, stretch in enumerate(recipe.stretches):
        take = takes[stretch.take]
        for name in _names(take, stretch, number):
            out.setdefault(name, take.channels[take.column(name)])
    return tuple(out.values())


def _names(take: Take, stretch: Stretch, number: int) -> list[str]:
    """Channels of a stretch."""
    whole = not stretch.regions and not stretch.channels
    out: list[str] = []
    for channel in take.channels:
        of_region = (whole or channel.region in stretch.regions) and (
            not stretch.side or channel.side == stretch.side
        )
        if (of_region or channel.name in stretch.channels) and take.has(channel.name):
            out.append(channel.name)
    unknown = [name for name in stretch.channels if name not in out]
    if unknown or not out:
        what = f'channel "{unknown[0]}"' if unknown else "such channel"
        raise FacemocapError(
            f'Stretch {number + 1}: "{take.source.name}" has recorded no {what}',
            "Choose other regions or channels, or another take",
        )
    return out


def _coupled(take: Take, names: list[str], number: int) -> list[str]:
    """Lips of one take on the jaw of another part where they should meet."""
    pair = [name for name in ("jawOpen", "mouthClose") if take.has(name)]
    taken = [name in names for name in pair]
    if len(pair) < 2 or all(taken) or not any(taken):
        return []
    has, lacks = ("jaw", "mouth") if taken[0] else ("mouth", "jaw")
    told = f"Stretch {number + 1} takes the {has} without the {lacks}"
    return [f"{told}: lips may part or meet where they should not."]


def _put(sheet: _Sheet, work: _Work) -> list[Seam]:
    """Lay one stretch onto the sheet; its seams."""
    laid, base = work.laid, work.base
    columns = [sheet.column[name] for name in work.names]
    sources = [work.take.column(name) for name in work.names]
    under = sheet.values[:, columns].copy(), sheet.valid[:, columns].copy()
    over = laid.values[:, sources], laid.valid[:, sources]
    places = _places(sheet, work, under, over)
    weights = np.ones(under[0].shape)
    for end, place in places.items():
        rise = _weights(place, base.samples)
        weights *= rise if end == "start" else 1.0 - rise
    # where only one of them has a value that one counts; else the bits of one, or the mix
    both = under[1] & over[1]
    mixed = under[0].astype(np.float64) * (1 - weights) + over[0].astype(np.float64) * weights
    values = np.where(weights >= 1, over[0], np.where(weights <= 0, under[0], mixed))
    inside = (weights > 0) & (weights < 1)
    values = np.where(inside & ~both, np.where(over[1], over[0], under[0]), values)
    valid = np.where(inside, under[1] | over[1], np.where(weights >= 1, over[1], under[1]))
    sheet.values[:, columns], sheet.valid[:, columns] = values, valid
    if sheet.trust is not None:
        trust = np.ones(over[0].shape) if laid.confidence is None else laid.confidence[:, sources]
        sheet.trust[:, columns] = np.where(weights >= 0.5, trust, sheet.trust[:, columns])
    return [_seam(work, end, place) for end, place in places.items()]


def _places(
    sheet: _Sheet,
    work: _Work,
    under: tuple[FloatArray, BoolArray],
    over: tuple[FloatArray, BoolArray],
) -> dict[str, Place]:
    """Where the stretch's seams lie, by ``start`` and ``end``."""
    base, take, stretch, recipe = work.base, work.take, work.stretch, work.recipe
    seconds = base.times - base.times[0]
    channels = [sheet.channels[sheet.column[name]] for name in work.names]
    regions = {channel.region for channel in channels}
    offset = recipe.takes[stretch.take].offset_s - float(take.times[0])
    spans = [(a - base.times[0], b - base.times[0]) for a, b in busy_spans(base, regions)]
    spans += [(a + offset, b + offset) for a, b in busy_spans(take, regions)]
    step = 1.0 / base.rate_hz
    sides = Sides(
        # where one of them has nothing it does not matter what stands there
        np.where(under[1], under[0], over[0]).astype(np.float64),
        np.where(over[1], over[0], under[0]).astype(np.float64),
        under[1] & over[1],
        np.array([channel.range[1] - channel.range[0] for channel in channels]),
        busy(seconds, spans),
        step,
    )
    last = base.samples - 1
    start = None if stretch.start_s is None else int(np.searchsorted(seconds, stretch.start_s))
    end = None if stretch.end_s is None else int(np.searchsorted(seconds, stretch.end_s))
    start = None if start is not None and start <= 1 else start
    end = None if end is not None and end >= last - 1 else end
    if (start or 0) >= last or (end is not None and end <= 1):
        raise FacemocapError(
            f"Stretch {work.number + 1} lies outside of the base (0 to {seconds[-1]:.3f} s)",
            "Give other seconds",
        )
    # two seams of one stretch share the room between them
    room = (last if end is None else end) - (start or 0)
    out: dict[str, Place] = {}
    for name, asked, turn in (("start", start, False), ("end", end, True)):
        if asked is None:
            continue
        both = replace(sides, before=sides.after, after=sides.before) if turn else sides
        for wider in _WIDER:
            search = round(wider * recipe.search_s / step)
            inward = min(search, max(room // 3, 1))
            longest = max(2, min(round(0.5 * wider * recipe.longest_s / step), room // 4))
            low = max(asked - (inward if turn else search), 3)
            high = min(asked + (search if turn else inward), last - 3)
            place = find_seam(both, asked, min(low, high), max(low, high), longest)
            if name not in out or _worth(place) < _worth(out[name]):
                out[name] = place
            if _worth(out[name]) == (0, 0):
                break
    return out


def _worth(place: Place) -> tuple[int, int]:
    """How little a place is worth: channels that bend too much, and being in an event."""
    return int((place.bends > 1.0).sum()), int(place.is_busy)


def _weights(place: Place, samples: int) -> FloatArray:
    """Share of what comes after a seam ``(n, c)``."""
    out = np.zeros((samples, len(place.halves)))
    for column, half in enumerate(place.halves.tolist()):
        first = place.middle - half
        rise = ramp(half)
        low, high = max(first, 0), min(first + len(rise), samples)
        out[low:high, column] = rise[low - first : high - first]
        out[high:, column] = 1.0
    return out


def _seam(work: _Work, end: str, place: Place) -> Seam:
    base, stretch, names = work.base, work.stretch, work.names
    worst = int(place.bends.argmax())
    reach = int(place.halves.max())
    asked = stretch.start_s if end == "start" else stretch.end_s
    return Seam(
        stretch=work.number,
        end=end,
        asked_s=float(asked or 0.0),
        at_s=float(base.times[place.middle] - base.times[0]),
        first=max(place.middle - reach, 0),
        last=min(place.middle + reach, base.samples - 1),
        bend=float(place.bends[worst]),
        worst=names[worst],
        over=tuple(n for n, bend in zip(names, place.bends.tolist(), strict=True) if bend > 1.0),
        is_busy=place.is_busy,
    )


def _told(work: _Work) -> list[str]:
    laid, take, stretch, base = work.laid, work.take, work.stretch, work.base
    number = work.number
    seconds = base.times - base.times[0]
    low = -np.inf if stretch.start_s is None else stretch.start_s
    high = np.inf if stretch.end_s is None else stretch.end_s
    inside = (seconds >= low) & (seconds <= high)
    out: list[str] = []
    known = laid.valid[inside].any(axis=1)
    if not known.all():
        out.append(
            f'"{take.source.name}" has nothing in {int((~known).sum())} samples of stretch '
            f"{number + 1}."
        )
    lost = int((~laid.is_own[inside] & known).sum())
    if lost:
        out.append(
            f'{lost} samples of stretch {number + 1} lie between two of "{take.source.name}", '
            "whose rate or drops differ from the base's."
        )
    return out


def _about(seam: Seam) -> str:
    where = f"The {seam.end} of stretch {seam.stretch + 1} at {seam.at_s:.2f} s"
    if seam.over:
        return (
            f"{where} bends {', '.join(seam.over[:3])} more than the takes do there, "
            f"{seam.worst} {seam.bend:.1f} times: ask for another place or a longer search."
        )
    return f"{where} lies in a blink or a contact: ask for another place or a longer search."


def _made(
    sheet: _Sheet,
    base: Take,
    takes: Mapping[str, Take],
    recipe: Recipe,
    seams: list[Seam],
    warnings: list[str],
) -> Take:
    known = replace(
        recipe,
        takes={
            name: replace(member, digest=takes[name].digest)
            for name, member in recipe.takes.items()
        },
    )
    details: dict[str, Any] = {
        _DETAIL: {"recipe": known.to_json(), "seams": [seam.to_json() for seam in seams]}
    }
    used = ", ".join(dict.fromkeys(takes[stretch.take].source.name for stretch in recipe.stretches))
    step = f"comp on {base.source.name}: {len(recipe.stretches)} stretches of {used or 'no take'}"
    recorded = {
        channel.name
        for channel, has in zip(sheet.channels, sheet.valid.any(axis=0), strict=True)
        if has
    }
    return Take(
        times=base.times,
        channels=sheet.channels,
        values=np.where(sheet.valid, sheet.values, np.float32(0)),
        valid=sheet.valid,
        timebase=base.timebase,
        source=TakeSource(recipe.name, FORMAT, details),
        confidence=sheet.trust,
        not_recorded=tuple(name for name in base.not_recorded if name not in recorded),
        warnings=tuple(warnings),
        history=(*base.history, step),
    )
