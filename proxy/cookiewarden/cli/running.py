"""Address and token of a running proxy, for the commands that query it."""

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
_LISTENED = {"0.0.0.0:": "127.0.0.1:", "[::]:": "[::1]:", ":": "127.0.0.1:"}


def asks_a_proxy(command: F) -> F:
    """Add the argument ADMIN_URL and the option --token-file to a command."""
    command.__doc__ = (
        f"{command.__doc__}\n    ADMIN_URL is the proxy's admin listener: a URL, HOST:PORT, or a port of this "
        f"machine. The default is COOKIEWARDEN_ADMIN_URL, else the proxy's own COOKIEWARDEN_ADMIN, else {DEFAULT_URL}."
    )
    variables = ["COOKIEWARDEN_ADMIN_URL", "COOKIEWARDEN_ADMIN"]  # the second is set in a container
    command = click.argument("admin_url", default=DEFAULT_URL, envvar=variables)(command)
    return click.option(
        "--token-file",
        metavar="FILE",
        type=FILE,
        default="",
        envvar="COOKIEWARDEN_ADMIN_TOKEN_FILE",
        show_envvar=True,
        help="File with the token of the admin listener; the proxy's --admin-token-file.",
    )(command)


def operator(admin_url: str, token_file: str) -> Operator:
    """Return the client of an admin listener. Raises UsageError for an address that is not valid."""
    return Operator(address_of(admin_url, "ADMIN_URL", DEFAULT_URL), token_file)


def address_of(text: str, option: str, such_as: str) -> str:
    """Return the URL for a URL, HOST:PORT, or a port of this machine. Raises UsageError for other text.

    For an address on which a listener accepts connections to all addresses, return the loopback address."""
    for everywhere, here in _LISTENED.items():
        if text.startswith(everywhere):
            text = here + text.removeprefix(everywhere)
    url = text if "://" in text else f"http://127.0.0.1:{text}" if text.isdecimal() else f"http://{text}"
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        right = False
    if not right or parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise click.UsageError(f'{option}: "{printable(shown_url(text))}" is not a valid address, such as {such_as}')
    return url.rstrip("/")


def observed_by(asked: Operator, policy: str) -> tuple[Policy, Inventory, Judged]:
    """Evaluate the inventory of a proxy by another policy file. Raises PolicyRefused, NoAnswer."""
    loaded = valid_policy(policy)
    inventory = asked.inventory()
    return loaded, inventory, judge_all(inventory, enforcing(loaded), time.time())


def enforcing(policy: Policy) -> Engine:
    """Return an engine that enforces a policy in any mode, with a temporary key."""
    return Engine(policy, Mode.ENFORCE, time.time(), throw_away(policy))


def as_json(document: object) -> str:
    """Format a document as JSON in ASCII, so that it is also safe on a terminal."""
    return json.dumps(json.loads(wire.dump(document)), indent=2)
