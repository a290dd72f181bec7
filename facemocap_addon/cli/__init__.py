# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: one code for `facemocap`, `python -m facemocap_addon` and Blender's --command.

One module per command, each with a ``COMMAND``; `main.COMMANDS` lists them. bpy is imported only by
the commands that open characters.
"""
