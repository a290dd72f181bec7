# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands behind dev.py: environments, checks, fuzzing and the extension's build.

The modules that dev.py imports before an environment exists (door, blenders, pythons, environments,
libraries) use the standard library only and run on Python 3.9.
"""
