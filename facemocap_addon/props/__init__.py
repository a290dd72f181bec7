# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel remembers, in ``scene.facemocap``; saved with the file, undone with the file.

The takes themselves are Text datablocks, what was applied is recorded in the Action: both exist
without these classes. Of the rig map the JSON text is the truth; its rows are a view of it that
the list draws.
"""

from __future__ import annotations

from .actor import (
    FACEMOCAP_PG_actor,
    FACEMOCAP_PG_example,
    FACEMOCAP_PG_examples,
    store_examples,
    store_range,
    stored_examples,
    stored_range,
)
from .choices import DRIVES, FACE_LAYERS, HEAD_LAYERS, KEYS_MODES, TAB_ROWS
from .entry_view import chosen_link, edited_keys, fill_entry
from .event_editing import EventEdits
from .event_view import EventView, EyeOpening, column_of, handles_in, pixels_a_frame
from .events import KIND_LABELS, FACEMOCAP_PG_event, FACEMOCAP_PG_events
from .ghosts import Ghosts
from .groups import (
    CLASSES,
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_scene,
    FACEMOCAP_PG_take,
)
from .health import FACEMOCAP_PG_health, health_stamp, stale_health
from .layers import LAYER_GROUPS, show_layers
from .map_groups import FACEMOCAP_PG_entry, FACEMOCAP_PG_link, FACEMOCAP_PG_row
from .maps import (
    control_record,
    listed_controls,
    state_of,
    store_findings,
    store_map,
    stored_findings,
    stored_map,
)
from .picking import Picking
from .points import (
    EMPHASIS,
    HOW,
    FACEMOCAP_PG_points,
    FACEMOCAP_PG_solve,
    FACEMOCAP_PG_tracked_point,
    FACEMOCAP_PG_weights,
    refine_settings,
    solve_settings,
)
from .quiet import quiet
from .rows import choose_row, refresh_rows
from .stack import FACEMOCAP_PG_stack, FACEMOCAP_PG_step
from .stack_editing import StackEdits, store_stack, stored_stack
from .stack_folder import preset_folder
from .step_params import GIVEN, region_name
from .take_choice import TakeChoice
from .tracking import tracking_folder
from .work import Work
