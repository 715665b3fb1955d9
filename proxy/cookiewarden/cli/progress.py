"""Progress of long work on a terminal. Pipes and files get nothing, and short work shows nothing."""

import sys
import time
from types import TracebackType
from typing import Self

import click

PATIENCE = 1.0
"""Seconds of work before progress is shown."""


class Progress:
    """A bar on standard error for work of known size, or a count for other work."""

    def __init__(self, label: str, total: int | None = None) -> None:
        """Set the label and the size of the work in any unit; None if it is unknown."""
        self._label, self._total = label, total
        self._done = 0
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()
        self._from = time.monotonic() + PATIENCE
        self._bar: click._termui_impl.ProgressBar[int] | None = None
        self._counted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.render_finish()
        elif self._counted:
            click.echo(err=True)

    def add(self, amount: int = 1) -> None:
        """Count finished work."""
        self._done += amount
        if not self._is_shown or time.monotonic() < self._from:
            return
        if self._total is None:
            self._counted = True
            click.echo(f"\r{self._label}: {self._done}", nl=False, err=True)
        elif self._bar is None:
            self._bar = click.progressbar(length=self._total, label=self._label, file=sys.stderr)
            self._bar.update(min(self._done, self._total))
        else:
            self._bar.update(amount)
