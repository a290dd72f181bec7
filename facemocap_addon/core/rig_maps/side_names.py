# SPDX-License-Identifier: GPL-3.0-or-later
"""Names taken apart: which side a bone or a shape is on, and what is left of its name."""

from __future__ import annotations

import re
import unicodedata

_LEFT = {"l", "left", "lt", "lf"}
_RIGHT = {"r", "right", "rt", "rg"}


def name_words(name: str) -> list[str]:
    """Lower-case words of a name, split at punctuation, digits and capitals.

    >>> name_words("CC_Base_L_Eye"), name_words("lidUpper.L"), name_words("neck01")
    (['cc', 'base', 'l', 'eye'], ['lid', 'upper', 'l'], ['neck', '01'])
    """
    name = unicodedata.normalize("NFKC", name)
    name = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", name)
    name = re.sub(r"(\d+)", r" \1 ", name)
    return [word.lower() for word in re.split(r"[\W_]+", name) if word]


def split_side(name: str) -> tuple[str, str]:
    """(words without the side, joined by one space; ``L``, ``R`` or ``C``).

    >>> split_side("eye.L"), split_side("RightEye"), split_side("lEye"), split_side("jaw")
    (('eye', 'L'), ('eye', 'R'), ('eye', 'L'), ('jaw', 'C'))
    """
    words = name_words(name)
    # the last word that names a side counts: "l_eye", "eye.L", "Left_eye_L"
    for place in reversed(range(len(words))):
        side = "L" if words[place] in _LEFT else "R" if words[place] in _RIGHT else ""
        if side and len(words) > 1:
            return " ".join(words[:place] + words[place + 1 :]), side
    return " ".join(words), "C"
