"""`python -m tests.bench`: measure everything and print the tables.

`--quick` only checks that the benchmark runs; its figures mean nothing.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from tests.bench.measure import Effort, measure, to_stderr
from tests.bench.report import report

QUICK = Effort(rounds=1, hostile_rounds=1, seconds=0.5, profiled=20, grown=(100, 5))


def main() -> None:
    """Measure, print the report and write it to a file if requested."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round and few users")
    parser.add_argument("--rounds", type=int, default=Effort().rounds)
    parser.add_argument(
        "--without-peers", action="store_true", help="measure only Ssoko and install nothing"
    )
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="also write the report to this file"
    )
    chosen = parser.parse_args()
    effort = QUICK if chosen.quick else Effort(rounds=chosen.rounds)
    effort = replace(effort, peers=not chosen.without_peers)
    page = report(measure(effort, to_stderr))
    sys.stdout.write(page)
    if chosen.write:
        chosen.write.write_text(page)


if __name__ == "__main__":
    main()
