"""`cookiewarden key`, which writes key files for sealed cookies and tokens for the admin listener."""

import secrets
from pathlib import Path

import click

from cookiewarden import keys
from cookiewarden.cli.writing import cannot_write


@click.group()
def key() -> None:
    """Create and rotate keys for sealed cookies, and create a token for the admin listener.

    The first key of a file encrypts. All keys of the file decrypt."""


@key.command()
@click.argument("file", type=click.Path(path_type=Path))
def new(file: Path) -> int:
    """Create a key file with one key. Only its owner can read it (mode 0600)."""
    try:
        keys.create(file)
    except FileExistsError:
        if file.is_dir():
            raise click.UsageError(f'"{file}" is a folder; give the name of a new file') from None
        raise click.UsageError(
            f'"{file}" exists and is not overwritten; to add a key to it, use cookiewarden key rotate {file}'
        ) from None
    except OSError as error:
        raise cannot_write(file, error) from None
    click.echo(f"{file}: one key; run with --seal-key-file {file}")
    return 0


@key.command()
@click.argument("file", type=click.Path(path_type=Path))
def rotate(file: Path) -> int:
    """Add a new first key to a key file. It encrypts from the next reload on; the other keys still decrypt."""
    try:
        count = keys.rotate(file)
    except keys.UnreadableKeys as bad:
        raise click.ClickException(str(bad)) from None
    except keys.BadKeys as bad:
        raise click.UsageError(str(bad)) from None
    except OSError as error:
        raise cannot_write(file, error) from None
    click.echo(f"{file}: {count} keys; remove the last key when the cookies that it encrypted have expired")
    return 0


@key.command()
@click.argument("file", type=click.Path(path_type=Path))
def token(file: Path) -> int:
    """Create a token file for the admin listener (--admin-token-file). Only its owner can read it (mode 0600)."""
    try:
        keys.write_new(file, secrets.token_urlsafe(32) + "\n")
    except FileExistsError:
        raise click.UsageError(f'"{file}" exists and is not overwritten; give another file or delete it') from None
    except OSError as error:
        raise cannot_write(file, error) from None
    click.echo(f"{file}: a new token for the admin listener (--admin-token-file)")
    return 0
