# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own take file, ``NAME.take.npz``: a zip of numpy arrays, equal takes being equal bytes.

Members in this order, stored without compression and dated 1980-01-01:

===============  =================  ==========================================================
``times.npy``    float64 ``(n,)``   seconds
``values.npy``   float32 ``(n, c)`` as recorded; 0 where not valid
``valid.npy``    bool ``(n, c)``
``confidence``   float32 ``(n, c)`` only when the tracker gave one (``confidence.npy``)
``meta.npy``     uint8 ``(k,)``     UTF-8 JSON: schema, channels, source, timebase, history,
                                    not_recorded, assumptions, warnings
===============  =================  ==========================================================
"""

from __future__ import annotations

import io
import json
import tokenize
import zipfile
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .arrays import frozen
from .channels import Channel
from .errors import FacemocapError
from .files import read_file, replace_file
from .take import Take, TakeSource
from .timebase import Timebase

SCHEMA = 1
_DATE = (1980, 1, 1, 0, 0, 0)


def take_meta(take: Take) -> dict[str, Any]:
    """Everything about a take but its arrays, as plain values."""
    return {
        "schema": SCHEMA,
        "source": {
            "name": take.source.name,
            "format": take.source.format,
            "details": take.source.details,
        },
        "timebase": {
            "rate": [take.timebase.rate.numerator, take.timebase.rate.denominator],
            "start_timecode": take.timebase.start_timecode,
            "start_s": take.timebase.start_s,
        },
        "channels": [channel.to_json() for channel in take.channels],
        "not_recorded": list(take.not_recorded),
        "assumptions": list(take.assumptions),
        "warnings": list(take.warnings),
        "history": list(take.history),
    }


def take_from_parts(meta: dict[str, Any], arrays: dict[str, Any]) -> Take:
    """The take that `take_meta` and the arrays describe.

    Raises
    ------
    KeyError, TypeError, ValueError
        When a part is missing or does not fit.
    """
    numerator, denominator = meta["timebase"]["rate"]
    return Take(
        times=arrays["times"],
        channels=tuple(Channel.from_json(entry) for entry in meta["channels"]),
        values=arrays["values"],
        valid=arrays["valid"],
        confidence=arrays.get("confidence"),
        timebase=Timebase(
            Fraction(numerator, denominator),
            meta["timebase"]["start_timecode"],
            float(meta["timebase"]["start_s"]),
        ),
        source=TakeSource(**meta["source"]),
        not_recorded=tuple(meta["not_recorded"]),
        assumptions=tuple(meta["assumptions"]),
        warnings=tuple(meta["warnings"]),
        history=tuple(meta["history"]),
    )


def take_bytes(take: Take) -> bytes:
    """The file's content; equal takes give equal bytes on every platform and Python."""
    meta = json.dumps(take_meta(take), sort_keys=True, ensure_ascii=False).encode()
    members: dict[str, Any] = {
        "times": take.times,
        "values": np.where(take.valid, take.values, np.float32(0)),
        "valid": take.valid,
    }
    if take.confidence is not None:
        members["confidence"] = take.confidence
    members["meta"] = np.frombuffer(meta, np.uint8)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, array in members.items():
            data = io.BytesIO()
            # version 1.0 and little-endian whatever the machine: the header is part of the bytes
            little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            np.lib.format.write_array(data, little, version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", _DATE)
            info.create_system = 3
            archive.writestr(info, data.getvalue())
    return out.getvalue()


def write_take_file(take: Take, path: Path) -> None:
    """Write ``path`` whole or not at all."""
    replace_file(path, take_bytes(take))


def read_take_file(path: Path) -> Take:
    """Read what `write_take_file` wrote; errors as `read_take_stream`."""
    return read_take_stream(io.BytesIO(read_file(path)), path.name)


def read_take_stream(stream: BinaryIO, name: str) -> Take:
    """Read a take file from a stream; ``name`` is for messages.

    Raises
    ------
    FacemocapError
        When the file is damaged, of a newer schema, or not a take.
    """
    try:
        arrays: dict[str, Any] = {}
        with zipfile.ZipFile(stream) as archive:
            for member in archive.namelist():
                # read whole: the checksum is compared before anything is made of the bytes
                arrays[member.removesuffix(".npy")] = np.lib.format.read_array(
                    io.BytesIO(archive.read(member)), allow_pickle=False
                )
        meta = json.loads(bytes(frozen(arrays.pop("meta"), np.uint8)).decode())
        if meta["schema"] > SCHEMA:
            raise FacemocapError(
                f'"{name}" was written by a newer Face Mocap (take schema {meta["schema"]})',
                "Update Face Mocap",
            )
        return take_from_parts(meta, arrays)
    except FacemocapError:
        raise
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        tokenize.TokenError,
        SyntaxError,
        KeyError,
        TypeError,
        ValueError,
        EOFError,
        RuntimeError,
        NotImplementedError,
        MemoryError,
        ZeroDivisionError,
        AttributeError,
    ) as problem:
        # RuntimeError: an encrypted member; NotImplementedError: an unknown compression;
        # TokenError and SyntaxError: numpy's parser of an array's header
        raise FacemocapError(
            f'"{name}" is damaged: {problem}', "Convert the original recording again"
        ) from problem
