"""Recorded traffic for commands."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.traffic import ANYWHERE, NoTraffic, Recorded, recorded


def recorded_in(paths: Iterable[str], failed: list[str], at: Exchange = ANYWHERE) -> Iterator[Recorded]:
    """Read the exchanges of all files. A file that cannot be read is reported and added to `failed`. `at` is the URL of
    text without a Host."""
    for path in paths:
        try:
            yield from recorded(Path(path), at)
        except NoTraffic as error:
            failed.append(path)
            click.echo(f"cookiewarden: {printable(str(error))}", err=True)
