"""What every command has that speaks with a running proxy: its address and the token."""

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from cookiewarden.core.engine import Engine
from cookiewarden.core.policy import Mode, Policy
from cookiewarden.core.report import wire
from cookiewarden.keys import throw_away
from cookiewarden.tools.operator import Operator

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_URL = "http://127.0.0.1:9180"
FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How it is printed."
)


def asks_a_proxy(command: F) -> F:
    """An argument ADMIN_URL and an option for the token."""
    command = click.argument("admin_url", default=DEFAULT_URL, envvar="COOKIEWARDEN_ADMIN_URL")(command)
    return click.option(
        "--token-file",
        metavar="FILE",
        default="",
        envvar="COOKIEWARDEN_ADMIN_TOKEN_FILE",
        help="The admin listener's token.",
    )(command)


def operator(admin_url: str, token_file: str) -> Operator:
    """Raises UsageError."""
    url = admin_url if "://" in admin_url else f"http://{admin_url}"
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(
            f'"{admin_url}" is no address of an admin listener; expected such as {DEFAULT_URL}'
        )
    return Operator(url, token_file)


def enforcing(policy: Policy) -> Engine:
    """To say what it would do if it were enforced now."""
    return Engine(policy, Mode.ENFORCE, time.time(), throw_away(policy))


def as_json(document: object) -> str:
    """For programs, and for terminals too: all that is no ASCII is escaped."""
    return json.dumps(json.loads(wire.dump(document)), indent=2)
