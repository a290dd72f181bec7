# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a take: as plain values for programs and as a page of text for people."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from .arrays import BoolArray
from .channels import Channel
from .points import AXES, PICTURE, SPACE, points_of
from .readers import readers
from .rig_maps.carried_map import DETAIL as CARRIED
from .sampling import usual_step
from .take import Take

_WIDTH = 96
#: Sources that are no reader's.
_OTHERS = {
    "fbx": "FBX animation",
    "character": "Animated character",
    "clip_tracks": "Motion tracks of a clip",
}
_GAPS_SHOWN = 8
_POINTS_SHOWN = 120
_NAMES_SHOWN = 60
_REGIONS = ("brow", "eye", "gaze", "nose", "cheek", "jaw", "mouth", "tongue", "head", "other")


def inspect_take(take: Take) -> dict[str, Any]:
    """Everything worth knowing about a take, ready for JSON.

    Returns
    -------
    dict
        ``format``, ``samples``, ``duration_s``, ``rate_hz`` (one over the mean of the steps that
        are no gaps), ``channels`` (name, original, kind, region, min and max over valid samples
        or None, valid_fraction), ``points`` (names of tracked points, whose coordinates are
        channels too), ``gaps`` (see `find_gaps`), ``not_recorded``, ``warnings``,
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
        "points": list(dict.fromkeys(_point_of(c.name) for c in take.channels if _is_point(c))),
        "gaps": find_gaps(take),
        "not_recorded": list(take.not_recorded),
        "warnings": list(take.warnings),
        "assumptions": list(take.assumptions),
        "history": list(take.history),
        "source": {"name": take.source.name, "details": _details(take)},
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
    lines: list[str] = [facts["source"]["name"]]
    lines.append(
        f"  {_label(facts['format'])}: {_duration(facts['duration_s'])}, "
        f"{facts['samples']} samples at {facts['rate_hz']:.2f} Hz, "
        f"{_recorded(take)}"
    )
    if facts["timecode"]["start"]:
        lines.append(f"  starts at timecode {facts['timecode']['start']}")
    details = facts["source"]["details"]
    if details:
        lines += _wrapped(
            "  ", ", ".join(f"{key} {_shown(value)}" for key, value in details.items())
        )
    for table in (_channel_table(take, facts["channels"]), *_point_tables(take)):
        lines += ["", *table] if table else []
    lines += _gap_lines(facts["gaps"])
    lines += _section("Not recorded", [_few(_points_for(facts["not_recorded"]))])
    lines += _section("Warnings", facts["warnings"])
    lines += _section("Assumed", facts["assumptions"])
    lines += _section("Done since", facts["history"])
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _details(take: Take) -> dict[str, Any]:
    """Details of the source; of a solve only what a person wants to know of it."""
    details = {
        key: each for key, each in take.source.details.items() if key not in (CARRIED, "rest")
    }
    solve = details.get("solve")
    if isinstance(solve, dict):
        told = cast("dict[str, Any]", solve)
        fit = cast("dict[str, Any]", told.get("fit", {}))
        share = 100 * float(fit.get("explained", 0.0))
        details["solve"] = (
            f"{share:.0f} % of the motion of {told.get('points_name')} on {told.get('character')}"
        )
    return details


def _shown(detail: Any) -> str:
    """A detail as text; of several faces each with the number of its samples."""
    if not isinstance(detail, dict):
        return str(detail)
    counts = cast("dict[str, Any]", detail)
    return " and ".join(f"{key} ({value})" for key, value in counts.items())


def _channel_table(take: Take, channels: list[dict[str, Any]]) -> list[str]:
    """Two channels to a line, by region, mirror partners side by side; unrecorded ones left out."""
    recorded = {
        channel.name: (channel, facts)
        for channel, facts in zip(take.channels, channels, strict=True)
        if facts["max"] is not None and not _is_point(channel)
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
    name = _short(str(channel["name"]))
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
        what = "everything" if names == "all" else _few(_points_for(names))
        number = gap["samples"]
        lines.append(
            f"{gap['start_s']:.3f} s to {gap['end_s']:.3f} s "
            f"({number} {'sample' if number == 1 else 'samples'}): {what}"
        )
    if len(gaps) > _GAPS_SHOWN:
        lines.append(f"and {len(gaps) - _GAPS_SHOWN} more")
    return _section("Gaps", lines)


def _point_of(name: str) -> str:
    """The point that a channel is a coordinate of: its name without the axis."""
    return name.rpartition(".")[0] or name


def _is_point(channel: Channel) -> bool:
    return channel.kind in (SPACE, PICTURE)


def _recorded(take: Take) -> str:
    """How much of what the take names was recorded, points counted as points."""
    has_any: BoolArray = np.any(take.valid, axis=0)
    plain = [
        has
        for channel, has in zip(take.channels, has_any.tolist(), strict=True)
        if not _is_point(channel)
    ]
    texts = [f"{sum(plain)} of {len(plain)} channels recorded"] if plain else []
    for kind, word in ((SPACE, "points"), (PICTURE, "points in the picture")):
        points = points_of(take, kind)
        if len(points):
            seen: BoolArray = np.any(points.valid, axis=0)
            texts.append(f"{int(seen.sum())} of {len(points)} {word} tracked")
    return ", ".join(texts) or "no channels"


def _point_tables(take: Take) -> list[list[str]]:
    """Two points to a line, with the share of samples and how far they move along each axis."""
    tables: list[list[str]] = []
    for kind, title in (
        (SPACE, "Points (tracked; moved by mm to the side, up, ahead)"),
        (PICTURE, "Points in the picture (tracked; moved by pixels across, down)"),
    ):
        points = points_of(take, kind)
        seen: BoolArray = np.any(points.valid, axis=0)
        cells: list[str] = []
        for k in np.flatnonzero(seen).tolist():
            there = points.valid[:, k]
            moved = np.ptp(points.positions[there, k], axis=0) * (1e3 if kind == SPACE else 1.0)
            share = math.floor(100 * float(there.mean()))
            spans = " ".join(f"{span:6.1f}" for span in moved.tolist())
            cells.append(f"{_short(points.names[k]):<20} {share:3}% {spans}")
        shown = cells[:_POINTS_SHOWN]
        rows = ["  " + "  ".join(shown[left : left + 2]) for left in range(0, len(shown), 2)]
        if len(cells) > len(shown):
            rows.append(f"  and {len(cells) - len(shown)} more")
        if rows:
            tables.append([title, *rows])
    return tables


def _points_for(names: Sequence[str]) -> list[str]:
    """The names of channels, with one name for all coordinates of a point."""
    there = set(names)
    out: dict[str, None] = {}
    for name in names:
        point, _, axis = name.rpartition(".")
        whole = axis in AXES and {f"{point}.x", f"{point}.y"} <= there
        out[point if whole else name] = None
    return list(out)


def _few(names: Sequence[str]) -> str:
    """Names in a row; the first of very many."""
    if len(names) <= _NAMES_SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMES_SHOWN])} and {len(names) - _NAMES_SHOWN} more"


def _short(name: str) -> str:
    return name if len(name) <= 20 else name[:19] + "…"


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
    return _OTHERS.get(identifier, identifier)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)} min {rest:.1f} s" if minutes else f"{seconds:.2f} s"
