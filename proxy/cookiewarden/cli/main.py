"""The command `cookiewarden` and its one error handler."""

import gc
import importlib
import os
import sys
from typing import NamedTuple

import click

from cookiewarden import __version__
from cookiewarden.cli.usage import Refused
from cookiewarden.errors import CannotRun


class Command(NamedTuple):
    """A command: its module, and what the list of commands says of it."""

    module: str
    help: str


COMMANDS = {
    "run": Command("run", "The proxy."),
    "check": Command("check", "Every problem of policy files."),
    "test": Command("test", "Policy tests."),
    "explain": Command("explain", "What would happen to a header, and why."),
    "forecast": Command("forecast", "What would break if a policy were enforced."),
    "drift": Command("drift", "Where register and traffic differ."),
    "learn": Command("learn", "A draft of a register from traffic."),
    "diff": Command("diff", "What a change of policy changes."),
    "statement": Command("statement", "The published page, from the policy."),
    "report": Command("report", "What was enforced, week by week."),
    "mode": Command("operate", "Switch a running proxy to report, or back."),
    "reload": Command("operate", "Have a running proxy load its policy again."),
    "health": Command("operate", "Whether a running proxy is ready."),
    "mitm": Command("mitm", "The engine as an addon of mitmproxy."),
    "key": Command("key", "Key files, and the admin token."),
    "schema": Command("schema", "JSON Schemas: policy files, admin answers."),
    "demo": Command("demo", "A demo application behind the proxy."),
}


class Commands(click.Group):
    """Imports a command when it is asked for, and none to list them: their imports take longer than all else that they
    do."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        module = importlib.import_module(f"cookiewarden.cli.{row.module}")
        if not gc.isenabled():  # since the process began: `cookiewarden.start`
            gc.freeze()
            gc.enable()
        found: click.Command = getattr(module, cmd_name)
        found.short_help = row.help
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.help) for name, row in COMMANDS.items()])


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
    except Refused as error:
        error.show()
        return error.code
    except click.ClickException as error:
        error.show()
        return 3
    except CannotRun as error:
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
