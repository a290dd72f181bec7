# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a take, and what it holds, measured: nothing here changes a sample.

``examine`` puts everything together; the other modules measure one thing each, ``findings`` says in
sentences what matters, ``table`` and ``page`` are the same as CSV and as HTML.
"""
