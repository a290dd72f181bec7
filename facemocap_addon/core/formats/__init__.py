# SPDX-License-Identifier: GPL-3.0-or-later
"""What the readers stand on: text, numbers and containers of files, and takes made of them."""
