"""Problems as GitHub shows them beside the lines of a pull request: workflow commands on standard output."""

from cookiewarden.core.policy.problem import Problem, Severity

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github_line(problem: Problem) -> str:
    """A problem as GitHub shows it beside the line of a pull request."""
    place = problem.place
    return (
        f"::{_LEVELS[problem.code.severity]} "
        f"file={command_property(place.path)},line={place.pos.line},col={place.pos.column},"
        f"title={problem.code.text}::{command_data(problem.message)}"
    )


def command_data(text: str) -> str:
    """Escaped as GitHub's workflow commands want it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    return command_data(text).replace(":", "%3A").replace(",", "%2C")
