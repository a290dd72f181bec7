# SPDX-License-Identifier: GPL-3.0-or-later
"""What applying a take did, as the animator reads it."""

from __future__ import annotations

from dataclasses import replace

from ...core.contacts.contact_report import contact_measures, told_contacts
from ...core.contacts.keeping import KeptContacts
from ...core.controls import ControlKey
from ...core.gaze.gaze_angles import EYE_ANGLES
from ...core.gaze.gaze_limits import told_gaze
from ...core.report import Report
from ...core.rig_maps.rig_map import RigMap
from ...core.take import Take
from ..characters.characters import CharacterObjects
from ..writing.hand_edits import Mode, Told

#: A control counts as held at its limit from this part of its range on: less is rounding, which
#: nobody sees.
_FELT = 1e-3


def report_apply(
    picked: CharacterObjects,
    take: Take,
    rig_map: RigMap,
    kept: KeptContacts,
    keys: int,
    curves: int,
    *,
    raw: bool,
) -> Report:
    """Counts, measures and warnings of a take that was put on a character."""
    solved = kept.solved
    covered = rig_map.covered
    matched = [name for name in take.recorded if name in covered]
    unmatched = [name for name in take.recorded if name not in covered]
    # a sum of several channels is meant to be cut; one channel alone that passes its limit is news
    spans = {
        entry.control: entry.limits[1] - entry.limits[0]
        for entry in rig_map.entries
        if len(entry.sources) == 1 and entry.sources[0].channel not in EYE_ANGLES
    }
    beyond = solved.beyond.max(axis=0, initial=0.0).tolist()
    clipped = [
        control
        for control, far in zip(solved.controls, beyond, strict=True)
        if control in spans and far > _FELT * spans[control]
    ]
    warnings: list[str] = []
    if clipped:
        warnings.append(_told_limits(clipped, raw=raw))
    if gaze := told_gaze(solved, rig_map, raw=raw):
        warnings.append(gaze)
    warnings += told_contacts(kept.reports)
    if kept.beyond:
        names = ", ".join(sorted({control.path.split('"')[1] for control in kept.beyond}))
        warnings.append(f"Slider ranges were widened, until the take is removed: {names}.")
    return Report(
        summary=f'"{take.label}" plays on {picked.name}: {keys} keys, '
        f"{len(matched)} of {len(take.recorded)} channels",
        counts={
            "keys": keys,
            "curves": curves,
            "controls": len(solved.controls),
            "channels_matched": len(matched),
            "channels_unmatched": len(unmatched),
            "controls_clipped": len(clipped),
        },
        measures={
            "clipped_share": float(solved.clipped.mean()),
            "residual": float(solved.residual.mean()),
            **contact_measures(kept.reports),
        },
        warnings=tuple(warnings),
    )


def with_hand_edits(report: Report, told: Told, mode: Mode) -> Report:
    """The same report, telling what became of hand edits; as it was where there are none."""
    counts: dict[str, int] = {}
    sentences: list[str] = []
    how = "on top of the new result" if mode == "ADD" else "as they are"
    for name, found, says in (
        ("hand_edits", told.kept, f"kept, {how}"),
        ("hand_edits_discarded", told.discarded, "discarded"),
        ("hand_edits_waiting", told.waiting, "put aside, the take no longer moves those"),
    ):
        number = sum(found.values())
        counts[name] = number
        if number:
            edits = "1 hand edit was" if number == 1 else f"{number} hand edits were"
            sentences.append(f"{edits} {says}: {_listed(list(found))}.")
    if told.gone:
        sentences.append(f"Deleted by hand and left so: {_listed(told.gone)}.")
    if told.own:
        sentences.append(f"Keyed by hand and left so: {_listed(told.own)}.")
    if not sentences:
        return report
    return replace(report, counts=report.counts | counts, warnings=(*report.warnings, *sentences))


def _told_limits(clipped: list[ControlKey], *, raw: bool) -> str:
    """Controls that pass their limits; a shape that several meshes have is one for the animator."""
    names = list(dict.fromkeys(_name(control.path) for control in clipped))
    if len(names) == 1:
        what = "1 control passes its limit" if raw else "1 control reaches its limit and is held"
    else:
        what = f"{len(names)} controls "
        what += "pass their limits" if raw else "reach their limits and are held"
    return f"{what}{'' if raw else ' there'}: {_listed(names)}."


def _name(path: str) -> str:
    """What a data path moves, as the animator calls it."""
    return path.split('"')[1] if '"' in path else path


def _listed(paths: list[str]) -> str:
    """Curves by what they move."""
    names = list(dict.fromkeys(map(_name, paths)))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
