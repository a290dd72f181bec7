# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves of gaze and lips with what was found in them, to be looked through by eye.

``python -m devtools.event_pictures [TAKE] [FOLDER]`` writes ``gaze-events.png`` and
``lip-events.png``; without a take those of the sample take, into docs/images. It needs matplotlib.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from facemocap_addon.core.contacts.captured import LIPS_APART
from facemocap_addon.core.events.gaze.finding import find_gaze
from facemocap_addon.core.events.lips.finding import find_lip_contacts, lip_gap
from facemocap_addon.core.events.lips.phrases import find_phrases
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

from .plotting import pyplot

ROOT = Path(__file__).resolve().parent.parent
#: A row of a picture shows this much (seconds); a longer take has more rows.
ROW_S = 8.0
#: Inches of a row, and dots of an inch.
_WIDE, _HIGH, _DPI = 12.0, 1.5, 72
_SIDEWAYS, _UP, _FOUND, _OTHER = "#1b6ca8", "#c4572e", "#f2b134", "#8fbf6a"


def main(arguments: list[str] | None = None) -> int:
    """Write both pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("take", nargs="?", default=ROOT / "sample_rigs" / "sample_take.csv")
    parser.add_argument("folder", nargs="?", default=ROOT / "docs" / "images")
    options = parser.parse_args(arguments)
    take = read_take(Path(options.take))
    _gaze(take, Path(options.folder) / "gaze-events.png")
    _lips(take, Path(options.folder) / "lip-events.png")
    return 0


def _rows(take: Take) -> tuple[Any, list[Any], np.ndarray]:
    """A figure with a row for each stretch, and the seconds of all samples."""
    plt = pyplot()
    seconds = take.times - take.times[0]
    count = max(1, int(np.ceil(seconds[-1] / ROW_S)))
    figure, axes = plt.subplots(
        count, 1, figsize=(_WIDE, 0.5 + _HIGH * count), squeeze=False, layout="constrained"
    )
    rows = [axis for (axis,) in axes]
    for number, axis in enumerate(rows):
        axis.set_xlim(number * ROW_S, (number + 1) * ROW_S)
        axis.grid(visible=True, alpha=0.3)
    rows[-1].set_xlabel("seconds")
    return figure, rows, seconds


def _gaze(take: Take, path: Path) -> None:
    """Where the eyes look, with darts, following and blinks."""
    events = find_gaze(take)
    figure, rows, seconds = _rows(take)
    start = float(take.times[0])
    gaze = np.where(events.unseen[:, None], np.nan, events.gaze_deg)
    for axis in rows:
        axis.plot(seconds, gaze[:, 0], color=_SIDEWAYS, linewidth=1.0, label="to the left")
        axis.plot(seconds, gaze[:, 1], color=_UP, linewidth=1.0, label="up")
        axis.set_ylabel("degrees")
        for dart in events.saccades:
            axis.axvspan(dart.onset_s - start, dart.offset_s - start, color=_FOUND, alpha=0.7)
        for rest in events.fixations:
            if rest.follows:
                axis.axvspan(rest.start_s - start, rest.end_s - start, color=_OTHER, alpha=0.3)
    rows[0].set_title("Gaze: darts yellow, following green, blinks left out", fontsize=10)
    rows[0].legend(loc="upper right", fontsize=8)
    figure.savefig(path, dpi=_DPI)


def _lips(take: Take, path: Path) -> None:
    """How far the jaw parts the lips, with contacts and phrases."""
    figure, rows, seconds = _rows(take)
    start = float(take.times[0])
    gap, contacts, phrases = lip_gap(take), find_lip_contacts(take), find_phrases(take)
    for axis in rows:
        axis.plot(seconds, gap, color=_SIDEWAYS, linewidth=1.0)
        axis.axhline(LIPS_APART, color=_UP, linewidth=0.7)
        axis.set_ylabel("lips apart")
        for event in contacts:
            axis.axvspan(event.start_s - start, event.end_s - start, color=_FOUND, alpha=0.7)
        for phrase in phrases:
            axis.axvspan(phrase.start_s - start, phrase.end_s - start, 0.0, 0.06, color=_OTHER)
    rows[0].set_title("jawOpen - mouthClose: contacts yellow, phrases green below", fontsize=10)
    figure.savefig(path, dpi=_DPI)


if __name__ == "__main__":
    raise SystemExit(main())
