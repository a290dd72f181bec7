# SPDX-License-Identifier: GPL-3.0-or-later
"""A health report in the panel: what was measured, as words and moments that can be drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from ..core.health.coverage import Coverage
from ..core.health.examine import Health
from ..core.health.expressions import RegionHealth
from ..core.health.on_character import BLINK, CONTACT, Closing, OnCharacter
from ..core.health.report_page import verdict
from ..core.health.sides import CONSISTENT, MIRRORED
from ..core.health.wording import MOST_TIMES, counted, share
from ..props import FACEMOCAP_PG_scene

#: Moments this near (seconds) to a blink's peak are its own.
_SAME_S = 1e-4
_SAYS = {MIRRORED: "one of the two is mirrored", CONSISTENT: "agree"}


def show_health(state: FACEMOCAP_PG_scene, health: Health, zero_s: float) -> None:
    """Fill the panel; ``zero_s`` is the time of the take's first sample on its own clock."""
    view = state.health
    view.verdict = verdict(health.findings)
    _show_findings(view, health, zero_s)
    _show_events(view, health, zero_s)
    _fill(view.noise, ((r.region.capitalize(), _noise(r)) for r in health.regions))
    _fill(
        view.sides,
        (
            (
                e.compared.capitalize(),
                f"{_SAYS.get(e.says, 'not told')}: {e.agreement:+.2f}, {share(e.sure)} sure",
            )
            for e in health.sides.evidence
        ),
    )
    _fill(view.facts, _facts(health))


def _show_findings(view: Any, health: Health, zero_s: float) -> None:
    view.findings.clear()
    for finding in health.findings:
        line = view.findings.add()
        line.name, line.severity, line.text = finding.code, finding.severity, finding.text
        times = finding.times_s[:MOST_TIMES]
        line.times = " ".join(f"{time - zero_s:.4f}" for time in times)
        line.count = len(times)


def _show_events(view: Any, health: Health, zero_s: float) -> None:
    own = health.on_character
    view.blinks.clear()
    view.active_blink = view.active_contact = 0
    for blink in health.blinks:
        line = view.blinks.add()
        line.name = "" if blink.kind == "full" else blink.kind.capitalize()
        line.at_s = blink.peak_s - zero_s
        line.is_odd = blink.kind != "full"
        line.figures = _closure(blink.left_closure, blink.right_closure)
        line.gaps = _gaps(own, BLINK, blink.peak_s)
    kinds = [blink.kind for blink in health.blinks]
    told = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    view.blinks_told = f"{len(kinds)}: {told}" if kinds else "none"
    if not health.eyes:
        view.blinks_told = "eyelids were not recorded"
    view.contacts.clear()
    for contact in health.lip_contacts:
        line = view.contacts.add()
        line.at_s = contact.start_s - zero_s
        line.figures = f"{contact.end_s - contact.start_s:.2f} s"
        line.gaps = _gaps(own, CONTACT, contact.start_s)
    closed = sum(c.end_s - c.start_s for c in health.lip_contacts)
    view.contacts_told = f"{len(health.lip_contacts)}, {closed:.2f} s in all"
    if not health.jaw:
        view.contacts_told = "the jaw was not recorded"


def _closure(left: float | None, right: float | None) -> str:
    """How far the left and the right eye close, in per cent of their own full blink."""
    parts = [f"{100.0 * part:.0f}" for part in (left, right) if part is not None]
    return " | ".join(parts)


def _gaps(own: OnCharacter | None, what: str, at_s: float) -> str:
    """What stays open on the character at a moment: as captured, as it plays."""
    if own is None:
        return ""
    here = [c for c in own.closings if c.what == what and abs(c.at_s - at_s) <= _SAME_S]
    return _before_after(here)


def _before_after(closings: Sequence[Closing]) -> str:
    if not closings:
        return ""
    before, after = (max(getattr(c, side) for c in closings) for side in ("before", "after"))
    digits = 0 if closings[0].what == BLINK else 1
    return f"{before:.{digits}f}→{after:.{digits}f} %"


def _noise(region: RegionHealth) -> str:
    if region.kind == "angle":
        return f"{math.degrees(region.noise):.3f}°"
    if region.kind == "translation":
        return f"{1e3 * region.noise:.2f} mm"
    return f"{region.noise:.4f}"


def _facts(health: Health) -> Iterable[tuple[str, str]]:
    timing = health.timing
    yield "Length", f"{timing.duration_s:.2f} s"
    yield "Rate", f"{timing.rate_hz:.2f} Hz"
    if timing.frames_dropped:
        yield "Dropped", counted(timing.frames_dropped, "frame")
    whole = [gap for gap in timing.gaps if not gap.channels]
    if whole:
        lost = sum(gap.end_s - gap.start_s for gap in whole)
        yield "Gaps", f"{len(whole)}, {lost:.2f} s in all"
    if health.coverage is not None:
        yield from _mapping(health.coverage)
    own = health.on_character
    if own is None:
        return
    if own.openings:
        yield "Lids open", _before_after(own.gaps(BLINK)) or "no full blink"
        yield "Lips open", _before_after(own.gaps(CONTACT)) or "no contact"
    else:
        yield "Lids and lips", "not measured"
    yield "Drivers", f"{len(own.drivers)} in use" if own.drivers else "none in use"


def _mapping(coverage: Coverage) -> Iterable[tuple[str, str]]:
    yield "Mapped", f"{coverage.moving_reached} of {coverage.moving} channels that move"
    yield "Motion", f"{share(coverage.motion_share)} of it arrives"


def _fill(lines: Any, pairs: Iterable[tuple[str, str]]) -> None:
    lines.clear()
    for name, value in pairs:
        line = lines.add()
        line.name, line.value = name, value
