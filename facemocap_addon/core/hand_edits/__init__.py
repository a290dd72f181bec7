# SPDX-License-Identifier: GPL-3.0-or-later
"""What an animator changed on curves that the program wrote: found, kept, laid onto new ones."""
