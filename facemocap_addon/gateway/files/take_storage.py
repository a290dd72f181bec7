# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw takes inside the .blend: one Text datablock each, which a person can open and read.

The text says what the take is; its ID properties hold the arrays (measured: two milliseconds and
eight megabytes for ten minutes of 52 channels, an eighteenth of the same as F-curves). A text with
a fake user is saved whether or not anything points to it.
"""

from __future__ import annotations

import array
import json

import bpy
import numpy as np

from ...core.errors import FacemocapError
from ...core.names import unique_name
from ...core.take import Take
from ...core.take_file import take_from_parts, take_meta
from ..limits import name_bytes

_KEY = "facemocap_take"


def store_take(take: Take) -> bpy.types.Text:
    """Store a take once; the datablock that holds it (the same one for an equal take)."""
    for text in stored_takes():
        if text[_KEY]["digest"] == take.digest:
            return text
    meta = take_meta(take)
    name = unique_name(f"{take.label} (take)", name_bytes(), {text.name for text in bpy.data.texts})
    text = bpy.data.texts.new(name)
    text.write(_note(take))
    text.use_fake_user = True
    data = {
        "digest": take.digest,
        "label": take.label,
        "meta": json.dumps(meta, ensure_ascii=False),
        "samples": take.samples,
        "times": array.array("d", take.times.tobytes()),
        "values": array.array("f", np.where(take.valid, take.values, np.float32(0)).tobytes()),
        "valid": np.packbits(take.valid).tobytes(),
    }
    if take.confidence is not None:
        data["confidence"] = array.array("f", take.confidence.tobytes())
    text[_KEY] = data
    return text


def stored_takes() -> list[bpy.types.Text]:
    """Datablocks that hold takes, in the order of their names."""
    return [text for text in bpy.data.texts if _KEY in text]


def take_label(text: bpy.types.Text) -> str:
    """The take's own name, as `Take.label` has it."""
    return str(text[_KEY]["label"])


def take_digest(text: bpy.types.Text) -> str:
    """Digest of the stored take, without reading its arrays."""
    return str(text[_KEY]["digest"])


def load_take(text: bpy.types.Text) -> Take:
    """The take that a datablock holds, bit for bit as it was stored.

    Raises
    ------
    FacemocapError
        When the datablock holds none, or was damaged.
    """
    try:
        data = text[_KEY]
        meta = json.loads(data["meta"])
        shape = (int(data["samples"]), len(meta["channels"]))
        count = shape[0] * shape[1]
        if len(data["valid"]) != (count + 7) // 8:
            raise ValueError("validity does not fit")
        arrays = {
            "times": np.array(data["times"], np.float64),
            "values": np.frombuffer(memoryview(data["values"]), np.float32).reshape(shape),
            "valid": np.unpackbits(np.frombuffer(data["valid"], np.uint8), count=count)
            .astype(np.bool_)
            .reshape(shape),
        }
        if "confidence" in data:
            arrays["confidence"] = np.frombuffer(
                memoryview(data["confidence"]), np.float32
            ).reshape(shape)
        # copies: the datablock's memory goes away with the datablock
        return take_from_parts(meta, {name: part.copy() for name, part in arrays.items()})
    except (KeyError, TypeError, ValueError) as problem:
        raise FacemocapError(
            f'The text "{text.name}" holds no readable take', "Import the recording again"
        ) from problem


def _note(take: Take) -> str:
    return (
        f"Face Mocap take: {take.label}\n"
        f"{take.samples} samples, {take.duration_s:.2f} s, {take.rate_hz:.2f} Hz, "
        f"{len(take.recorded)} channels ({take.source.format})\n\n"
        "The samples are stored in this text's custom properties, as they were recorded.\n"
        "Deleting this text deletes the raw take from the file.\n"
    )
