"""`cookiewarden mitm`: the engine as an addon of mitmproxy."""

from importlib.resources import files

import click


@click.group()
def mitm() -> None:
    """The same engine as an addon of mitmproxy, for a look at traffic: pip install 'cookiewarden[mitm]'."""


@mitm.command(short_help="Where the addon is.")
def path() -> int:
    """Print where the addon is, for: mitmdump -s "$(cookiewarden mitm path)" --set cookiewarden_policy=FILE

    Options: cookiewarden_policy, cookiewarden_mode (enforce, report), cookiewarden_seal_key_file. Commands:
    cookiewarden.judge FLOWS tells in their comments what the policy says of them, cookiewarden.reload loads it again.
    Where mitmproxy is a reverse proxy, keep_host_header=true has it keep the host that the browser asked for, by which
    entries with a scope are chosen."""
    click.echo(files("cookiewarden.adapters").joinpath("mitm.py"))
    return 0
