"""Drafts of policies: whatever they are made of, `check` accepts them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cookiewarden.core.policy.compose import load
from cookiewarden.core.policy.problem import Problem, Severity, printable


@dataclass(frozen=True, slots=True)
class DraftedEntry:
    """An entry for a register, as whole lines."""

    yaml: str
    """`  - name: …` and what belongs to it; or comments."""
    is_declared: bool = True
    """Not where all of it is comments."""
    above: str = ""
    """Comments that stay whatever becomes of the entry."""

    @property
    def text(self) -> str:
        return self.above + self.yaml


def accepted(head: str, entries: Sequence[DraftedEntry]) -> list[DraftedEntry]:
    """Drafted entries, those of which that would be errors below `head` as comments which say why: two globs that match
    the same names, names that cannot be declared. `head` ends with `cookies:` and the end of its line."""
    found = list(entries)
    while problems := _errors(composed(head, found)):
        wrong = _by_entry(head, found, problems)
        if not wrong:
            break  # not of an entry
        for at, problem in wrong.items():
            found[at] = _left_out(found[at], problem)
    return found


def composed(head: str, entries: Sequence[DraftedEntry]) -> str:
    """A whole policy."""
    text = "".join(entry.text for entry in entries)
    return head + text if declared(entries) else f"{head.rstrip()} []\n{text}"


def declared(entries: Sequence[DraftedEntry]) -> int:
    """How many there are that are no comments."""
    return sum(entry.is_declared for entry in entries)


def _errors(text: str) -> list[Problem]:
    problems = load("draft.yaml", lambda _: text.encode()).problems
    return [problem for problem in problems if problem.code.severity is Severity.ERROR]


def _by_entry(head: str, entries: Sequence[DraftedEntry], problems: list[Problem]) -> dict[int, Problem]:
    """The first problem of each entry that has any, by the entry's index."""
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
    # Places in the draft are another's once lines are taken out of it.
    why = re.sub(r" at draft\.yaml:[0-9:]+", "", problem.message)
    lines = [f"  # {line[2:]}" if line.strip() else line for line in entry.yaml.splitlines(keepends=True)]
    return replace(entry, yaml=f"  # left out: {printable(why)}\n{''.join(lines)}", is_declared=False)
