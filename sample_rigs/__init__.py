# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample characters of the project and the scripts that generate them."""
