"""The command `cookiewarden` and its one error handler."""

import os
import sys

import click

from cookiewarden import __version__
from cookiewarden.cli.check import check
from cookiewarden.cli.demo import demo
from cookiewarden.cli.drift import drift
from cookiewarden.cli.explain import explain
from cookiewarden.cli.forecast import forecast
from cookiewarden.cli.key import key
from cookiewarden.cli.operate import health, mode, reload_policy
from cookiewarden.cli.options import ConfigRefused
from cookiewarden.cli.policies import PolicyRefused, exit_code
from cookiewarden.cli.report import report
from cookiewarden.cli.run import run
from cookiewarden.cli.schema import schema
from cookiewarden.serve.listener import CannotStart
from cookiewarden.tools.client import NoAnswer


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cookiewarden")
def cli() -> None:
    """Enforce a cookie register: only declared cookies pass, with the attributes and lifetimes it promises."""


for command in (run, check, explain, forecast, drift, report, mode, reload_policy, health, key, schema, demo):
    cli.add_command(command)


def main() -> None:
    """Run a command and exit with its code."""
    sys.exit(_code())


def _code() -> int:
    try:
        result = cli.main(prog_name="cookiewarden", standalone_mode=False)
        sys.stdout.flush()
        return int(result or 0)
    except click.UsageError as error:
        error.show()
        return 2
    except ConfigRefused as error:
        error.show()
        return 2
    except PolicyRefused as error:
        error.show()
        return exit_code(error.problems)
    except click.ClickException as error:
        error.show()
        return 3
    except (CannotStart, NoAnswer) as error:
        click.echo(f"cookiewarden: {error}", err=True)
        return 3
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # The reader went away (`| head`): nothing is left to say, and no complaint at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
