# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a take: as plain values for programs and as a page of text for people."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import numpy as np

from .arrays import BoolArray
from .readers import readers
from .sampling import usual_step
from .take import Take

_WIDTH = 96
_GAPS_SHOWN = 8
_REGIONS = ("brow", "eye", "gaze", "nose", "cheek", "jaw", "mouth", "tongue", "head", "other")


def inspect_take(take: Take) -> dict[str, Any]:
    """Everything worth knowing about a take, ready for JSON.

    Returns
    -------
    dict
        ``format``, ``samples``, ``duration_s``, ``rate_hz`` (one over the mean of the steps that
        are no gaps), ``channels`` (name, original, kind, region, min and max over valid samples
        or None, valid_fraction), ``gaps`` (see `find_gaps`), ``not_recorded``, ``warnings``,
        ``assumptions``, ``history``, ``source`` (name, details), ``timecode`` (start, start_s,
        rate as text, exact).
    """
    channels: list[dict[str, Any]] = []
    for index, channel in enumerate(take.channels):
        found = take.values[:, index][take.valid[:, index]]
        channels.append(
            {
                "name": channel.name,
                "original": channel.original,
                "kind": channel.kind,
                "region": channel.region,
                "min": float(found.min()) if len(found) else None,
                "max": float(found.max()) if len(found) else None,
                "valid_fraction": len(found) / take.samples if take.samples else 0.0,
            }
        )
    return {
        "format": take.source.format,
        "samples": take.samples,
        "duration_s": take.duration_s,
        "rate_hz": 1 / usual_step(take.times) if take.samples > 1 else float(take.timebase.rate),
        "channels": channels,
        "gaps": find_gaps(take),
        "not_recorded": list(take.not_recorded),
        "warnings": list(take.warnings),
        "assumptions": list(take.assumptions),
        "history": list(take.history),
        "source": {"name": take.source.name, "details": take.source.details},
        "timecode": {
            "start": take.timebase.start_timecode,
            "start_s": take.timebase.start_s,
            "rate": str(take.timebase.rate),
        },
    }


def find_gaps(take: Take) -> list[dict[str, Any]]:
    """Stretches of missing samples, in the order of time.

    Channels that were never recorded are no gaps. A gap runs from the first missing sample
    (``start_s``) to the next that is there (``end_s``; the last sample's time where none is), and
    has ``samples`` and ``channels``: "all", or a list of names.
    """
    recorded = np.flatnonzero(take.valid.any(axis=0))
    lost = ~take.valid[:, recorded]
    if not lost.any():
        return []
    whole: BoolArray = np.all(lost, axis=1)
    runs: dict[tuple[int, int], list[str] | None] = dict.fromkeys(_runs(whole))
    lost[whole] = False
    for index in np.flatnonzero(lost.any(axis=0)).tolist():
        for run in _runs(lost[:, index]):
            # a run of one channel never equals one of all: those samples were taken out
            names = runs.setdefault(run, [])
            if names is not None:
                names.append(take.names[int(recorded[index])])
    return [
        {
            "start_s": float(take.times[first]),
            "end_s": float(take.times[min(end, take.samples - 1)]),
            "samples": end - first,
            "channels": "all" if names is None else names,
        }
        for (first, end), names in sorted(runs.items(), key=lambda item: item[0])
    ]


def _runs(flags: BoolArray) -> list[tuple[int, int]]:
    """First and one past the last index of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def describe_take(take: Take) -> str:
    """A page about a take for people, at most 96 columns wide, ending in a newline."""
    facts = inspect_take(take)
    recorded = sum(channel["max"] is not None for channel in facts["channels"])
    lines: list[str] = [facts["source"]["name"]]
    lines.append(
        f"  {_label(facts['format'])}: {_duration(facts['duration_s'])}, "
        f"{facts['samples']} samples at {facts['rate_hz']:.2f} Hz, "
        f"{recorded} of {len(facts['channels'])} channels recorded"
    )
    if facts["timecode"]["start"]:
        lines.append(f"  starts at timecode {facts['timecode']['start']}")
    details = facts["source"]["details"]
    if details:
        lines += _wrapped("  ", ", ".join(f"{key} {value}" for key, value in details.items()))
    lines += ["", *_channel_table(take, facts["channels"])]
    lines += _gap_lines(facts["gaps"])
    lines += _section("Not recorded", [", ".join(facts["not_recorded"])])
    lines += _section("Warnings", facts["warnings"])
    lines += _section("Assumed", facts["assumptions"])
    lines += _section("Done since", facts["history"])
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _channel_table(take: Take, channels: list[dict[str, Any]]) -> list[str]:
    """Two channels to a line, by region, mirror partners side by side; unrecorded ones left out."""
    recorded = {
        channel.name: (channel, facts)
        for channel, facts in zip(take.channels, channels, strict=True)
        if facts["max"] is not None
    }
    # samples without any channel are told of as gaps, not at every channel again
    most = max((facts["valid_fraction"] for _channel, facts in recorded.values()), default=1.0)
    lines: list[str] = []
    for region in _REGIONS:
        pairs: list[str] = []
        singles: list[str] = []
        done: set[str] = set()
        for name, (channel, facts) in recorded.items():
            if channel.region != region or name in done:
                continue
            cell = _channel_cell(facts, most)
            partner = recorded.get(channel.partner)
            if partner is None or channel.partner == name:
                singles.append(cell)
                continue
            cells = [cell, _channel_cell(partner[1], most)]
            if channel.side == "R" or name.endswith("Right"):
                cells.reverse()
            pairs += cells
            done.add(channel.partner)
        cells = pairs + singles
        for left in range(0, len(cells), 2):
            label = region if left == 0 else ""
            lines.append(f"  {label:<7}" + "  ".join(cells[left : left + 2]))
    return lines


def _channel_cell(channel: dict[str, Any], most: float) -> str:
    """Name, lowest and highest value, and the share of samples where it is less than ``most``."""
    name = str(channel["name"])
    name = name if len(name) <= 20 else name[:19] + "…"
    low, high = float(channel["min"]), float(channel["max"])
    if channel["kind"] == "angle":
        span = f"{math.degrees(low):6.1f}° to {math.degrees(high):5.1f}°"
    else:
        span = f"{low:6.3f} to {high:6.3f}"
    share = float(channel["valid_fraction"])
    # "100%" would hide a single missing sample
    percent = f"{math.floor(share * 100)}%" if share < most else ""
    return f"{name:<20} {span} {percent:>4}"


def _gap_lines(gaps: list[dict[str, Any]]) -> list[str]:
    lines: list[str] = []
    for gap in gaps[:_GAPS_SHOWN]:
        names = gap["channels"]
        what = "everything" if names == "all" else ", ".join(names)
        number = gap["samples"]
        lines.append(
            f"{gap['start_s']:.3f} s to {gap['end_s']:.3f} s "
            f"({number} {'sample' if number == 1 else 'samples'}): {what}"
        )
    if len(gaps) > _GAPS_SHOWN:
        lines.append(f"and {len(gaps) - _GAPS_SHOWN} more")
    return _section("Gaps", lines)


def _section(title: str, texts: list[str]) -> list[str]:
    """A title and its texts, wrapped and indented; nothing where there is no text."""
    texts = [text for text in texts if text]
    if not texts:
        return []
    return ["", title, *(line for text in texts for line in _wrapped("  ", text))]


def _wrapped(indent: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")


def _label(identifier: str) -> str:
    """What an animator calls a format."""
    for reader in readers():
        if reader.format == identifier:
            return reader.label
    return identifier


def _duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)} min {rest:.1f} s" if minutes else f"{seconds:.2f} s"
