# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured on a character, as one JSON document that is kept with it."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from .errors import FacemocapError
from .probing.result import ProbeResult

SCHEMA = 1
#: Values under these names are names of objects: one, or a list of them.
_ONE, _MANY = ("owner", "mesh"), ("owners", "meshes")
#: No measurement is longer than this; a damaged or hostile one may claim to be.
LONGEST_BYTES = 1 << 27

#: What a further measurement found: plain JSON values, None where the character has no such thing.
Part = Mapping[str, Any] | None


@dataclass(frozen=True)
class Measured:
    """Everything that was measured on one character; plain data.

    Attributes
    ----------
    probe : ProbeResult
        How each control moves the face.
    fingerprint : str
        Digest of everything that the measurement depends on; no object's name is in it.
    owners : tuple of str
        Names that the character's objects had, in the fingerprint's own order. An equal character
        whose objects are called otherwise gets the measurement by `renamed`.
    parts : mapping of str to Part
        What further measurements found, by their names. A part names an object only under the keys
        ``owner`` and ``mesh`` (one name) or ``owners`` and ``meshes`` (a list of names), at any
        depth: that is where `renamed` puts another. Nothing else has these keys.
    schema : int
    """

    probe: ProbeResult
    fingerprint: str
    owners: tuple[str, ...] = ()
    parts: Mapping[str, Part] = field(default_factory=dict[str, Part])
    schema: int = SCHEMA

    @property
    def bones(self) -> Part:
        """How far each bone has to go for each channel, as the calibration writes it."""
        return self.parts.get("bones")

    @property
    def contacts(self) -> Part:
        """Where lids and lips meet, as the contacts are written."""
        return self.parts.get("contacts")

    @property
    def eye_turns(self) -> Part:
        """How far each channel turns the eyeballs."""
        return self.parts.get("eye_turns")

    def with_part(self, name: str, part: Part) -> Measured:
        """The measurement with one more part, or with another in its place."""
        return replace(self, parts={**self.parts, name: part})

    def renamed(self, owners: tuple[str, ...]) -> Measured:
        """The measurement of an equal character whose objects have these names, in its order.

        Raises
        ------
        ValueError
            When it has another number of objects.
        """
        names = dict(zip(self.owners, owners, strict=True))
        if self.owners == owners:
            return self
        return Measured.from_json(_rename(self.to_json(), names))

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document; `from_json` makes an equal measurement of them."""
        return {
            "schema": self.schema,
            "fingerprint": self.fingerprint,
            "owners": list(self.owners),
            "probe": self.probe.to_json(),
            "parts": {name: None if p is None else dict(p) for name, p in self.parts.items()},
        }

    @classmethod
    def from_json(cls, data: Any) -> Measured:
        """The measurement of a JSON document.

        Raises
        ------
        FacemocapError
            When it is none, is damaged, or is of another schema: then it is measured again.
        """
        try:
            schema = int(data["schema"])
            if schema != SCHEMA:
                age = "a newer" if schema > SCHEMA else "an older"
                raise FacemocapError(
                    f"The measurement was made by {age} Face Mocap (schema {schema}, "
                    f"this one reads {SCHEMA})",
                    "Update Face Mocap, or measure the character again",
                )
            parts = cast(dict[str, Any], data["parts"])
            if not all(part is None or isinstance(part, dict) for part in parts.values()):
                raise TypeError("a part is no mapping")
            return cls(
                probe=ProbeResult.from_json(data["probe"]),
                fingerprint=str(data["fingerprint"]),
                owners=tuple(map(str, data["owners"])),
                parts=parts,
                schema=schema,
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
            raise _damaged(str(problem)) from problem

    def to_bytes(self) -> bytes:
        """The JSON document, compressed as a .gz file; equal measurements are equal bytes."""
        text = json.dumps(
            self.to_json(), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
        return gzip.compress(text.encode("utf-8", "surrogatepass"), mtime=0)

    @classmethod
    def from_bytes(cls, data: bytes) -> Measured:
        """The measurement that `to_bytes` wrote; errors as `from_json`."""
        try:
            reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            text = reader.decompress(data, LONGEST_BYTES)
            if not reader.eof:
                raise ValueError("it is not whole")
            document = json.loads(text.decode("utf-8", "surrogatepass"))
        except (zlib.error, ValueError, TypeError, RecursionError) as problem:
            raise _damaged(str(problem)) from problem
        return cls.from_json(document)


def _rename(data: Any, names: Mapping[str, str]) -> Any:
    """The same JSON values with other names of objects."""
    if isinstance(data, list):
        return [_rename(item, names) for item in cast(list[Any], data)]
    if not isinstance(data, dict):
        return data
    out: dict[str, Any] = {}
    for key, value in cast(dict[str, Any], data).items():
        if key in _ONE and isinstance(value, str):
            out[key] = names.get(value, value)
        elif key in _MANY and isinstance(value, list):
            out[key] = [names.get(name, name) for name in cast(list[Any], value)]
        else:
            out[key] = _rename(value, names)
    return out


def _damaged(problem: str) -> FacemocapError:
    return FacemocapError(
        f"The measurement kept with the character is damaged: {problem}",
        "Measure the character again",
    )
