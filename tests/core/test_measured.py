# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements as JSON: exact round trips, other names of objects, and what is refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facemocap_addon.core.controls import BONE, PROPERTY, SHAPE_KEY, ControlKey
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.measured import SCHEMA, Measured
from facemocap_addon.core.probing.result import ProbeResult
from facemocap_addon.core.probing.signatures import Signature
from facemocap_addon.core.rig_maps.rig_map import RigMapEntry, Source

JAW = ControlKey(BONE, "Rig \u00e4", 'pose.bones["jaw \\"x\\""].rotation', 2)
OPEN = ControlKey(SHAPE_KEY, "Kopf", 'key_blocks["jawOpen"].value')
DIAL = ControlKey(PROPERTY, "panel", '["dial"]')


def make_probe(**changes: Any) -> ProbeResult:
    values: dict[str, Any] = {
        "signatures": (
            Signature(OPEN, "jawOpen", 1, "jaw", "C", (0.1, -0.995, 0.0), 17.3, 6.1, 0.999, 812),
            Signature(JAW, 'jaw "x"', -1, "jaw", "L", (0.0, 1.0, 0.0), 1e-3, 0.1 + 0.2, 1.0, 3),
        ),
        "entries": (
            RigMapEntry(OPEN, (Source("jawOpen", 0.9), Source("mouthClose", -0.3, "jawOpen"))),
            RigMapEntry(JAW, (Source("jawOpen", 1 / 3),), 0.1, (-0.35, 0.7), 0.61, "probe"),
        ),
        "confidences": {("jawOpen", OPEN): 0.93, ("jawOpen", JAW): 1 / 7},
        "empty": (ControlKey(SHAPE_KEY, "Kopf", 'key_blocks["leer"].value'),),
        "dead": (DIAL,),
        "duplicates": ((OPEN, DIAL),),
        "wrong_sides": ((OPEN, '"jawOpen" moves the face the way of jawLeft'),),
        "eye_distance_m": 0.0631234567891,
        "front": (0.0, -1.0, 0.0),
        "up": (0.0, 0.0, 1.0),
        "found_eyes": True,
    }
    return ProbeResult(**{**values, **changes})


def make_measured(fingerprint: str = "0123456789abcdef", **changes: Any) -> Measured:
    parts = {
        "bones": {"gains": [{"control": {"kind": "bone", "owner": "Rig \u00e4"}, "gain": 0.1}]},
        "contacts": {"meshes": ["Kopf", "panel"], "note": "Kopf", "deep": [{"mesh": "Kopf"}]},
        "eye_turns": None,
    }
    owners = ("Kopf", "Rig \u00e4", "panel")
    return Measured(**{"probe": make_probe(), "fingerprint": fingerprint, "owners": owners,
                       "parts": parts, **changes})  # fmt: skip


def test_a_round_trip_is_exact() -> None:
    measured = make_measured()
    text = json.dumps(measured.to_json(), allow_nan=False)
    assert Measured.from_json(json.loads(text)) == measured
    assert Measured.from_bytes(measured.to_bytes()) == measured
    assert measured.to_bytes() == make_measured().to_bytes()
    for signature in measured.probe.signatures:
        assert Signature.from_json(json.loads(json.dumps(signature.to_json()))) == signature


def test_numbers_of_numpy_are_written_too() -> None:
    signature = Signature(
        OPEN, "jawOpen", np.int64(1), "jaw", "C",  # type: ignore[arg-type]
        (np.float64(0.1), np.float32(0.5), 0.0), np.float64(17.3),  # type: ignore[arg-type]
        6.1, 0.9, np.int64(8),  # type: ignore[arg-type]
    )  # fmt: skip
    probe = make_probe(
        signatures=(signature,),
        confidences={("jawOpen", OPEN): np.float64(0.2)},
        eye_distance_m=np.float64(0.06),
        found_eyes=np.bool_(False),
    )
    back = ProbeResult.from_json(json.loads(json.dumps(probe.to_json())))
    assert back == probe
    assert type(back.eye_distance_m) is float
    assert back.found_eyes is False


def test_a_rig_of_a_thousand_bones_takes_little_room() -> None:
    # six components of each bone, both ways, with figures that do not repeat
    random = np.random.default_rng(7)
    signatures = tuple(
        Signature(
            ControlKey(BONE, "rig", f'pose.bones["DEF-part.{bone:04}.L"].rotation', index),
            f"DEF-part.{bone:04}.L", sign, "lips", "L",
            tuple(random.uniform(-1, 1, 3).round(4).tolist()),
            round(random.uniform(0, 30), 3), round(random.uniform(0, 9), 3),
            round(random.uniform(), 4), int(random.integers(1, 4000)),
        )
        for bone in range(1000)
        for index in range(6)
        for sign in (-1, 1)
    )  # fmt: skip
    measured = make_measured(probe=make_probe(signatures=signatures))
    data = measured.to_bytes()
    assert len(data) < 1_000_000
    assert Measured.from_bytes(data) == measured


finite = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=12)
keys = st.builds(ControlKey, st.sampled_from([SHAPE_KEY, BONE, PROPERTY]), texts, texts)


@given(
    st.builds(
        Signature, keys, texts, st.sampled_from([-1, 1]), texts, texts,
        st.tuples(finite, finite, finite), finite, finite, finite, st.integers(0, 10**6),
    )
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_signature_comes_back(signature: Signature) -> None:
    measured = make_measured(probe=make_probe(signatures=(signature,)))
    assert Measured.from_bytes(measured.to_bytes()) == measured


def test_names_of_objects_change_wherever_they_stand() -> None:
    measured = make_measured()
    # two names change places, the third is new
    renamed = measured.renamed(("Rig \u00e4", "Kopf", "panel.001"))
    assert renamed.owners == ("Rig \u00e4", "Kopf", "panel.001")
    assert [s.control.owner for s in renamed.probe.signatures] == ["Rig \u00e4", "Kopf"]
    assert [e.control.owner for e in renamed.probe.entries] == ["Rig \u00e4", "Kopf"]
    assert [key.owner for _, key in renamed.probe.confidences] == ["Rig \u00e4", "Kopf"]
    assert renamed.probe.empty[0].owner == "Rig \u00e4"
    assert renamed.probe.dead == (ControlKey(PROPERTY, "panel.001", '["dial"]'),)
    assert renamed.probe.duplicates[0][1].owner == "panel.001"
    assert renamed.probe.wrong_sides[0][0].owner == "Rig \u00e4"
    assert renamed.bones == {"gains": [{"control": {"kind": "bone", "owner": "Kopf"}, "gain": 0.1}]}
    assert renamed.contacts == {
        "meshes": ["Rig \u00e4", "panel.001"],
        "note": "Kopf",
        "deep": [{"mesh": "Rig \u00e4"}],
    }
    assert renamed.eye_turns is None
    # and back again
    assert renamed.renamed(measured.owners) == measured
    assert measured.renamed(measured.owners) is measured
    with pytest.raises(ValueError, match="zip"):
        measured.renamed(("one", "two"))


def test_parts_are_added_and_replaced() -> None:
    measured = make_measured(parts={})
    assert measured.bones is None
    more = measured.with_part("bones", {"a": 1}).with_part("else", None)
    assert more.parts == {"bones": {"a": 1}, "else": None}
    assert more.with_part("bones", None).bones is None
    assert measured.parts == {}


@pytest.mark.parametrize(("schema", "age"), [(SCHEMA + 1, "a newer"), (SCHEMA - 1, "an older")])
def test_another_schema_is_refused_with_a_sentence(schema: int, age: str) -> None:
    data = make_measured().to_json() | {"schema": schema}
    with pytest.raises(FacemocapError, match=f"{age} Face Mocap.*measure the character again"):
        Measured.from_json(data)


def _without(*path: Any) -> Callable[[Any], Any]:
    def damage(data: Any) -> Any:
        holder = data
        for name in path[:-1]:
            holder = holder[name]
        del holder[path[-1]]
        return data

    return damage


def _with(value: Any, *path: Any) -> Callable[[Any], Any]:
    def damage(data: Any) -> Any:
        holder = data
        for name in path[:-1]:
            holder = holder[name]
        holder[path[-1]] = value
        return data

    return damage


DAMAGES: dict[str, Callable[[Any], Any]] = {
    "a list": lambda data: [data],
    "a text": lambda _: "measured",
    "nothing": lambda _: None,
    "no schema": _without("schema"),
    "schema in words": _with("one", "schema"),
    "no probe": _without("probe"),
    "probe a list": _with([], "probe"),
    "no signatures": _without("probe", "signatures"),
    "signature without sign": _without("probe", "signatures", 0, "sign"),
    "direction too short": _with([1, 2], "probe", "signatures", 0, "direction"),
    "unknown kind": _with("muscle", "probe", "dead", 0, "kind"),
    "entry without sources": _without("probe", "entries", 0, "sources"),
    "limits turned round": _with([1.0, 0.0], "probe", "entries", 0, "limits"),
    "entries doubled": lambda data: _with(data["probe"]["entries"][:1] * 2, "probe", "entries")(
        data
    ),
    "half a pair": _with([[{}]], "probe", "duplicates"),
    "parts a list": _with([], "parts"),
    "a part a number": _with(3, "parts", "bones"),
    "owners a number": _with(3, "owners"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_document_is_refused(name: str) -> None:
    data = DAMAGES[name](json.loads(json.dumps(make_measured().to_json())))
    with pytest.raises(FacemocapError) as caught:
        Measured.from_json(data)
    assert "again" in str(caught.value)
    packed = gzip.compress(json.dumps(data).encode())
    with pytest.raises(FacemocapError):
        Measured.from_bytes(packed)


def test_damaged_bytes_are_refused() -> None:
    whole = make_measured().to_bytes()
    broken = [
        b"", b"x", whole[:-1], whole[: len(whole) // 2], gzip.compress(b"[" * 100_000),
        gzip.compress(b"\xff\xfe"), gzip.compress(b"{}"), json.dumps({}).encode(),
    ]  # fmt: skip
    # a changed byte anywhere behind the header is found: .gz has a checksum
    broken += [
        whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]
        for place in range(10, len(whole), 37)
    ]
    for data in broken:
        with pytest.raises(FacemocapError, match="damaged"):
            Measured.from_bytes(data)


def test_a_hostile_length_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facemocap_addon.core.measured.LONGEST_BYTES", 100_000)
    with pytest.raises(FacemocapError, match="not whole"):
        Measured.from_bytes(gzip.compress(b" " * 10_000_000))
