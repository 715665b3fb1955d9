"""Options that several commands share, and checks of their combinations."""

import click
from click.core import ParameterSource

FILE = click.Path(readable=False)
"""Path that shells complete. The command reports a file that cannot be read."""
REQUIRED_POLICY = click.option(
    "--policy",
    metavar="FILE",
    type=FILE,
    envvar="COOKIEWARDEN_POLICY",
    required=True,
    help="Policy file.",
    show_envvar=True,
)
FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output format.", show_default=True
)


class Refused(click.ClickException):
    """Error in a file that stops the command; `show` prints its problems."""

    code = 3
    """Exit code."""


def say_nothing(when: str, *names: str) -> None:
    """Raise UsageError for an option on the command line that has no effect. `when` completes "has no effect ..."."""
    context = click.get_current_context()
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if parameter.name in names and given:
            raise click.UsageError(f"{parameter.opts[0]} has no effect {when}; remove it")


def refuse_empty(paths: tuple[str, ...]) -> None:
    """Raise UsageError for an empty path: an unset shell variable must not mean the current folder."""
    if "" in paths:
        raise click.UsageError('"" is not a valid path; give a file or a folder')
