"""Recorded traffic for a command: files that cannot be read are told, and the others are used."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.traffic import ANYWHERE, NoTraffic, Recorded, recorded


def recorded_in(paths: Iterable[str], failed: list[str], at: Exchange = ANYWHERE) -> Iterator[Recorded]:
    """What can be read; what cannot is told and is in `failed`. `at`: where text is from that does not say it."""
    for path in paths:
        try:
            yield from recorded(Path(path), at)
        except NoTraffic as error:
            failed.append(path)
            click.echo(f"cookiewarden: {printable(str(error))}", err=True)
