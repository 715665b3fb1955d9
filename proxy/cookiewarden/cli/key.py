"""`cookiewarden key`: key files for sealed cookies, and the admin listener's token."""

import secrets
from pathlib import Path

import click

from cookiewarden import keys
from cookiewarden.cli.writing import cannot_write


@click.group()
def key() -> None:
    """Keys for sealed cookies: the first of a file seals, all of them open. And the token of the admin listener."""


@key.command()
@click.argument("file", type=click.Path(path_type=Path))
def new(file: Path) -> int:
    """Write FILE with one new key, readable by its owner alone (mode 0600)."""
    try:
        keys.create(file)
    except FileExistsError:
        if file.is_dir():
            raise click.UsageError(f'"{file}" is a directory; expected a file that is not there yet') from None
        raise click.UsageError(
            f'"{file}" is there already, and is not overwritten; if it is a key file, cookiewarden key rotate {file} '
            "adds a key"
        ) from None
    except OSError as error:
        raise cannot_write(file, error) from None
    click.echo(f"{file}: one key; run with --seal-key-file {file}")
    return 0


@key.command()
@click.argument("file", type=click.Path(path_type=Path))
def rotate(file: Path) -> int:
    """Put a new key first in FILE: it seals from the next reload on, and the others still open what they sealed."""
    try:
        count = keys.rotate(file)
    except keys.UnreadableKeys as bad:
        raise click.ClickException(str(bad)) from None
    except keys.BadKeys as bad:
        raise click.UsageError(str(bad)) from None
    except OSError as error:
        raise cannot_write(file, error) from None
    click.echo(f"{file}: {count} keys; take the last one out when no browser holds what it sealed any more")
    return 0


@key.command()
@click.argument("file", type=click.Path(path_type=Path))
def token(file: Path) -> int:
    """Write FILE with a token for the admin listener (--admin-token-file), readable by its owner alone (mode 0600)."""
    try:
        keys.write_new(file, secrets.token_urlsafe(32) + "\n")
    except FileExistsError:
        raise click.UsageError(f'"{file}" is there already, and is not overwritten') from None
    except OSError as error:
        raise cannot_write(file, error) from None
    click.echo(f"{file}: a new token for the admin listener (--admin-token-file)")
    return 0
