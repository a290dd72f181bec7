# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C while a retarget runs."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

Run = Callable[..., Any]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("done", [0, 1, 3])
def test_a_stop_leaves_no_half_file(  # noqa: PLR0917
    facemocap_process: Run,
    sample_take: Path,
    arkit_head: Path,
    tmp_path: Path,
    files_in: Callable[[Path], set[str]],
    number: int,
    status: int,
    done: int,
):
    rigs = [Path(shutil.copy(arkit_head, tmp_path / f"rig{place}.blend")) for place in range(40)]
    out = tmp_path / "new" / "out"
    process = facemocap_process("retarget", sample_take, "--rig", *rigs, "--out", out)
    assert process.stdout is not None
    wanted = {0: "sample_take.csv:"}.get(done, f"rig{done - 1}.blend")
    for line in process.stdout:
        if wanted in line:
            break
    time.sleep(0.05 * done)  # somewhere within the next rig's work
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert err.splitlines() == ["facemocap: Stopped. What was finished before is kept whole."]
    if done == 0 and not out.exists():
        assert not out.parent.exists()
        return
    files = files_in(out)
    assert done <= len(files) < len(rigs)
    assert files == {f"sample_take_rig{place}.blend" for place in range(len(files))}
    last = out / f"sample_take_rig{len(files) - 1}.blend"
    bpy.ops.wm.open_mainfile(filepath=str(last), load_ui=False)
    assert len(bpy.data.actions) == 1
