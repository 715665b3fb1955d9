"""Loading a policy for a command: problems are printed, and without a policy the command ends."""

from collections.abc import Iterable
from typing import NamedTuple

import click

from cookiewarden.cli.usage import Refused
from cookiewarden.core.policy.compose import Loaded
from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import Code, Problem, Severity, counted, has_errors, render_caret
from cookiewarden.files import PolicyFiles


class PolicyRefused(Refused):
    """The policy has errors, which are printed; exit 1, or 3 where a file could not be read."""

    def __init__(self, loaded: Loaded) -> None:
        super().__init__("")
        self.problems = loaded.problems
        self.code = exit_code(loaded.problems)

    def show(self, file: object = None) -> None:
        print_problems(self.problems)


class ReadPolicy(NamedTuple):
    files: PolicyFiles
    loaded: Loaded
    """Its policy is there."""


def load_policy(path: str) -> ReadPolicy:
    """Load, or raise PolicyRefused for a policy with errors, or one that cannot be read."""
    files = PolicyFiles(path)
    loaded = files.load()
    if loaded.policy is None:
        raise PolicyRefused(loaded)
    return ReadPolicy(files, loaded)


def valid_policy(path: str) -> Policy:
    """The policy alone. Raises PolicyRefused."""
    policy = load_policy(path).loaded.policy
    assert policy is not None  # noqa: S101 (load_policy raises otherwise)
    return policy


def print_problems(problems: Iterable[Problem]) -> None:
    """Each problem with its line and caret, then how many there are, on standard error."""
    found = list(problems)
    for problem in found:
        click.echo(render_caret(problem), err=True)
    if found:
        click.echo(summary(found), err=True)


def summary(problems: list[Problem]) -> str:
    counts = [(s, sum(p.code.severity is s for p in problems)) for s in Severity]
    return ", ".join(counted(count, s.value) for s, count in counts if count)


def exit_code(problems: list[Problem], strict: bool = False) -> int:
    if any(p.code is Code.UNREADABLE for p in problems):
        return 3
    warned = strict and any(p.code.severity is Severity.WARNING for p in problems)
    return int(has_errors(problems) or warned)
