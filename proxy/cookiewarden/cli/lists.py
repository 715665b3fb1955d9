"""Lists of cookies for commands: reading, and the printing of the parts that were left out."""

from collections.abc import Sequence
from pathlib import Path

import click

from cookiewarden.core.policy.problem import counted, printable
from cookiewarden.tools.lists.listed import CookieList, NoList
from cookiewarden.tools.lists.reader import read_list

MAX_TOLD = 50
"""Maximum lines for items of each kind that were left out."""


def list_of(form: str, path: str, hosts: Sequence[str] = ()) -> CookieList | None:
    """Read a list and print its account. Returns None, and prints why, if the file is not a list of the format."""
    try:
        found = read_list(form, Path(path), hosts)
    except NoList as error:
        click.echo(f'cookiewarden: "{printable(path)}" is not a list that --from {form} can read; {error}', err=True)
        return None
    for is_understood, title in ((False, "Not understood:"), (True, "Left out:")):
        left = [one for one in found.left_out if one.is_understood is is_understood]
        lines = [f"  {printable(path)}: {one.place}: {one.why}" for one in left[:MAX_TOLD]]
        more = [f"  … {len(left) - MAX_TOLD} more"] if len(left) > MAX_TOLD else []
        for line in [title, *lines, *more] if left else []:
            click.echo(line, err=True)
    unread = f"; {counted(len(found.not_understood), 'point')} to review" if found.not_understood else ""
    read = f"{counted(len(found.cookies), 'cookie')} from {counted(found.rows, 'item')}"
    click.echo(f"{printable(path)}: {read}{unread}", err=True)
    return found
