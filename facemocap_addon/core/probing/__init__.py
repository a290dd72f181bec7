# SPDX-License-Identifier: GPL-3.0-or-later
"""A character understood by how each of its controls moves the face, whatever their names."""
