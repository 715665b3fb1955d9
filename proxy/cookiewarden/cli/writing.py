"""Files that commands write."""

from pathlib import Path

import click

from cookiewarden.core.policy.problem import printable


def write(path: Path, text: str) -> None:
    """In place of what is there. Raises ClickException."""
    try:
        path.write_text(text)
    except OSError as error:
        raise cannot_write(path, error) from None


def write_new(path: Path, text: str) -> None:
    """A file that is not there yet. Raises UsageError, ClickException."""
    try:
        with path.open("x") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f'there is a file "{printable(str(path))}" already') from None
    except OSError as error:
        raise cannot_write(path, error) from None


def cannot_write(path: Path, error: OSError) -> click.ClickException:
    return click.ClickException(f'"{printable(str(path))}" cannot be written: {(error.strerror or "error").lower()}')
