"""Workflow commands of GitHub Actions, which show annotations in a pull request."""

from collections.abc import Iterable

from cookiewarden.core.policy.problem import Severity
from cookiewarden.tools.annotations.annotation import Annotation, relative

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github(annotations: Iterable[Annotation]) -> str:
    """Format annotations as workflow commands, one per line."""
    return "".join(map(_command, annotations))


def without_commands(text: str) -> str:
    """Change the two beginnings of workflow commands, so that a runner prints a line and does not obey it."""
    return text.replace("::", "%3A%3A").replace("##[", "%23%23[")


def _command(annotation: Annotation) -> str:
    place = annotation.place
    return (
        f"::{_LEVELS[annotation.severity]} "
        f"file={_property(relative(place.path))},line={place.pos.line},col={place.pos.column},"
        f"title={_property(annotation.code)}::{_data(annotation.message)}\n"
    )


def _data(text: str) -> str:
    """Escape the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property of a workflow command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
