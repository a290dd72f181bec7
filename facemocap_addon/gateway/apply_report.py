# SPDX-License-Identifier: GPL-3.0-or-later
"""What applying a take did, as the animator reads it."""

from __future__ import annotations

from ..core.contacts.contact_report import contact_measures, told_contacts
from ..core.contacts.keeping import KeptContacts
from ..core.gaze.gaze_angles import EYE_ANGLES
from ..core.gaze.gaze_limits import told_gaze
from ..core.report import Report
from ..core.rig_maps.rig_map import RigMap
from ..core.take import Take
from .characters import CharacterObjects


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
    matched = [name for name in take.recorded if name in rig_map.covered]
    unmatched = [name for name in take.recorded if name not in rig_map.covered]
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
