"""What every command has that speaks with a running proxy: its address and the token."""

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from cookiewarden.cli.policies import valid_policy
from cookiewarden.cli.usage import FILE
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Mode, Policy
from cookiewarden.core.policy.problem import printable, shown_url
from cookiewarden.core.report import wire
from cookiewarden.core.report.inventory import Inventory
from cookiewarden.core.report.judge import Judged, judge_all
from cookiewarden.keys import throw_away
from cookiewarden.tools.admin_client import Operator

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_URL = "http://127.0.0.1:9180"


def asks_a_proxy(command: F) -> F:
    """An argument ADMIN_URL and an option for the token."""
    command.__doc__ = (
        f"{command.__doc__}\n    ADMIN_URL is its admin listener: a URL, HOST:PORT or a port of this "
        f"machine. Without one: COOKIEWARDEN_ADMIN_URL, else {DEFAULT_URL}."
    )
    command = click.argument("admin_url", default=DEFAULT_URL, envvar="COOKIEWARDEN_ADMIN_URL")(command)
    return click.option(
        "--token-file",
        metavar="FILE",
        type=FILE,
        default="",
        envvar="COOKIEWARDEN_ADMIN_TOKEN_FILE",
        show_envvar=True,
        help="The admin listener's token: the file that the proxy has as --admin-token-file.",
    )(command)


def operator(admin_url: str, token_file: str) -> Operator:
    """Raises UsageError."""
    return Operator(address_of(admin_url, "ADMIN_URL", DEFAULT_URL), token_file)


def address_of(text: str, option: str, such_as: str) -> str:
    """A URL; a host with its port, or a port of this machine, stands for one too. Raises UsageError."""
    url = text if "://" in text else f"http://127.0.0.1:{text}" if text.isdecimal() else f"http://{text}"
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        right = False
    if not right or parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise click.UsageError(f'{option}: "{printable(shown_url(text))}" is no address; expected such as {such_as}')
    return url.rstrip("/")


def observed_by(asked: Operator, policy: str) -> tuple[Policy, Inventory, Judged]:
    """What a proxy has seen, judged by the policy of another file. Raises PolicyRefused, NoAnswer."""
    loaded = valid_policy(policy)
    inventory = asked.inventory()
    return loaded, inventory, judge_all(inventory, enforcing(loaded), time.time())


def enforcing(policy: Policy) -> Engine:
    """To say what it would do if it were enforced now."""
    return Engine(policy, Mode.ENFORCE, time.time(), throw_away(policy))


def as_json(document: object) -> str:
    """For programs, and for terminals too: all that is no ASCII is escaped."""
    return json.dumps(json.loads(wire.dump(document)), indent=2)
