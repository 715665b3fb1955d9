"""Policies for commands: loading, and printing of problems."""

from collections.abc import Iterable
from typing import NamedTuple

import click

from cookiewarden.cli.usage import Refused
from cookiewarden.core.policy.loaded import Loaded
from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import Code, Problem, Severity, counted, has_errors, render_caret
from cookiewarden.files import PolicyFiles


class PolicyRefused(Refused):
    """Errors in a policy; exit code 1, or 3 if a file cannot be read."""

    def __init__(self, loaded: Loaded) -> None:
        super().__init__("")
        self.problems = loaded.problems
        self.code = exit_code(loaded.problems)

    def show(self, file: object = None) -> None:
        print_problems(self.problems)


class ReadPolicy(NamedTuple):
    """Policy without errors, with its files."""

    files: PolicyFiles
    loaded: Loaded
    """Result of loading; its `policy` is never None."""


def load_policy(path: str) -> ReadPolicy:
    """Load a policy. Raises PolicyRefused if it has errors or cannot be read."""
    files = PolicyFiles(path)
    return accepted(files, files.load())


def accepted(files: PolicyFiles, loaded: Loaded) -> ReadPolicy:
    """Return a policy without errors. Raises PolicyRefused."""
    if loaded.policy is None:
        raise PolicyRefused(loaded)
    return ReadPolicy(files, loaded)


def valid_policy(path: str) -> Policy:
    """Load a policy, without its files. Raises PolicyRefused if it has errors or cannot be read."""
    policy = load_policy(path).loaded.policy
    assert policy is not None  # noqa: S101 (load_policy raises otherwise)
    return policy


def print_problems(problems: Iterable[Problem]) -> None:
    """Print each problem with its line and a caret, then the number of problems, to standard error."""
    found = list(problems)
    for problem in found:
        click.echo(render_caret(problem), err=True)
    if found:
        click.echo(summary(found), err=True)


def summary(problems: list[Problem]) -> str:
    """Count problems by severity: `1 error, 2 warnings`."""
    counts = [(s, sum(p.code.severity is s for p in problems)) for s in Severity]
    return ", ".join(counted(count, s.value) for s, count in counts if count)


def exit_code(problems: list[Problem], strict: bool = False) -> int:
    """Return 3 if a file cannot be read, 1 for errors (with `strict`, also for warnings), else 0."""
    if any(p.code is Code.UNREADABLE for p in problems):
        return 3
    warned = strict and any(p.code.severity is Severity.WARNING for p in problems)
    return int(has_errors(problems) or warned)
