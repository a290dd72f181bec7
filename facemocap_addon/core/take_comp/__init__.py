# SPDX-License-Identifier: GPL-3.0-or-later
"""Take comp: the best stretches of several takes by region, with seams where nobody sees them."""

from __future__ import annotations

from .composing import Composed, compose, recipe_of
from .recipe import Member, Recipe, Stretch, read_recipe, recipe_from_json
from .seams import Seam

__all__ = [
    "Composed",
    "Member",
    "Recipe",
    "Seam",
    "Stretch",
    "compose",
    "read_recipe",
    "recipe_from_json",
    "recipe_of",
]
