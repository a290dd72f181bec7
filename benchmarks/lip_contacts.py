# SPDX-License-Identifier: GPL-3.0-or-later
"""Every contact of the lips that `facemocap events` tells, looked at on every character with lips.

Prints a row for each character and take: contacts, how many of them leave a slit under 2 % of the
mouth's width on the evaluated mesh after a stack with a step `lips`, and the widest slit. Rays look
(`tests/gateway/visible_gaps`), at the first, the middle and the last frame of each contact. The
characters and real takes are looked for in $FACEMOCAP_SHARED or in shared/ beside the checkout;
without them the sample characters play the sample take. With $FACEMOCAP_BENCH_RIGS (names,
separated by blanks) only these characters; the two of Rigify take a quarter of an hour each.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path
from typing import Any

from . import ROOT, Measurement

RATE = 30


def _tests(name: str) -> Any:
    """A module of the tests that plays takes and looks at the face."""
    folder = str(ROOT / "tests" / "gateway")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)


def measure() -> list[Measurement]:
    """Seconds for each character, with what is seen of each take."""
    looks, lips = _tests("contact_looks"), _tests("lip_looks")
    shared = Path(os.environ.get("FACEMOCAP_SHARED") or ROOT.parent / "shared")
    paths = {name: ROOT / path for name, path in looks.SAMPLES.items()}
    takes = {"sample": _read(ROOT / "sample_rigs" / "sample_take.csv")}
    if shared.is_dir():
        paths |= {name: shared / path for name, path in (looks.SHARED | looks.SLOW).items()}
        takes |= {name: _read(shared / path) for name, path in looks.TAKES.items()}
    wanted = os.environ.get("FACEMOCAP_BENCH_RIGS", "").split() or list(paths)
    out: list[Measurement] = []
    print(f"{'character':26} {'take':8} {'stack':6} {'contacts':>8} {'met':>5} {'worst gap':>10}")
    for name in wanted:
        began = time.perf_counter()
        actor = looks.open_actor(paths[name])
        actor.scene.render.fps, actor.scene.render.fps_base = RATE, 1.0
        contacts = met = 0
        worst = 0.0
        for take_name, take in takes.items():
            for what, stack in (("usual", lips.USUAL), ("full", lips.FULL)):
                seen = lips.look_at_contacts(actor, take, stack)
                own = max((each.gap for each in seen), default=0.0)
                good = sum(each.met for each in seen)
                print(
                    f"{name:26} {take_name:8} {what:6} {len(seen):8} {good:5} {own:8.2f} %",
                    flush=True,
                )
                contacts, met, worst = contacts + len(seen), met + good, max(worst, own)
        note = f"{met} of {contacts} contacts met, widest slit {worst:.2f} %"
        out.append(Measurement(name, time.perf_counter() - began, note=note))
    return out


def _read(path: Path) -> Any:
    from facemocap_addon.core.readers import read_take

    return read_take(path)
