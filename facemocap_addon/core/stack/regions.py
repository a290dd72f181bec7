# SPDX-License-Identifier: GPL-3.0-or-later
"""The regions of a face that masks and parameters name."""

from __future__ import annotations

#: All that `Channel.region` may be, top to bottom.
REGIONS = ("brow", "eye", "gaze", "nose", "cheek", "mouth", "jaw", "tongue", "head", "other")
