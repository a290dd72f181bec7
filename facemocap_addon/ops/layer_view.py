# SPDX-License-Identifier: GPL-3.0-or-later
"""Which layers play from NLA tracks, shown in the panel."""

from __future__ import annotations

from ..gateway.layer_tracks.tracks import pushed_kinds
from ..gateway.writing.records import Performance
from ..props import LAYER_GROUPS, FACEMOCAP_PG_character, quiet


def show_tracks(item: FACEMOCAP_PG_character, performance: Performance | None) -> None:
    """Show which layers of what plays on a character play from tracks."""
    kinds = pushed_kinds(performance)
    with quiet():
        for name in LAYER_GROUPS:
            getattr(item.life, name).layer_on_track = name in kinds
