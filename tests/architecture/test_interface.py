# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything a person meets in Blender has a name and says what it does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

KINDS = ("Operator", "Panel", "PropertyGroup", "UIList", "Menu", "FileHandler", "AddonPreferences")


@pytest.fixture
def classes() -> Iterator[dict[str, list[Any]]]:
    """Classes of the add-on that are registered, by kind."""
    import bpy

    import facemocap_addon

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    facemocap_addon.register()
    try:
        yield {kind: _list_registered(getattr(bpy.types, kind)) for kind in KINDS}
    finally:
        facemocap_addon.unregister()


def _list_registered(base: Any) -> list[Any]:
    found: list[Any] = []
    for each in base.__subclasses__():
        found += _list_registered(each)
        if each.__module__.startswith("facemocap_addon") and each.is_registered:
            found.append(each)
    return found


def _describe_operator(operator: Any) -> Any:
    """Return what Blender knows of an operator and its settings."""
    import bpy

    return getattr(bpy.ops.facemocap, operator.bl_idname.partition(".")[2]).get_rna_type()


def test_operators_describe_themselves(classes: dict[str, list[Any]]):
    operators = classes["Operator"]
    assert operators
    for each in operators:
        rna = _describe_operator(each)
        assert re.fullmatch(r"facemocap\.[a-z]+(_[a-z]+)+", each.bl_idname), each.bl_idname
        verb_noun = each.bl_idname.partition(".")[2]
        assert each.__name__ == f"FACEMOCAP_OT_{verb_noun}"
        assert rna.name, each
        assert rna.description, f"{each.bl_idname} has no description"
        assert not rna.description.endswith("."), f"{each.bl_idname}: {rna.description}"


def test_panels_carry_the_project_name(classes: dict[str, list[Any]]):
    assert classes["Panel"]
    for each in classes["Panel"]:
        assert each.__name__.startswith("FACEMOCAP_PT_"), each


def test_properties_have_a_name_and_a_description(classes: dict[str, list[Any]]):
    structs = {each.__name__: _describe_operator(each) for each in classes["Operator"]}
    for kind in ("PropertyGroup", "AddonPreferences"):
        structs |= {each.__name__: each.bl_rna for each in classes[kind]}
    seen = 0
    lacking: list[str] = []
    for name, struct in structs.items():
        built_in = set(struct.base.properties.keys()) if struct.base else set()
        for prop in struct.properties:
            if prop.identifier in built_in | {"rna_type"} or prop.is_hidden:
                continue
            seen += 1
            if not prop.name or not prop.description:
                lacking.append(f"{name}.{prop.identifier}")
    assert seen
    assert not lacking
