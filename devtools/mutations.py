# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to damage a recording: what happens to files on disks, in mails and in spreadsheets.

Each mutation takes bytes and a random generator and returns bytes. Those for text leave data that
is not text alone.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable

from .fbx_mutations import damage_record, is_scene

Mutation = Callable[[bytes, random.Random], bytes]

WORDS = ("", " ", "NA", "nan", "-inf", "jawOpen", "1e400", "-1e308", "9" * 400, "1,5", '"', "\x00")
DELIMITERS = (",", ";", "\t", " ", "|")


def cut_end(data: bytes, rng: random.Random) -> bytes:
    """Keep only the beginning, as an interrupted copy does."""
    return data[: rng.randrange(len(data) + 1)]


def cut_middle(data: bytes, rng: random.Random) -> bytes:
    """Take a stretch out."""
    start, end = _pick_stretch(data, rng)
    return data[:start] + data[end:]


def repeat_stretch(data: bytes, rng: random.Random) -> bytes:
    """Put a stretch in twice."""
    start, end = _pick_stretch(data, rng)
    return data[:end] + data[start:]


def zero_stretch(data: bytes, rng: random.Random) -> bytes:
    """Blank a stretch, as a bad disk block does."""
    start, end = _pick_stretch(data, rng)
    return data[:start] + bytes(end - start) + data[end:]


def flip_bytes(data: bytes, rng: random.Random) -> bytes:
    """Change up to 16 bytes."""
    damaged = bytearray(data)
    for _ in range(rng.randint(1, 16) if damaged else 0):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def flip_early_bytes(data: bytes, rng: random.Random) -> bytes:
    """Change bytes among the first 256, where binary formats keep their counts and offsets."""
    return flip_bytes(data[:256], rng) + data[256:]


def drop_columns(data: bytes, rng: random.Random) -> bytes:
    """Take one to five columns out of every row, or out of the rows only."""
    rows, delimiter, ending = _split_table(data)
    width = max(map(len, rows), default=0)
    gone = {rng.randrange(width) for _ in range(rng.randint(1, 5))} if width else set()
    first = rng.choice((0, 1))
    kept = [
        [cell for place, cell in enumerate(row) if place not in gone] if number >= first else row
        for number, row in enumerate(rows)
    ]
    return _join_table(kept, delimiter, ending)


def put_words(data: bytes, rng: random.Random) -> bytes:
    """Replace some cells by what is not a number, or none that a float holds."""
    rows, delimiter, ending = _split_table(data)
    for _ in range(rng.randint(1, 8)):
        row = rng.choice(rows)
        row[rng.randrange(len(row))] = rng.choice(WORDS)
    return _join_table(rows, delimiter, ending)


def swap_headers(data: bytes, rng: random.Random) -> bytes:
    """Exchange, double or blank header cells."""
    rows, delimiter, ending = _split_table(data)
    header = rows[0]
    for _ in range(rng.randint(1, 6)):
        one, other = rng.randrange(len(header)), rng.randrange(len(header))
        header[one] = rng.choice((header[other], "", header[one].upper()))
    return _join_table(rows, delimiter, ending)


def repeat_lines(data: bytes, rng: random.Random) -> bytes:
    """Repeat a run of lines, so that time runs backwards or stands still."""
    lines = data.split(b"\n")
    start = rng.randrange(len(lines))
    end = min(len(lines), start + rng.randint(1, 20))
    return b"\n".join(lines[:end] + lines[start:end] * rng.randint(1, 3) + lines[end:])


def shuffle_lines(data: bytes, rng: random.Random) -> bytes:
    """Put the lines after the first in another order."""
    first, *rest = data.split(b"\n")
    rng.shuffle(rest)
    return b"\n".join([first, *rest])


def keep_few_lines(data: bytes, rng: random.Random) -> bytes:
    """Keep the first one to three lines: a header alone, or a take of one row."""
    return b"\n".join(data.split(b"\n")[: rng.randint(1, 3)])


def change_delimiter(data: bytes, rng: random.Random) -> bytes:
    """Save as another spreadsheet does."""
    rows, _, ending = _split_table(data)
    return _join_table(rows, rng.choice(DELIMITERS), rng.choice((ending, "\r\n", "\r")))


def change_encoding(data: bytes, rng: random.Random) -> bytes:
    """Add a byte order mark or store as UTF-16."""
    if rng.random() < 0.5:
        return b"\xef\xbb\xbf" + data
    return data.decode("latin-1").encode("utf-16")


def damage_member(data: bytes, rng: random.Random) -> bytes:
    """Damage, exchange or drop one file of an archive, its checksum made right again."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(name, archive.read(name)) for name in archive.namelist()]
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, OSError):
        return data
    if not members:
        return data
    place = rng.randrange(len(members))
    name, content = members[place]
    other = members[rng.randrange(len(members))][1]
    mutation = rng.choice((*BYTES, put_words))
    outcomes = (*[[(name, mutation(content, rng))]] * 6, [(name, other)], [])
    members[place : place + 1] = rng.choice(outcomes)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for each, content in members:
            archive.writestr(each, content)
    return packed.getvalue()


BYTES: tuple[Mutation, ...] = (
    cut_end,
    cut_middle,
    repeat_stretch,
    zero_stretch,
    flip_bytes,
    flip_early_bytes,
)
TEXT: tuple[Mutation, ...] = (
    drop_columns,
    put_words,
    swap_headers,
    repeat_lines,
    shuffle_lines,
    keep_few_lines,
    change_delimiter,
    change_encoding,
)


def damage(data: bytes, rng: random.Random) -> tuple[bytes, list[str]]:
    """Apply one to three mutations and return the result with their names."""
    names: list[str] = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        mutation = rng.choice(_list_mutations(data))
        data = mutation(data, rng)
        names.append(mutation.__name__)
    return data, names


def _list_mutations(data: bytes) -> tuple[Mutation, ...]:
    if data.startswith(b"PK"):
        return (*BYTES, *[damage_member] * 12)
    if is_scene(data):
        return (*BYTES, *[damage_record] * 24)
    return BYTES + TEXT * 2 if _is_text(data) else BYTES


def _is_text(data: bytes) -> bool:
    return bool(data) and b"\0" not in data[:4096]


def _pick_stretch(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    longest = rng.choice((8, 256, 8192))
    return start, min(len(data), start + rng.randint(1, longest))


def _split_table(data: bytes) -> tuple[list[list[str]], str, str]:
    """Return rows of cells, the likely delimiter and the line ending; byte for character."""
    text = data.decode("latin-1")
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(ending)
    delimiter = max(DELIMITERS, key=lines[0].count)
    return [line.split(delimiter) for line in lines], delimiter, ending


def _join_table(rows: list[list[str]], delimiter: str, ending: str) -> bytes:
    return ending.join(delimiter.join(row) for row in rows).encode("latin-1", "replace")
