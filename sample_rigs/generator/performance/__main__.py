# SPDX-License-Identifier: GPL-3.0-or-later
"""Write or check the sample take: ``python -m sample_rigs.generator.performance``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .files import live_link_csv, write_truth
from .model import DEFAULT_SEED, synthesise

STEM = "sample_take"
FOLDER = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 0, or 1 when the committed file differs from the model."""
    parser = argparse.ArgumentParser(
        prog="python -m sample_rigs.generator.performance",
        description="Synthesise the sample take from the model of a speaking performance.",
    )
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder (default: sample_rigs)")
    parser.add_argument("--truth", action="store_true", help="write events and clean values too")
    parser.add_argument("--check", action="store_true", help="compare with the file, write nothing")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="chooses the random draws")
    options = parser.parse_args(arguments)

    performance = synthesise(seed=options.seed)
    content = live_link_csv(performance)
    path: Path = options.out / f"{STEM}.csv"
    if options.check:
        if not path.is_file():
            print(f"{path} does not exist; run this command without --check.", file=sys.stderr)
            return 1
        if path.read_bytes() != content:
            print(f"{path} differs from what the model gives.", file=sys.stderr)
            return 1
        print(f"{path} is what the model gives.")
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    print(path)
    if options.truth:
        write_truth(performance, options.out, STEM)
        print(options.out / f"{STEM}.npz")
        print(options.out / f"{STEM}.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
