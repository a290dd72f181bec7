# SPDX-License-Identifier: GPL-3.0-or-later
"""What cleanup leaves of a blink, of closed lips and of a brow, drawn beside ordinary filters.

``python -m devtools.cleanup_pictures docs/images`` draws the three pictures of docs/cleanup.md; it
needs matplotlib. The truth is the sample take's script without noise; noise and spikes are put on.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.cleaning.filters import butterworth
from facemocap_addon.core.contacts.captured import LIPS_APART, LOWEST
from facemocap_addon.core.stack.presets import default_stack
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.take import Take, make_take
from sample_rigs.generator.performance import synthesise

from .plotting import pyplot

RATE_HZ, LONG_S = 60.0, 22.0
SIGMA, SPIKES, SEED = 0.02, 0.003, 4
#: Nine frames of a take of 30 frames a second.
AVERAGE_S = 9.0 / 30.0
#: What Blender's Graph Editor offers first.
CUTOFF_HZ, ORDER = 3.0, 4
SIZE_INCH, DOTS = (7.6, 4.4), 110


@dataclass(frozen=True)
class View:
    """One picture: a channel between two times, and what is to be seen in it."""

    name: str
    channel: str
    from_s: float
    to_s: float
    title: str
    #: What is taken off the channel, and the height up to which lips are closed.
    less: str = ""
    closed: float | None = None


VIEWS = (
    View("blink", "eyeBlinkLeft", 9.1, 10.4, "A double blink: eyeBlinkLeft"),
    View(
        "lips",
        "jawOpen",
        1.0,
        3.0,
        "Lips that close in speech: jawOpen less mouthClose, above its lowest",
        less="mouthClose",
        closed=LIPS_APART,
    ),
    View("brow", "browInnerUp", 1.2, 4.4, "Brows that rise on stressed words: browInnerUp"),
)
#: Label, colour, width.
STYLES = {
    "captured": ("as captured", "#9aa0a6", 0.9),
    "average": ("moving average of 9 frames at 30 fps", "#d9822b", 1.6),
    "butterworth": (f"Butterworth, {CUTOFF_HZ:g} Hz, order {ORDER}", "#a23b72", 1.6),
    "ours": ("default cleanup", "#1f6fb2", 2.0),
    "truth": ("the true motion", "#222222", 1.1),
}


def main() -> int:
    """Draw all pictures into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    truth = acted()
    curves = all_curves(truth, damaged(truth))
    for view in VIEWS:
        path = folder / f"cleanup_{view.name}.png"
        kept = draw(view, truth, curves, path)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB, " + ", ".join(kept))
    return 0


def acted() -> Take:
    """The sample take's performance without noise, gaps and glitches."""
    made = synthesise(LONG_S, rate_hz=RATE_HZ)
    channels = [each for each in arkit_schema().values() if each.kind == "weight"]
    values = np.stack([made.channel(each.name, clean=True) for each in channels], axis=1)
    return make_take(np.arange(len(values)) / RATE_HZ, channels, values, rate=round(RATE_HZ))


def damaged(truth: Take) -> Take:
    """White noise on all of it, and now and then a sample that jumps away."""
    rng = np.random.default_rng(SEED)
    values = truth.values + rng.normal(0.0, SIGMA, truth.values.shape)
    hit = rng.random(values.shape) < SPIKES
    values[hit] += rng.uniform(0.15, 0.5, int(hit.sum()))
    return truth.changed("noise", values=values)


def all_curves(truth: Take, noisy: Take) -> dict[str, FloatArray]:
    """Values ``(n, c)`` of each way."""
    raw = noisy.values.astype(np.float64)
    width = 2 * round(0.5 * AVERAGE_S * RATE_HZ) + 1
    padded = np.pad(raw, ((width // 2, width // 2), (0, 0)), mode="edge")
    sums = np.concatenate([np.zeros((1, raw.shape[1])), np.cumsum(padded, axis=0)])
    return {
        "captured": raw,
        "average": (sums[width:] - sums[:-width]) / width,
        "butterworth": butterworth(raw, RATE_HZ, CUTOFF_HZ, ORDER),
        "ours": run_stack(noisy, default_stack()).take.values.astype(np.float64),
        "truth": truth.values.astype(np.float64),
    }


def draw(view: View, truth: Take, curves: dict[str, FloatArray], path: Path) -> Sequence[str]:
    """Draw one picture; what each way keeps of the peak, in words."""
    drawing = pyplot()
    part = (truth.times >= view.from_s) & (truth.times <= view.to_s)
    figure, axes = drawing.subplots(figsize=SIZE_INCH, dpi=DOTS)
    kept: list[str] = []
    for name, (label, colour, width) in STYLES.items():
        values = seen(view, truth, curves[name])[part]
        told = f"{label}: {_kept(view, values)}"
        kept.append(told)
        axes.plot(
            truth.times[part],
            values,
            color=colour,
            linewidth=width,
            linestyle="--" if name == "truth" else "-",
            marker="." if name == "captured" else "",
            markersize=3,
            label=told,
        )
    if view.closed is not None:
        axes.axhspan(-0.05, view.closed, color="#cfe8cf", zorder=0)
    axes.set_title(view.title, loc="left", fontsize=11)
    axes.set_xlabel("seconds")
    axes.set_xlim(view.from_s, view.to_s)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(color="#e6e6e6", linewidth=0.6)
    axes.legend(frameon=False, fontsize=8, ncol=2, loc="upper left", bbox_to_anchor=(0.0, -0.16))
    figure.tight_layout()
    # without the version in it equal pictures are equal files
    figure.savefig(path, metadata={"Software": None})
    drawing.close(figure)
    return kept


def seen(view: View, truth: Take, values: FloatArray) -> FloatArray:
    """What a picture shows ``(n,)`` of values ``(n, c)``."""
    own = values[:, truth.column(view.channel)]
    if not view.less:
        return own
    apart = own - values[:, truth.column(view.less)]
    return apart - np.percentile(apart, LOWEST)


def _kept(view: View, values: FloatArray) -> str:
    """The peak, or how often the lips close."""
    if view.closed is None:
        return f"peak {float(values.max()):.2f}"
    closed = np.concatenate([[False], values < view.closed, [False]])
    starts, ends = (np.flatnonzero(np.diff(closed.astype(int)) == step) for step in (1, -1))
    return f"closed {int((ends - starts > 1).sum())} times"


if __name__ == "__main__":
    raise SystemExit(main())
