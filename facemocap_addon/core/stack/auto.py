# SPDX-License-Identifier: GPL-3.0-or-later
"""A stack chosen for a take by what is measured on it: an ordinary one, to be edited."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..channels import Channel
from ..cleaning.adaptive import bridged
from ..cleaning.gaps import find_gaps
from ..cleaning.samples import Samples, samples_of
from ..cleaning.spikes import find_spikes
from ..health.channel_health import are_white
from ..health.columns import columns_of
from ..health.wording import counted, named
from ..take import Take
from .kinds import kind_of
from .kinds.gap_fill import GapFill
from .regions import REGIONS
from .stack import Mask, Stack, Step, make_step
from .suggestions import suggested_dead_zone, suggested_neutral, suggested_sides

#: Takes with fewer samples say nothing of themselves.
_FEWEST = 12
#: Spikes are worth a step from this part of all samples on, or when one is as far off as this: the
#: quickest of real motion looks like a few small ones.
_SPIKES, _FAR = 3e-4, 0.15
#: Noise that is worth a step, by what a channel measures (coefficients, radians, metres).
_NOISE = {"weight": 0.002, "angle": 0.001, "translation": 0.0003, "point": 0.0003, "pixel": 0.3}
#: Kinds of steps that are chosen here: choosing again takes their place.
CLEANUP_KINDS = frozenset("despike gap_fill denoise dead_zone neutral swap_sides".split())
#: A region is noisy when so many of its channels are.
_MANY = 2


def chosen_stack(take: Take) -> tuple[Stack, tuple[str, ...]]:
    """Steps and parameters for a take, and for each step a sentence that says why.

    What is not needed is left out: a clean take gets no step at all. Steps that change how a face
    looks, and repair nothing, are suggested: they are in the stack and switched off.

    Parameters
    ----------
    take : Take
        As recorded.
    """
    if take.samples < _FEWEST or not take.valid.any():
        return Stack(), ()
    samples = samples_of(take)
    spikes = find_spikes(samples)
    denoise = _denoise(take, samples, take.valid & ~spikes)
    columns = columns_of(take)
    repair = [_despike(take, samples, spikes, noisy=denoise is not None), _gap_fill(take), denoise]
    looks = suggested_neutral(columns), suggested_dead_zone(columns)
    chosen = suggested_sides(columns), *repair, *looks
    found = [each for each in chosen if each is not None]
    return Stack(tuple(step for step, _why in found)), tuple(why for _step, why in found)


def behind_chosen(chosen: Stack, before: Stack) -> tuple[Stack, dict[int, int | None]]:
    """Chosen steps instead of those of a stack that clean up, all its other steps behind them.

    Parameters
    ----------
    chosen : Stack
        Of `chosen_stack`.
    before : Stack
        What it is put in.

    Returns
    -------
    Stack
    dict of int to int or None
        Where each step of ``before`` is now, None for those that are gone.
    """
    steps, places = list(chosen.steps), dict[int, int | None]()
    for place, step in enumerate(before.steps):
        places[place] = None
        if step.kind not in CLEANUP_KINDS:
            places[place] = len(steps)
            steps.append(step)
    return Stack(tuple(steps)), places


def told_choice(chosen: Stack, kept: Sequence[Step]) -> tuple[str, str]:
    """What was chosen, on one line, and a sentence about steps that were kept, if any."""
    count = sum(step.enabled for step in chosen.steps)
    summary = "The take needs no cleanup"
    if count:
        summary = f"{counted(count, 'step')} {'was' if count == 1 else 'were'} chosen"
    if off := len(chosen.steps) - count:
        summary += f", {off} more suggested and switched off"
    if not kept:
        return summary, ""
    names = named([kind_of(step.kind).label for step in kept])
    return f"{summary}; kept: {names}", f"Kept as before: {names}."


def _despike(
    take: Take, samples: Samples, spikes: BoolArray, *, noisy: bool
) -> tuple[Step, str] | None:
    """Where enough samples jump away and back, or one does so far; on noisy takes any counts."""
    count = int(spikes.sum())
    if not count:
        return None
    there = take.valid & ~spikes
    columns = np.flatnonzero(spikes.any(axis=0))
    off = np.abs(samples.values[:, columns] - bridged(samples.values, there)[:, columns])
    weights = np.array([take.channels[column].kind == "weight" for column in columns.tolist()])
    far = off[spikes[:, columns] & weights].max(initial=0.0) >= _FAR
    share = count / int(take.valid.sum())
    if share < _SPIKES and not far and not noisy:
        return None
    why = f"{_samples(count)} of {_channels(len(columns))} "
    return make_step("despike"), why + ("jumps" if count == 1 else "jump") + " away and back."


def _gap_fill(take: Take) -> tuple[Step, str] | None:
    """Where recorded channels lack samples."""
    recorded = take.valid.any(axis=0)
    missing = int((~take.valid[:, recorded]).sum())
    if not missing:
        return None
    gaps = [
        gap
        for gap in find_gaps(take.valid, take.times)
        if recorded[np.array(gap.columns, np.int64)].any()
    ]
    longest = max(gap.seconds for gap in gaps)
    why = f"{_samples(missing)} {'is' if missing == 1 else 'are'} missing in {len(gaps)} "
    why += f"gap{'' if len(gaps) == 1 else 's'}, the longest of {longest:.2g} s"
    if longest > GapFill().longest_s:
        why += ", which stays"
    elif longest > GapFill().flagged_s:
        why += ", which is filled by guessing"
    return make_step("gap_fill"), why + "."


def _denoise(take: Take, samples: Samples, there: BoolArray) -> tuple[Step, str] | None:
    """Where channels are noisy, in the regions of these."""
    loud = _noisy(take.channels, bridged(samples.values, there), there, samples.noise)
    every = [channel.region for channel in _those(take.channels, take.valid.any(axis=0))]
    own = [channel.region for channel in _those(take.channels, loud)]
    recorded = set(every)
    # one channel of many is fast and not noisy
    noisy = {name for name in own if own.count(name) >= min(_MANY, every.count(name))}
    if not noisy:
        return None
    loud &= np.array([channel.region in noisy for channel in take.channels])
    # jaw and mouth close the lips together
    if noisy & {"jaw", "mouth"}:
        noisy |= recorded & {"jaw", "mouth"}
    step = make_step("denoise")
    where = ""
    if noisy < recorded and noisy <= set(REGIONS):
        names = [region for region in REGIONS if region in noisy]
        step = make_step("denoise", mask=Mask(regions=tuple(names)))
        where = f" (only {', '.join(names)})"
    weights = loud & np.array([channel.kind == "weight" for channel in take.channels])
    told = weights if weights.any() else loud
    middle = float(np.median(samples.noise[told]))
    return step, f"Noise of {middle:.2g} shivers on {_channels(int(loud.sum()))}{where}."


def _noisy(
    channels: tuple[Channel, ...], values: FloatArray, there: BoolArray, noise: FloatArray
) -> BoolArray:
    """Channels (c,) whose noise is worth a step, and is noise and not motion."""
    least = np.array([_NOISE.get(channel.kind, np.inf) for channel in channels])
    return (noise >= least) & are_white(values, there)


def _those(channels: tuple[Channel, ...], wanted: BoolArray) -> list[Channel]:
    return [channel for channel, want in zip(channels, wanted.tolist(), strict=True) if want]


def _samples(count: int) -> str:
    return "1 sample" if count == 1 else f"{count} samples"


def _channels(count: int) -> str:
    return "1 channel" if count == 1 else f"{count} channels"
