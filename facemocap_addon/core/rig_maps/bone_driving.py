# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrated bones in a rig map: instead of what their names suggest, or instead of shapes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ..calibration.result import Calibration
from ..channels import arkit_names
from ..controls import BONE, ControlKey
from .rig_map import RigMap, RigMapEntry

#: Share of a channel's motion that calibrated bones must bring about to stand for named ones.
LEAST_EXPLAINED = 0.3
#: Channels that move what the built-in reference hardly sees.
UNSEEN = ("tongueOut",)


def with_calibrated_bones(
    rig_map: RigMap, calibration: Calibration, *, instead_of_shapes: bool = False
) -> RigMap:
    """A map whose bones go as far as calibration found.

    Parameters
    ----------
    rig_map : RigMap
        As names and probing made it. Entries changed by hand stay.
    calibration : Calibration
    instead_of_shapes : bool
        Bones take what shape keys and properties express too; these then rest.

    Returns
    -------
    RigMap
        Channels that shapes or properties express stay with them unless ``instead_of_shapes``; of
        all others the bones' parts are those of the calibration.
    """
    by_hand = {entry.control for entry in rig_map.entries if entry.how == "hand"}
    fitted = {key for fit in rig_map.fits for target in fit.targets for key in target}
    taken = _sure(rig_map, calibration)
    if not instead_of_shapes:
        taken -= {
            source.channel
            for entry in rig_map.entries
            if entry.control.kind != BONE and entry.control not in fitted
            for source in entry.sources
        }
        taken -= {channel for fit in rig_map.fits for channel in fit.channels}
    kept = [
        entry if entry.control in by_hand else _without(entry, taken, instead_of_shapes)
        for entry in rig_map.entries
    ]
    entries: dict[ControlKey, RigMapEntry] = {e.control: e for e in kept if e is not None}
    for entry in calibration.entries:
        own = tuple(source for source in entry.sources if source.channel in taken)
        if not own or entry.control in by_hand:
            continue
        former = entries.get(entry.control)
        if former is None:
            entries[entry.control] = replace(entry, sources=own)
        else:
            low = min(former.limits[0], entry.limits[0])
            high = max(former.limits[1], entry.limits[1])
            entries[entry.control] = replace(
                entry, sources=(*former.sources, *own), limits=(low, high), offset=former.offset
            )
    fits = () if instead_of_shapes else rig_map.fits
    fresh = replace(rig_map, entries=tuple(entries.values()), fits=fits)
    return replace(
        fresh,
        unmatched_channels=tuple(
            name for name in rig_map.unmatched_channels if name not in fresh.covered
        ),
    )


def _sure(rig_map: RigMap, calibration: Calibration) -> set[str]:
    """Channels that calibration found something better for than names have."""
    named = {
        source.channel
        for entry in rig_map.entries
        if entry.control.kind == BONE and entry.how == "name"
        for source in entry.sources
    }
    own = calibration.reference == "own"
    return {
        fit.channel
        for fit in calibration.fits
        if fit.channel not in named
        or (fit.explained >= LEAST_EXPLAINED and (own or fit.channel not in UNSEEN))
    }


def left_to_bones(rig_map: RigMap) -> tuple[str, ...]:
    """ARKit coefficients that no shape key and no property of a map expresses.

    The gaze is left out: eye bones take it beside any shapes.
    """
    expressed = {
        source.channel
        for entry in rig_map.entries
        if entry.control.kind != BONE
        for source in entry.sources
    }
    expressed |= {channel for fit in rig_map.fits for channel in fit.channels}
    return tuple(
        name for name in arkit_names() if name not in expressed and not name.startswith("eyeLook")
    )


def _without(
    entry: RigMapEntry, taken: Collection[str], instead_of_shapes: bool
) -> RigMapEntry | None:
    """The entry less the channels that calibrated bones take; None where nothing is left."""
    if entry.control.kind != BONE and not instead_of_shapes:
        return entry
    sources = tuple(source for source in entry.sources if source.channel not in taken)
    return replace(entry, sources=sources) if sources else None
