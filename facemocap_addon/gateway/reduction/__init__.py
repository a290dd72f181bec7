# SPDX-License-Identifier: GPL-3.0-or-later
"""Key reduction of what is put on a character: by units, or by millimetres of its own mesh."""
