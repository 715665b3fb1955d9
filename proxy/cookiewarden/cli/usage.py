"""Options that go with one another, and those that do not."""

import click
from click.core import ParameterSource

FILE = click.Path(readable=False)
"""So that shells complete the names of files; whether it can be read is told by whoever reads it."""
FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How it is printed."
)


class Refused(click.ClickException):
    """A file with which the command cannot continue; `show` prints its problems."""

    code = 3
    """The exit code."""


def say_nothing(when: str, *names: str) -> None:
    """Refuse options that were given and would be ignored: `when` says where they say nothing. Raises UsageError."""
    context = click.get_current_context()
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if parameter.name in names and given:
            raise click.UsageError(f"{parameter.opts[0]} says nothing {when}")


def refuse_empty(paths: tuple[str, ...]) -> None:
    """An unset variable is not this folder. Raises UsageError."""
    if "" in paths:
        raise click.UsageError('"" is no path')
