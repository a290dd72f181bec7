# SPDX-License-Identifier: GPL-3.0-or-later
"""From a take to keys: prepared, hand edits carried, written into slots, laid over what plays."""
