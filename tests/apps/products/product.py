"""One application of the table: its start, its clicks and its cookies."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page


@dataclass(frozen=True, slots=True)
class Product:
    """An application that other people wrote."""

    name: str
    start: Callable[[Path], AbstractContextManager[int]]
    """Start it with its files in a folder, and give its port."""
    clicks: Callable[["Page", str], None]
    """Use it at a URL as a person would, and assert that it did its work. Leaves the person logged in."""
    leave: Callable[["Page", str], None]
    """Log out, and assert that the session has ended."""
    cookies: tuple[str, ...]
    """Globs of the cookies that the browser holds while the person is logged in."""
    entries: tuple[str, ...]
    """Names of entries that the draft must have."""
    context: dict[str, Any] = field(default_factory=dict)
    """Options of the browser's context, such as the password of HTTP authentication."""
    stricter: tuple[str, str] | None = None
    """A regular expression and its replacement, which make the drafted policy stricter than the application can bear."""
    announced: str = ""
    """Glob of the cookie that the forecast must announce for the stricter policy."""
    announced_as: str = ""
    """Text in the forecast's advice about it."""
