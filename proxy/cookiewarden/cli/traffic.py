"""Recorded traffic for commands, with an account of everything that was left out."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from cookiewarden.cli.progress import Progress
from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.recordings.reader import recorded
from cookiewarden.tools.recordings.recorded import ANYWHERE, Account, NoTraffic, Recorded


def recorded_in(paths: Iterable[str], failed: list[str], at: Exchange = ANYWHERE) -> Iterator[Recorded]:
    """Read the exchanges of all files. `at`: the URL of text that does not name its own. `failed`: gets the files that
    could not be read, or not completely; the reason is printed."""
    for path in paths:
        account = Account()
        try:
            with progress_of(path) as progress:
                yield from recorded(Path(path), at, account, progress.add)
        except NoTraffic as error:
            failed.append(path)
            click.echo(f"cookiewarden: {printable(str(error))}", err=True)
            print_account(path, account)
        else:
            if print_account(path, account):
                failed.append(path)


def progress_of(path: str) -> Progress:
    """Return the progress of reading a file."""
    return Progress(f"reading {printable(path)}", os.path.getsize(path) if os.path.isfile(path) else None)


def print_account(path: str, account: Account) -> bool:
    """Print the parts of a file that were left out or interpreted. Return whether cookies may be missing."""
    for line in account.lines():
        click.echo(f"{printable(path)}: {line}", err=True)
    if (account.exchanges or account.notes) and not account.cookies:
        click.echo(f"cookiewarden: {printable(path)} has no cookies; {account.why_no_cookies}", err=True)
    return account.is_incomplete
