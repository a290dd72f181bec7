# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of one take on several characters, as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from ..pages import Content, element, page, paragraph, section
from ..take import Take
from .character_page import character_section
from .examine import Health
from .report_page import findings_list, mapping_section, to_html


def to_html_of_many(examined: Sequence[tuple[Health, Take]], failed: Sequence[str] = ()) -> str:
    """The first as `to_html` has it; of the others what is told of their characters.

    Parameters
    ----------
    examined : sequence of (Health, Take)
        One take's health on each character, and the take that was examined.
    failed : sequence of str
        Sentences about characters that the take was not put on.
    """
    more: list[Content] = []
    told = {finding.text for finding in examined[0][0].findings} if examined else set[str]()
    for health, _take in examined[1:]:
        own = [finding for finding in health.findings if finding.text not in told]
        if own and health.on_character is not None:
            name = health.on_character.character
            more.append(section(f"Findings on {name}", findings_list(own)))
        more += [mapping_section(health), character_section(health.on_character)]
    if failed:
        more.append(section("Not done", *(paragraph(sentence) for sentence in failed)))
    if not examined:
        return page("Health", element("h1", "Health"), *more)
    health, take = examined[0]
    return to_html(health, take, *more)
