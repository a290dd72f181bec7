# SPDX-License-Identifier: GPL-3.0-or-later
"""The sheet's page and its data: what the product itself says of each character."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from facemocap_addon.core.pages import (
    Content,
    element,
    facts,
    figure,
    page,
    paragraph,
    picture,
    section,
    table,
)
from facemocap_addon.core.take import Take

from .outcome import Shown

_STYLE = "main { max-width: none; } .wide { max-width: 90rem; }"


def sheet_facts(
    take: Take, moments: Sequence[tuple[int, str]], fps: float, shown: Sequence[Shown]
) -> str:
    """Everything as one JSON document."""
    document = {
        "take": take.source.name,
        "fps": fps,
        "moments": [
            {"frame": frame, "caption": caption, "seconds": round((frame - 1) / fps, 3)}
            for frame, caption in moments
        ],
        "rigs": [_facts_of(each) for each in shown],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def write_page(take: Take, shown: Sequence[Shown], sheet: bytes) -> str:
    """The page; ``sheet`` is a PNG, empty where there is none."""
    contents: list[Content] = []
    if sheet:
        contents.append(
            figure(
                picture(
                    sheet, "image/png", "Contact sheet: characters in rows, moments in columns"
                ),
                "The same moments of the take on every character.",
            )
        )
    contents += [section("Measures", _measures(shown)), section("Said of them", *_said(shown))]
    return page(
        f"{take.label} on {len(shown)} characters",
        element("h1", f"{take.label} on {len(shown)} characters"),
        paragraph(
            "Keyed by facemocap retarget as it is, with its default options. Gaps are the "
            "product’s own measure, over the frames in which the take has lids or lips closed.",
            class_="lead",
        ),
        *contents,
        extra_style=_STYLE,
    )


def _facts_of(one: Shown) -> dict[str, Any]:
    names = (
        *("character", "status", "error", "keys", "controls", "channels_matched"),
        *("channels_unmatched", "controls_unmatched", "measures", "warnings"),
    )
    return {
        "file": one.file,
        "drive": one.drive,
        **{name: one.facts[name] for name in names if name in one.facts},
        "notes": list(one.notes),
        "stills": list(one.stills),
    }


def _measures(shown: Sequence[Shown]) -> Content:
    header = (
        *("Character", "Channels used", "Controls", "Keys"),
        *("Left lids, before", "after", "Right lids, before", "after", "Lips, before", "after"),
    )
    rows: list[list[Content]] = []
    for each in shown:
        lids, lips = each.gap("lid_gap_percent"), each.gap("lip_gap_percent")
        gaps = [text for part in (lids.get("left"), lids.get("right"), lips) for text in _gap(part)]
        matched, of = each.coverage
        rows.append(
            [
                each.name,
                f"{matched} of {of}" if of else "",
                str(each.facts.get("controls", "")),
                f"{each.facts.get('keys', 0):,}",
                *gaps,
            ]
        )
    return table(header, rows, numbers=range(1, len(header)))


def _gap(measured: dict[str, Any] | None) -> tuple[str, str]:
    """Largest gap without and with the correction, in per cent; empty where not measured."""
    if not measured or not measured.get("frames"):
        return "", ""
    return f"{measured['before']['largest']:.1f} %", f"{measured['after']['largest']:.1f} %"


def _said(shown: Sequence[Shown]) -> list[Content]:
    out: list[Content] = []
    for each in shown:
        said = {
            "Failed": each.error,
            "Channels without partner": ", ".join(each.facts.get("channels_unmatched", ())),
            "Controls at rest": ", ".join(each.facts.get("controls_unmatched", ())),
            "Warnings": " ".join(each.facts.get("warnings", ())),
            "Picture": " ".join(each.notes),
        }
        out += [element("h3", each.name), facts(list(said.items()))]
    return out
