"""`cookiewarden mitm`, for the addon of mitmproxy."""

from importlib.resources import files

import click


@click.group()
def mitm() -> None:
    """Use the engine as an addon of mitmproxy, to inspect traffic. Install it with: pip install 'cookiewarden[mitm]'"""


@mitm.command(short_help="Print the path of the addon.")
def path() -> int:
    """Print the path of the addon for mitmproxy.

    \b
    mitmdump -s "$(cookiewarden mitm path)" --set cookiewarden_policy=FILE

    Options are cookiewarden_policy, cookiewarden_mode (enforce or report) and cookiewarden_seal_key_file. The command
    cookiewarden.judge FLOWS writes the decisions into the comments of flows. The command cookiewarden.reload reloads
    the policy. For entries with a scope, a mitmproxy in reverse mode needs keep_host_header=true."""
    click.echo(files("cookiewarden.adapters").joinpath("mitm.py"))
    return 0
