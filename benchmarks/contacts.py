# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeping contacts takes, and what is seen of lids and lips with and without it.

Prints a table of the gaps that rays see on every character (`tests/gateway/visible_gaps`), on all
blinks, half blinks and contacts of both real takes; the timings are those of the longer one, per
1,000 frames at 30 frames a second. The characters and takes are looked for in $FACEMOCAP_SHARED or
in shared/ beside the checkout; without them the sample characters play the sample take, and only
the time is told. With $FACEMOCAP_BENCH_RIGS (names, separated by blanks) only these characters.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path
from typing import Any

from . import ROOT, Measurement

#: Moments of each kind in each take: all there are.
ALL = 1000
RATE = 30


def _looks() -> Any:
    """The module of the tests that plays takes and looks at the face."""
    folder = str(ROOT / "tests" / "gateway")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module("contact_looks")


def measure() -> list[Measurement]:
    """Seconds that contacts add per 1,000 frames, for each character."""
    looks = _looks()

    shared = Path(os.environ.get("FACEMOCAP_SHARED") or ROOT.parent / "shared")
    paths = {name: ROOT / path for name, path in looks.SAMPLES.items()}
    if shared.is_dir():
        paths |= {name: shared / path for name, path in (looks.SHARED | looks.SLOW).items()}
    wanted = os.environ.get("FACEMOCAP_BENCH_RIGS", "").split() or list(paths)
    takes = looks.read_both(shared) if shared.is_dir() else {}
    out: list[Measurement] = []
    for name in wanted:
        actor = looks.open_actor(paths[name])
        actor.scene.render.fps, actor.scene.render.fps_base = RATE, 1.0
        for take_name, (take, recording) in takes.items():
            _tell(name, take_name, actor, take, recording)
        take = takes["rom"][0] if takes else _sample_take()
        out.append(_time(name, actor, take))
    return out


def _sample_take() -> Any:
    from facemocap_addon.core.readers import read_take

    return read_take(ROOT / "sample_rigs" / "sample_take.csv")


def _tell(name: str, take_name: str, actor: Any, take: Any, recording: Any) -> None:
    """Two rows of the table: as captured, and with contacts."""
    from facemocap_addon.gateway.applying.performance import ApplyOptions

    for what, contacts in (("as captured", False), ("with contacts", True)):
        actor.play(take, ApplyOptions(contacts=contacts))
        seen = _looks().look(actor, recording, ALL)
        actor.rest()
        print(_looks().row(name, f"{take_name} {what}", seen), flush=True)


def _time(name: str, actor: Any, take: Any) -> Measurement:
    from facemocap_addon.gateway.applying.performance import ApplyOptions

    seconds: dict[bool, float] = {}
    for contacts in (False, True):
        began = time.perf_counter()
        actor.play(take, ApplyOptions(contacts=contacts))
        seconds[contacts] = time.perf_counter() - began
        frames = actor.scene.frame_end - actor.scene.frame_start + 1
        actor.rest()
    added = 1000.0 * (seconds[True] - seconds[False]) / frames
    return Measurement(
        name, added, note=f"per 1,000 frames; {1000 * seconds[False] / frames:.3f} s without"
    )
