# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel remembers, in ``scene.facemocap``; saved with the file, undone with the file.

The takes themselves are Text datablocks, what was applied is recorded in the Action: both exist
without these classes. Of the rig map the JSON text is the truth; its rows are a view of it that
the list draws.
"""

from __future__ import annotations

from .choices import FACE_LAYERS, HEAD_LAYERS, KEYS_MODES
from .groups import (
    CLASSES,
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_row,
    FACEMOCAP_PG_scene,
    FACEMOCAP_PG_take,
)
from .maps import state_of, store_map, stored_map, with_source
from .rows import control_labels, control_record, listed_controls, refresh_rows
