"""`cookiewarden envoy`, which prints the configuration of Envoy for a policy."""

import ipaddress
from collections.abc import Callable
from typing import TypeVar

import click

from cookiewarden.cli.policies import load_policy, print_problems
from cookiewarden.cli.usage import FILE, REQUIRED_POLICY, say_nothing
from cookiewarden.core.policy.behind_envoy import envoy_problems
from cookiewarden.core.policy.policy import Policy
from cookiewarden.serve.address import UnixSocket, parse_address, parse_listener, parse_upstream
from cookiewarden.tools.envoy.hosts import Wish, configuration
from cookiewarden.tools.envoy.names import Host
from cookiewarden.tools.envoy.processor import Processor

LOCAL = "127.0.0.1:9190"
"""The processor beside Envoy itself."""
SERVICE = "cookiewarden:9190"
"""The processor as a Service of a cluster."""
T = TypeVar("T")
WITH_SOCKETS = (Host.ENVOY, Host.ISTIO)


@click.command()
@click.option(
    "--host",
    type=click.Choice([host.value for host in Host]),
    default=Host.ENVOY.value,
    show_default=True,
    help="The program that runs Envoy.",
)
@REQUIRED_POLICY
@click.option(
    "--processor",
    metavar="ADDRESS",
    help="Address at which Envoy reaches cookiewarden run --extproc. It is HOST:PORT, or unix:/PATH for envoy and "
    f"istio.  "
    f"[default: {LOCAL} for envoy, else {SERVICE}]",
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8080",
    help="Address for browsers, for --host envoy.",
    show_default=True,
)
@click.option(
    "--upstream",
    metavar="URL",
    default="http://127.0.0.1:3000",
    help="The application, for --host envoy.",
    show_default=True,
)
@click.option("--name", metavar="NAME", default="", help="Select this policy of --extproc-policy, for envoy and istio.")
@click.option(
    "--other",
    "others",
    metavar="FILE",
    type=FILE,
    multiple=True,
    help="A further policy of --extproc-policy whose routes use the filter.",
)
@click.option("--observe", is_flag=True, help="Only judge and count: Envoy waits for no answer.")
def envoy(
    host: str,
    policy: str,
    processor: str | None,
    listen: str,
    upstream: str,
    name: str,
    others: tuple[str, ...],
    observe: bool,
) -> int:
    """Print the configuration of Envoy, or of a program that runs it, for a policy.

    Run the processor with cookiewarden run --extproc. The configuration has the fields that the policy reads, so print
    it again when the policy changes in consent, statement, inject_guard, evict or on_error.
    """
    kind = Host(host)
    if kind is not Host.ENVOY:
        say_nothing(f"with --host {kind}", "listen", "upstream")
    main, *further = map(_policy, (policy, *others))
    wish = Wish(main, _processor(kind, processor), _listen(listen), _upstream(upstream), name, tuple(further), observe)
    click.echo(configuration(kind, wish), nl=False)
    return 0


def _policy(path: str) -> Policy:
    """Load a policy and print its rules without an effect. Raises PolicyRefused."""
    loaded = load_policy(path).loaded
    assert loaded.policy is not None  # noqa: S101 (load_policy raises otherwise)
    print_problems(envoy_problems(loaded.policy, loaded.sources))
    return loaded.policy


def _parsed(flag: str, parse: Callable[[str], T], text: str) -> T:
    """Parse the value of an option. Raises UsageError."""
    try:
        return parse(text)
    except ValueError as error:
        raise click.UsageError(f"{flag}: {error}") from None


def _processor(host: Host, text: str | None) -> Processor:
    """Parse the address of the processor. Raises UsageError."""
    address = _parsed("--processor", parse_listener, text or (LOCAL if host is Host.ENVOY else SERVICE))
    if isinstance(address, UnixSocket):
        if host not in WITH_SOCKETS:
            raise click.UsageError(f"--processor: {host} has no unix sockets; give HOST:PORT")
        return Processor(socket=address.path)
    return Processor(host=address.host, port=address.port)


def _listen(text: str) -> tuple[str, int]:
    address = _parsed("--listen", parse_address, text)
    try:
        ipaddress.ip_address(address.host)
    except ValueError:
        raise click.UsageError(f"--listen {text}: Envoy listens on IP addresses only, such as 127.0.0.1:8080") from None
    return address.host, address.port


def _upstream(text: str) -> tuple[str, int]:
    """Parse the address of the application. Raises UsageError."""
    upstream = _parsed("--upstream", parse_upstream, text)
    if upstream.address is None or upstream.tls:
        raise click.UsageError(
            f"--upstream {text}: only http://HOST:PORT is written; edit the cluster for TLS or a socket"
        )
    return upstream.address.host, upstream.address.port
