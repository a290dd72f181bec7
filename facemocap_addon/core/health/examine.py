# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of a take: all measurements, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from ..contacts.captured import LipContact
from ..rig_maps.rig_map import RigMap
from ..take import Take
from .channel_health import ChannelHealth, measure_channels
from .closed_lips import find_contacts
from .columns import columns_of
from .coupling import Pair, RegionPairs, measure_pairs
from .coverage import Coverage, measure_coverage
from .expressions import RegionHealth, measure_regions
from .eye_blinks import EYES, Blink, find_blinks
from .findings import Finding, find_findings
from .on_character import OnCharacter
from .sides import Sides, measure_sides
from .timing import Timing, measure_timing

SCHEMA = 1


@dataclass(frozen=True)
class Health:
    """What was measured on a take. Times are seconds on its own clock.

    Attributes
    ----------
    take : str
        Its label.
    source : str
        Name of the file.
    timing : Timing
    channels : tuple of ChannelHealth
    regions : tuple of RegionHealth
    blinks : tuple of Blink
    eyes : bool
        Whether any eyelid was recorded.
    lip_contacts : tuple of LipContact
    jaw : bool
        Whether the jaw was recorded, without which lips are not known to touch.
    pairs : tuple of Pair
    region_pairs : tuple of RegionPairs
    sides : Sides
    coverage : Coverage or None
        Where a rig map was given.
    findings : tuple of Finding
        The worst first.
    on_character : OnCharacter or None
        Of a take that plays on a character.
    """

    take: str
    source: str
    timing: Timing
    channels: tuple[ChannelHealth, ...]
    regions: tuple[RegionHealth, ...]
    blinks: tuple[Blink, ...]
    eyes: bool
    lip_contacts: tuple[LipContact, ...]
    jaw: bool
    pairs: tuple[Pair, ...]
    region_pairs: tuple[RegionPairs, ...]
    sides: Sides
    coverage: Coverage | None
    findings: tuple[Finding, ...]
    on_character: OnCharacter | None = None

    @property
    def blinks_a_minute(self) -> float:
        """How often the eyes blink; 0 in takes of no length."""
        long_s = self.timing.duration_s
        return 60.0 * len(self.blinks) / long_s if long_s else 0.0

    def to_json(self) -> dict[str, Any]:
        """The JSON document; figures have six digits, so that equal takes give equal text."""
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "take": self.take,
            "source": self.source,
            "findings": [finding.to_json() for finding in self.findings],
            "timing": self.timing.to_json(),
            "blinks": {
                "recorded": self.eyes,
                "count": len(self.blinks),
                "per_minute": self.blinks_a_minute,
                "blinks": [blink.to_json() for blink in self.blinks],
            },
            "lips": {
                "recorded": self.jaw,
                "contacts": [contact.to_json() for contact in self.lip_contacts],
            },
            "sides": self.sides.to_json(),
            "left_right": {
                "regions": [region.to_json() for region in self.region_pairs],
                "pairs": [pair.to_json() for pair in self.pairs],
            },
            "regions": [region.to_json() for region in self.regions],
            "channels": [channel.to_json() for channel in self.channels],
            "mapping": None if self.coverage is None else self.coverage.to_json(),
            "on_character": None if self.on_character is None else self.on_character.to_json(),
        }
        return cast("dict[str, Any]", _rounded(document))


def examine(take: Take, rig_map: RigMap | None = None) -> Health:
    """Measure a take; the take stays as it is.

    Parameters
    ----------
    take : Take
    rig_map : RigMap, optional
        The map of a character, to say how much of the take reaches it.
    """
    columns = columns_of(take)
    timing = measure_timing(columns)
    channels = measure_channels(columns)
    regions = measure_regions(columns)
    blinks = find_blinks(columns)
    contacts = find_contacts(columns)
    pairs, region_pairs = measure_pairs(columns)
    sides = measure_sides(columns)
    coverage = None if rig_map is None else measure_coverage(columns, rig_map)
    eyes, jaw = any(columns.has(name) for name in EYES), columns.has("jawOpen")
    # findings are told from all that was measured
    parts = Health(
        take=take.label,
        source=take.source.name,
        timing=timing,
        channels=channels,
        regions=regions,
        blinks=blinks,
        eyes=eyes,
        lip_contacts=contacts,
        jaw=jaw,
        pairs=pairs,
        region_pairs=region_pairs,
        sides=sides,
        coverage=coverage,
        findings=(),
    )
    return replace(parts, findings=find_findings(parts, take))


def with_character(health: Health, take: Take, own: OnCharacter) -> Health:
    """The health of a take that plays on a character; ``take`` is the one that was examined."""
    parts = replace(health, on_character=own)
    return replace(parts, findings=find_findings(parts, take))


def _rounded(value: Any) -> Any:
    """Plain values whose numbers have six digits; times have six decimals besides."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {key: _time(each) if key.endswith("_s") else _rounded(each) for key, each in items}
    if isinstance(value, list):
        return [_rounded(each) for each in cast("list[Any]", value)]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _time(value: Any) -> Any:
    if isinstance(value, list):
        return [_time(each) for each in cast("list[Any]", value)]
    if isinstance(value, Mapping):
        return _rounded(value)
    return round(value, 6) if isinstance(value, float) else value
