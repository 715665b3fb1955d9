"""The floor of `make coverage`: `python -m tests.support.branches REPORT`, a report of `coverage json`."""

import json
import sys
from pathlib import Path

FLOOR = 90.0
"""Per cent of the branches of cookiewarden.serve, with worker processes. It may only rise."""


def main(report: str) -> int:
    """Return 0 if the floor holds."""
    covered = float(json.loads(Path(report).read_text())["totals"]["percent_branches_covered"])
    print(f"{covered:.1f} % of the branches, at least {FLOOR:g} %")
    return int(covered < FLOOR)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
