# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and folders of results."""

from __future__ import annotations

from pathlib import Path

import pytest

from facemocap_addon.cli.outputs import (
    OutputFolder,
    check_folder,
    plan_outputs,
    take_stem,
    unique_paths,
)
from facemocap_addon.core.errors import FacemocapError


def names(take: str, *rigs: str) -> list[str]:
    return [o.blend.name for o in plan_outputs(Path(take), [Path(r) for r in rigs], Path("out"))]


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a.csv", "a"), ("a.take.npz", "a"), ("A.TAKE.NPZ", "A"), ("a.b.csv", "a.b"), ("a", "a")],
)
def test_take_stem(name: str, stem: str):
    assert take_stem(Path("folder") / name) == stem


def test_names_are_take_and_rig():
    assert names("t.csv", "x/head.blend", "toon.glb") == ["t_head.blend", "t_toon.blend"]


def test_equal_names_get_the_rig_s_extension():
    assert names("t.csv", "x/head.blend", "y/Head.GLB", "toon.vrm") == [
        "t_head_blend.blend",
        "t_Head_glb.blend",
        "t_toon.blend",
    ]


@pytest.mark.parametrize(
    "rigs",
    [("a/head.blend", "b/head.blend"), ("head.blend", "head.glb", "head_glb.fbx")],
)
def test_names_that_stay_equal_are_refused(rigs: tuple[str, ...]):
    with pytest.raises(FacemocapError, match=r"would both be written to"):
        names("t.csv", *rigs)


def test_an_output_is_never_one_of_the_inputs(tmp_path: Path):
    rigs = [tmp_path / "head.blend", tmp_path / "t_head.blend"]
    with pytest.raises(FacemocapError, match="one of the files to read"):
        plan_outputs(Path("t.csv"), rigs, tmp_path)


def test_a_rig_given_twice_counts_once(tmp_path: Path):
    rig = tmp_path / "head.blend"
    assert unique_paths([rig, tmp_path / "x" / ".." / "head.blend", tmp_path / "b.blend"]) == [
        rig,
        tmp_path / "b.blend",
    ]


def test_a_folder_that_stays_empty_goes_with_the_parents_made_for_it(tmp_path: Path):
    with OutputFolder(tmp_path / "a" / "b") as folder:
        folder.make()
        assert folder.path.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_there_or_is_used_stays(tmp_path: Path):
    (tmp_path / "a").mkdir()
    with OutputFolder(tmp_path / "a") as folder:
        folder.make()
    assert (tmp_path / "a").is_dir()
    with OutputFolder(tmp_path / "b" / "c") as folder:
        (folder.make() / "file").touch()
    assert (tmp_path / "b" / "c" / "file").is_file()


def test_a_folder_under_a_file_is_refused_early(tmp_path: Path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(FacemocapError):
            check_folder(path)
    check_folder(tmp_path / "new" / "out")
    assert not (tmp_path / "new").exists()
