# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks as things to grab: found with their phases, edited one by one, made anew.

``finding.find_blinks`` finds them, ``records.BlinkEdit`` says what shall become of one,
``rhythm`` and ``generating`` write such records, ``editing.edit_blinks`` carries them out.
"""
