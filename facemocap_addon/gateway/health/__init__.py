# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of what plays on a character, measured on it; nothing of the file is changed."""
