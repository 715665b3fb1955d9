"""The command `cookiewarden` and its one error handler."""

import gc
import importlib
import os
import sys
from typing import NamedTuple

import click

from cookiewarden import __version__
from cookiewarden.build import IS_COMPILED
from cookiewarden.cli.usage import Refused
from cookiewarden.errors import CannotRun


class Command(NamedTuple):
    """Row of the list of commands."""

    module: str
    """Module of this package that has the command."""
    help: str


COMMANDS = {
    "run": Command("run", "Run the proxy."),
    "check": Command("check", "Validate policy files."),
    "test": Command("test", "Run policy tests."),
    "explain": Command("explain", "Explain the decision on a cookie header."),
    "forecast": Command("forecast", "Show cookies that enforcement would break."),
    "drift": Command("drift", "Compare the register with the traffic."),
    "learn": Command("learn", "Draft a register from recorded traffic."),
    "diff": Command("diff", "Show how two policies differ in effect."),
    "statement": Command("statement", "Write the cookie statement for visitors."),
    "report": Command("report", "Report enforcement over time."),
    "mode": Command("operate", "Switch the mode of a running proxy."),
    "reload": Command("operate", "Reload the policy of a running proxy."),
    "health": Command("operate", "Check whether a running proxy is ready."),
    "envoy": Command("envoy", "Print the configuration of Envoy."),
    "compile": Command("compile", "Write a policy as a program in Lua."),
    "mitm": Command("mitm", "Use the engine as an addon of mitmproxy."),
    "key": Command("key", "Create and rotate keys, create a token."),
    "schema": Command("schema", "Print a JSON Schema."),
    "demo": Command("demo", "Run the proxy with a demo application."),
}


class Commands(click.Group):
    """Group that imports a command only when it runs, because most of its time is spent on imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        module = importlib.import_module(f"cookiewarden.cli.{row.module}")
        if not gc.isenabled():  # disabled by `cookiewarden.start`
            gc.freeze()
            gc.enable()
        found: click.Command = getattr(module, cmd_name)
        found.short_help = row.help
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.help) for name, row in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    __version__,
    prog_name="cookiewarden",
    message=f"%(prog)s, version %(version)s ({'compiled' if IS_COMPILED else 'interpreted'})",
)
def cli() -> None:
    """Enforce a cookie register. Only declared cookies pass, with the declared attributes and lifetimes."""


def main() -> None:
    """Run a command and exit with its code."""
    if sys.stdout is None:  # the parent process closed it
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
        _discard_output()  # the reader has closed the pipe (`| head`)
        return 0
    except OSError as error:
        _discard_output()
        where = f'"{error.filename}"' if error.filename else "standard output"
        click.echo(f"cookiewarden: {where}: {(error.strerror or 'error').lower()}", err=True)
        return 3


def _discard_output() -> None:
    """Redirect standard output, so that the interpreter does not fail to flush it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
