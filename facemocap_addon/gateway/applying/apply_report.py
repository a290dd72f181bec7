# SPDX-License-Identifier: GPL-3.0-or-later
"""What applying a take did, as the animator reads it."""

from __future__ import annotations

from dataclasses import replace

from ...core.contacts.contact_report import contact_measures, told_contacts
from ...core.contacts.keeping import KeptContacts
from ...core.gaze.gaze_angles import EYE_ANGLES
from ...core.gaze.gaze_limits import told_gaze
from ...core.report import Report
from ...core.rig_maps.rig_map import RigMap
from ...core.take import Take
from ..characters.characters import CharacterObjects
from ..writing.hand_edits import Mode, Told


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
    alone = {
        entry.control
        for entry in rig_map.entries
        if len(entry.sources) == 1 and entry.sources[0].channel not in EYE_ANGLES
    }
    clipped = [
        f"{control.owner}: {control.path}"
        for control, cut in zip(solved.controls, solved.clipped.any(axis=0), strict=True)
        if cut and control in alone
    ]
    warnings: list[str] = []
    limits = "pass their limits" if raw else "reach their limits and are held there"
    if clipped:
        warnings.append(
            f"{len(clipped)} controls {limits}: "
            + ", ".join(clipped[:3])
            + (" and more." if len(clipped) > 3 else ".")
        )
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


def _listed(paths: list[str]) -> str:
    """Curves by what they move."""
    names = list(dict.fromkeys(path.split('"')[1] if '"' in path else path for path in paths))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
