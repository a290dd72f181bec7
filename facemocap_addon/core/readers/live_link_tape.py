# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of tapes of Live Link Face's network packets: gzip files, or the packets themselves."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FacemocapError
from ..formats.coefficient_takes import drop_silent_angles, finished_take, schema_columns
from ..formats.live_link_order import ANGLES, COEFFICIENTS
from ..formats.live_link_packets import Packets, read_body, starts_packet, starts_tape
from ..formats.read_options import choose_face
from ..formats.sample_times import SampleTimes, nominal_rate
from ..sampling import usual_step
from ..take import Take, TakeSource
from . import Reader, ReadOptions

FORMAT = "live_link_face_udp"
_GZIP = b"\x1f\x8b\x08"
#: A day at 60 Hz is 1.7 GB; nobody tapes longer than two hours.
_MOST_BYTES = 160_000_000
_DAY_S = 86_400
_TAPE_AGAIN = "Record or copy the tape again"


def sniff(head: bytes) -> float:
    """A tape, packed or not, or a packet of version 6."""
    if head.startswith(_GZIP):
        try:
            head = zlib.decompressobj(31).decompress(head, 4096)
        except zlib.error:
            return 0.0
        return 1.0 if starts_tape(head) or starts_packet(head) else 0.0
    return 0.95 if starts_tape(head) or starts_packet(head) else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    name = path.name
    body, whole = _unpacked(data, name)
    del data
    packets, promised = read_body(body, name)
    if not len(packets):
        raise FacemocapError(f'"{name}" holds no packet of Live Link Face', _TAPE_AGAIN)
    if (promised is not None and len(packets) < promised) or not whole:
        raise FacemocapError(
            f'"{name}" is cut off: {len(packets)} of {promised or "its"} packets are complete',
            _TAPE_AGAIN,
        )
    packets, faces, warnings = _one_subject(packets, options, name)
    return _take(packets, body, name, warnings, faces)


def _unpacked(data: bytes, name: str) -> tuple[bytes, bool]:
    """The packed bytes, no more than a tape has, and whether the packing came to its end."""
    if not data.startswith(_GZIP):
        return data, True
    unpack = zlib.decompressobj(31)
    try:
        body = unpack.decompress(data, _MOST_BYTES)
    except zlib.error:
        raise FacemocapError(f'"{name}" is damaged: it cannot be unpacked', _TAPE_AGAIN) from None
    if unpack.unconsumed_tail:
        raise FacemocapError(
            f'"{name}" unpacks to more than {_MOST_BYTES // 1_000_000} MB, more than any tape',
            "Check that it is the recording",
        )
    return body, unpack.eof


def _one_subject(
    packets: Packets, options: ReadOptions, name: str
) -> tuple[Packets, dict[str, int], list[str]]:
    """The packets of the phone asked for, else that sent most; of several what each sent."""
    names = sorted(set(packets.senders))
    numbers = np.array([names.index(each) for each in packets.senders], np.int64)[packets.sender]
    sent: list[int] = np.bincount(numbers, minlength=len(names)).tolist()
    counts = dict(enumerate(sent))
    chosen = choose_face(counts, options, name)
    if len(names) == 1:
        return packets, {}, []
    kept = packets.chosen(np.flatnonzero(numbers == chosen))
    how = "the one that sent most" if options.face is None else f"number {chosen}"
    told = f'The tape holds {len(names)} faces; {how} is read ("{names[chosen][1]}").'
    faces = {f'{number} "{each[1]}"': counts[number] for number, each in enumerate(names)}
    return kept, faces, [told]


def _take(
    packets: Packets, body: bytes, name: str, warnings: list[str], faces: dict[str, int]
) -> Take:
    frames = packets.frames + packets.parts
    order = np.argsort(frames, kind="stable")
    late = int((np.diff(frames) < 0).sum())
    if late:
        warnings.append(f"{late} packets arrived late and were put in their places.")
    kept = order[np.diff(frames[order], prepend=-np.inf) > 0]
    if len(kept) < len(order):
        warnings.append(f"{len(order) - len(kept)} packets came twice and were left out.")
    packets = packets.chosen(kept)
    frames = frames[kept]
    rate = float(packets.rate[0, 0] / packets.rate[0, 1])
    names = (*COEFFICIENTS, *ANGLES)
    if not packets.counts.any():
        raise FacemocapError(
            f'"{name}" has no face in any of its {len(packets)} packets',
            "Record again with the face in view",
        )
    values, valid = packets.numbers(body, len(names))
    valid &= np.isfinite(values)
    values[~valid] = 0
    originals = [each[0].upper() + each[1:] for each in names]
    columns = schema_columns(originals, values, valid)
    del body, values, valid
    columns.warnings += warnings
    columns.assumptions.append("Packets carry no names: the order is that of Live Link Face.")
    columns.assumptions.append("Angles are taken for radians, as the app sends them.")
    silent = drop_silent_angles(columns)
    times = (frames - frames[0]) / rate
    step_s = usual_step(times) if len(times) > 1 else 1 / rate
    clock = SampleTimes(times, np.arange(len(times)), step_s, nominal_rate(1 / step_s))
    start_s = float(frames[0] / rate) % _DAY_S
    device, subject = packets.senders[int(packets.sender[0])]
    details: dict[str, Any] = {"packets": len(packets), "device": device, "subject": subject}
    if faces:
        details["faces"] = faces
    return finished_take(
        columns,
        clock,
        TakeSource(name, FORMAT, details),
        not_recorded=silent,
        start_timecode=_timecode(packets, rate),
        start_s=start_s,
    )


def _timecode(packets: Packets, rate: float) -> str | None:
    """The first packet's timecode as the app's files write it."""
    whole = round(rate)
    if whole < 1:
        return None
    second, frame = divmod(int(packets.frames[0]), whole)
    second %= _DAY_S
    part = min(int(packets.parts[0] * 1000), 999)
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}:{frame:02d}.{part:03d}"


READER = Reader(
    FORMAT, "Live Link Face packets (.gesichter)", (".gesichter", ".bin"), sniff, read, several=True
)
