# SPDX-License-Identifier: GPL-3.0-or-later
"""Driver expressions that are plain straight lines, read without evaluating them in Blender."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable

#: Terms of a straight expression: factor by variable; the constant is under the empty name.
Terms = dict[str, float]

_CONSTANTS = {"pi": math.pi, "True": 1.0, "False": 0.0}


def straight_terms(expression: str, names: Iterable[str]) -> Terms | None:
    """Factors of the variables ``names`` in an expression; None unless it is a straight line.

    >>> straight_terms("0.5 * v + 0.1", ["v"]), straight_terms("v * v", ["v"])
    ({'v': 0.5, '': 0.1}, None)
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
        terms = _terms(tree, frozenset(names))
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None
    if terms is None or not all(math.isfinite(factor) for factor in terms.values()):
        return None
    return terms


def reads_frame(expression: str, names: Iterable[str]) -> bool:
    """Whether an expression changes with the scene's frame by itself."""
    text = re.sub(r"""(["']).*?\1""", "", expression)
    return "frame" not in set(names) and re.search(r"(?<![\w.])frame\b", text) is not None


def _terms(node: ast.expr, names: frozenset[str]) -> Terms | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return {"": float(node.value)}
    if isinstance(node, ast.Name):
        # a variable may hide a constant of the same name
        if node.id in names:
            return {node.id: 1.0}
        return {"": _CONSTANTS[node.id]} if node.id in _CONSTANTS else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inside = _terms(node.operand, names)
        return _times(inside, -1.0 if isinstance(node.op, ast.USub) else 1.0)
    if isinstance(node, ast.BinOp):
        return _of_two(node.op, _terms(node.left, names), _terms(node.right, names))
    return None


def _of_two(operator: ast.operator, left: Terms | None, right: Terms | None) -> Terms | None:
    if left is None or right is None:
        return None
    if isinstance(operator, ast.Add | ast.Sub):
        sign = -1.0 if isinstance(operator, ast.Sub) else 1.0
        keys = dict.fromkeys([*left, *right])
        return {key: left.get(key, 0.0) + sign * right.get(key, 0.0) for key in keys}
    if isinstance(operator, ast.Mult):
        if set(right) <= {""}:
            return _times(left, right.get("", 0.0))
        return _times(right, left.get("", 0.0)) if set(left) <= {""} else None
    if isinstance(operator, ast.Div) and set(right) <= {""} and right.get("", 0.0):
        return {key: factor / right[""] for key, factor in left.items()}
    return None


def _times(terms: Terms | None, factor: float) -> Terms | None:
    return None if terms is None else {key: factor * value for key, value in terms.items()}
