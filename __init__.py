# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry point that Blender's extension system demands at the root of the repository."""

from .facemocap_addon import register, unregister
