# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a performance: blinks, gaze, lips and transitions, found and edited one by one."""
