"""The floors of coverage, for `make test`: `python -m tests.support.floors` reads the data that pytest left."""

import json
import sys
import tempfile
from pathlib import Path

from coverage import Coverage

SERVE = 95.0
"""Per cent of the branches of cookiewarden.serve, worker processes included. It rises, and does not fall."""
CORE = 100.0
"""Per cent of the statements and branches of cookiewarden.core."""


def _totals(measured: Coverage, package: str) -> dict[str, float]:
    """Return the totals of a report of `coverage json`."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        measured.json_report(include=[f"proxy/cookiewarden/{package}/*"], outfile=str(report))
        totals: dict[str, float] = json.loads(report.read_text())["totals"]
        return totals


def main() -> int:
    """Return 0 if the floors hold."""
    measured = Coverage()
    measured.load()
    core, serve = (_totals(measured, package) for package in ("core", "serve"))
    found = {
        "core, statements and branches": (core["percent_covered"], CORE),
        "serve, branches": (serve["percent_branches_covered"], SERVE),
    }
    for what, (covered, floor) in found.items():
        print(f"{what}: {covered:.2f} % covered, and the floor is {floor:g} %")
    if core["percent_covered"] < CORE:
        measured.report(include=["proxy/cookiewarden/core/*"], skip_covered=True, show_missing=True)
    return int(any(covered < floor for covered, floor in found.values()))


if __name__ == "__main__":
    sys.exit(main())
