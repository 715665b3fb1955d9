"""Drafts of policies. `cookiewarden check` accepts every draft, for any input."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cookiewarden.core.policy.compose import load
from cookiewarden.core.policy.problem import Problem, Severity, printable


@dataclass(frozen=True, slots=True)
class DraftedEntry:
    """Entry of a register, as whole lines."""

    yaml: str
    """`  - name: …` with its keys, or comments only."""
    is_declared: bool = True
    """False if all lines are comments."""
    above: str = ""
    """Comments above the entry, which stay also if the entry becomes a comment."""

    @property
    def text(self) -> str:
        return self.above + self.yaml


def accepted(head: str, entries: Sequence[DraftedEntry]) -> list[DraftedEntry]:
    """Turn entries that cause errors below `head` into comments with the reason. Examples are two globs that match the
    same names, and names that cannot be declared. `head` ends with the line `cookies:`."""
    found = list(entries)
    while problems := _errors(composed(head, found)):
        wrong = _by_entry(head, found, problems)
        if not wrong:
            break  # the errors are outside the entries
        for at, problem in wrong.items():
            found[at] = _left_out(found[at], problem)
    return found


def composed(head: str, entries: Sequence[DraftedEntry]) -> str:
    """Compose a complete policy from its head and entries."""
    text = "".join(entry.text for entry in entries)
    return head + text if declared(entries) else f"{head.rstrip()} []\n{text}"


def declared(entries: Sequence[DraftedEntry]) -> int:
    """Count the entries that are not comments."""
    return sum(entry.is_declared for entry in entries)


def _errors(text: str) -> list[Problem]:
    problems = load("draft.yaml", lambda _: text.encode()).problems
    return [problem for problem in problems if problem.code.severity is Severity.ERROR]


def _by_entry(head: str, entries: Sequence[DraftedEntry], problems: list[Problem]) -> dict[int, Problem]:
    """Return the first problem of each entry with problems, by the index of the entry."""
    of_lines: list[int] = []
    for at, entry in enumerate(entries):
        of_lines += [at] * entry.text.count("\n")
    found: dict[int, Problem] = {}
    for problem in sorted(problems, key=lambda p: p.place.pos.line, reverse=True):
        line = problem.place.pos.line - head.count("\n") - 1
        if 0 <= line < len(of_lines) and entries[of_lines[line]].is_declared:
            found[of_lines[line]] = problem
    return found


def _left_out(entry: DraftedEntry, problem: Problem) -> DraftedEntry:
    # Places refer to this draft, and become wrong when lines turn into comments.
    why = re.sub(r" at draft\.yaml:[0-9:]+", "", problem.message)
    lines = [f"  # {line[2:]}" if line.strip() else line for line in entry.yaml.splitlines(keepends=True)]
    return replace(entry, yaml=f"  # left out: {printable(why)}\n{''.join(lines)}", is_declared=False)
