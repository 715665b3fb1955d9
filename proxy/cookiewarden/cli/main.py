"""The command `cookiewarden` and its one error handler."""

import importlib
import os
import sys

import click

from cookiewarden import __version__
from cookiewarden.cli.policies import PolicyRefused, exit_code
from cookiewarden.serve.errors import CannotStart
from cookiewarden.tools.http import NoAnswer

COMMANDS = {
    "run": "run", "check": "check", "test": "test", "explain": "explain", "forecast": "forecast", "drift": "drift", "learn": "learn", "diff": "diff", "statement": "statement", "report": "report",
    "mode": "operate", "reload": "operate", "health": "operate", "mitm": "mitm", "key": "key", "schema": "schema", "demo": "demo",
}  # fmt: skip
"""The module of each command."""


class Commands(click.Group):
    """Imports a command when it is asked for: a proxy that starts does not wait for those of others (20 ms)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"cookiewarden.cli.{COMMANDS[cmd_name]}")
        found: click.Command = getattr(module, cmd_name)
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cookiewarden")
def cli() -> None:
    """Enforce a cookie register: only declared cookies pass, with the attributes and lifetimes it promises."""


def main() -> None:
    """Run a command and exit with its code."""
    if sys.stdout is None:  # closed: who closed it wants to hear nothing
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (for as long as the process lives)
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115 (for as long as the process lives)
    sys.exit(_code())


def _code() -> int:
    try:
        result = cli.main(prog_name="cookiewarden", standalone_mode=False)
        sys.stdout.flush()
        return int(result or 0)
    except click.UsageError as error:
        error.show()
        return 2
    except PolicyRefused as error:
        error.show()
        return error.code or exit_code(error.problems)
    except click.ClickException as error:
        error.show()
        return 3
    except (CannotStart, NoAnswer) as error:
        click.echo(f"cookiewarden: {error}", err=True)
        return 3
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        _say_no_more()  # the reader went away (`| head`)
        return 0
    except OSError as error:
        _say_no_more()
        where = f'"{error.filename}"' if error.filename else "standard output"
        click.echo(f"cookiewarden: {where}: {(error.strerror or 'error').lower()}", err=True)
        return 3


def _say_no_more() -> None:
    """What could not be written is not tried again at the exit, with a complaint."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
