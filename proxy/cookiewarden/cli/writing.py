"""Output files of commands."""

from pathlib import Path

import click

from cookiewarden.core.policy.problem import printable


def write(path: Path, text: str) -> None:
    """Write a file, or replace it. Raises ClickException."""
    try:
        path.write_text(text)
    except OSError as error:
        raise cannot_write(path, error) from None


def write_new(path: Path, text: str) -> None:
    """Create a file. Raises UsageError if it exists, ClickException if it cannot be written."""
    try:
        with path.open("x") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f'"{printable(str(path))}" exists; give another file or delete it') from None
    except OSError as error:
        raise cannot_write(path, error) from None


def cannot_write(path: Path, error: OSError) -> click.ClickException:
    """Return the error for a file that the system refused to write."""
    return click.ClickException(f'cannot write "{printable(str(path))}": {(error.strerror or "error").lower()}')
