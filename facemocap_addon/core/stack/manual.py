# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual's part about kinds of steps, written from their own descriptions.

``python -m facemocap_addon.core.stack.manual docs/stack.md`` puts it between the marks of a file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .kind import Kind
from .kinds import kinds
from .params import field_types, may_be, param_fields, params_to_json

BEGIN, END = "<!-- kinds: begin -->", "<!-- kinds: end -->"


def manual_of_kinds() -> str:
    """Markdown of all kinds, each with a table of its parameters."""
    return "\n".join(kind_section(kind) for kind in kinds().values())


def kind_section(kind: Kind) -> str:
    """Markdown of one kind."""
    lines = [f"### `{kind.name}`: {kind.label}", "", f"{kind.what}.", ""]
    if kind.new_times:
        lines += ["It acts on the whole take: influence 1, no mask.", ""]
    rows = param_fields(kind.params)
    if not rows:
        return "\n".join([*lines, "It has no parameters.", ""])
    types, plain = field_types(kind.params), params_to_json(kind.params())
    lines += ["| parameter | is | default | meaning |", "| --- | --- | --- | --- |"]
    for each, described in rows:
        cells = (
            f"`{each.name}`",
            may_be(types[each.name], described),
            f"`{json.dumps(plain[each.name])}`",
            f"{described.label}: {described.what[:1].lower()}{described.what[1:]}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def with_kinds(text: str) -> str:
    """A manual's text with the part between the marks written anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{manual_of_kinds()}{END}{after}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_kinds(path.read_text(encoding="utf-8")), encoding="utf-8")
