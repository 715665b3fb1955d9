"""Workflow commands of GitHub Actions, which show problems as annotations of a pull request."""

from cookiewarden.core.policy.problem import Problem, Severity

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github_line(problem: Problem) -> str:
    """Format a problem as a workflow command."""
    place = problem.place
    return (
        f"::{_LEVELS[problem.code.severity]} "
        f"file={command_property(place.path)},line={place.pos.line},col={place.pos.column},"
        f"title={problem.code.text}::{command_data(problem.message)}"
    )


def command_data(text: str) -> str:
    """Escape the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    """Escape a property of a workflow command."""
    return command_data(text).replace(":", "%3A").replace(",", "%2C")
