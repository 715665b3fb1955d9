"""Drafts of policies: whatever they are made of, `check` accepts them."""

import re

from cookiewarden.core.policy.compose import load
from cookiewarden.core.policy.problem import Problem, Severity, printable

_BEGINS = re.compile(r"  - ")
_CONTINUES = re.compile(r"    |\s*$")


def accepted(head: str, entries: str) -> str:
    """Drafted entries, those of which that would be errors below `head` as comments which say why: two globs that match the same names,
    names that cannot be declared. `head` ends with `cookies:` and the end of its line."""
    lines = entries.split("\n")
    before = head.count("\n")
    while errors := {p.place.pos.line - before: p for p in _errors(composed(head, "\n".join(lines)))}:
        blocks = {
            begin: errors[at]
            for at in sorted(errors, reverse=True)
            if (begin := _entry_at(lines, at)) is not None
        }
        if not blocks:
            break  # not of an entry
        for begin, problem in blocks.items():
            _comment_out(lines, begin, problem)
    return "\n".join(lines)


def composed(head: str, entries: str) -> str:
    """A whole policy."""
    return head + entries if declared(entries) else f"{head.rstrip()} []\n{entries}"


def declared(entries: str) -> int:
    """How many there are that are no comments."""
    return sum(_BEGINS.match(line) is not None for line in entries.split("\n"))


def _errors(text: str) -> list[Problem]:
    problems = load("draft.yaml", lambda _: text.encode()).problems
    return [problem for problem in problems if problem.code.severity is Severity.ERROR]


def _entry_at(lines: list[str], number: int) -> int | None:
    """The index of the first line of the entry to which the line of this number, from 1, belongs."""
    at = number - 1
    if not 0 <= at < len(lines):
        return None
    while at > 0 and not _BEGINS.match(lines[at]) and _CONTINUES.match(lines[at]):
        at -= 1
    return at if _BEGINS.match(lines[at]) else None


def _comment_out(lines: list[str], begin: int, problem: Problem) -> None:
    end = begin + 1
    while end < len(lines) and lines[end].startswith("    "):
        end += 1
    # Places in the draft are another's once lines are taken out of it.
    why = re.sub(r" at draft\.yaml:[0-9:]+", "", problem.message)
    lines[begin:end] = [f"  # left out: {printable(why)}", *(f"  # {line[2:]}" for line in lines[begin:end])]
