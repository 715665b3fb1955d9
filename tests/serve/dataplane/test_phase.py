"""The phases of a client's connection: the contributors' page prints the table of the code."""

from pathlib import Path

from cookiewarden.serve.dataplane.phase import Phase

PAGE = Path(__file__).parents[3] / "proxy" / "README.md"


def row(phase: Phase) -> str:
    read, idle = ("yes" if flag else "no" for flag in (phase.is_read, phase.is_idle))
    return f"| `{phase.name}` | {phase.meaning} | {phase.arrival.value} | {phase.lateness.value} | {read} | {idle} |"


def test_the_contributors_page_prints_the_table_of_phases() -> None:
    lines = PAGE.read_text().splitlines()
    printed = [line for line in lines if line.startswith("| `") and line.count("|") == 7]
    assert printed == [row(phase) for phase in Phase]
