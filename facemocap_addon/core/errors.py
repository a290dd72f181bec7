# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error a person is meant to read."""

from __future__ import annotations


class FacemocapError(Exception):
    """Something the person can mend, in two clauses of one sentence.

    Operators turn it into a report and CANCELLED, the command line into one line on standard
    error and an exit status. Any other exception is a bug and looks like one.

    Parameters
    ----------
    what : str
        What happened, naming the file, character or setting. No final period.
    todo : str
        What to do about it. No final period.
    """

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(what, todo)
        self.what = _one_line(what)
        self.todo = _one_line(todo)

    def __str__(self) -> str:
        return f"{self.what}. {self.todo}."


def _one_line(text: str) -> str:
    """Keep a message one line long whatever a file name or a parser put into it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()).rstrip(".")
