# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can be true without Blender: takes, names, curves, files. Never imports bpy."""
