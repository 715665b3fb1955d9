"""Reading the files of a policy from disk: one resolved folder, nothing outside it, nothing endless.

The one leaf beside `core` that touches the disk, so that `check`, the proxy and the tools read alike.
"""

import os
import stat
from pathlib import Path

from cookiewarden.core.document import Loaded, Unread, load
from cookiewarden.core.problem import Code

MAX_FILE = 32 * 1024 * 1024
"""Octets; a register of 100,000 entries takes 15 MB."""


class PolicyFiles:
    """The main file of a policy and what may be included beside it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.main = Path(path)

    def load(self) -> Loaded:
        """Read, parse and compose. All files come from the folder that the main file resolves to at this moment,
        so that a swapped `..data` link of a ConfigMap never mixes two revisions."""
        resolved = self.main.resolve()
        return load(
            self.path, lambda name: read(resolved.parent, resolved.name if name == self.main.name else name)
        )

    def fingerprint(self, names: tuple[str, ...]) -> tuple[object, ...]:
        """What changes when one of the files does: the resolved folder, and size, time and inode of each."""
        resolved = self.main.resolve()
        found: list[object] = [str(resolved)]
        for name in names:
            try:
                status = os.stat(resolved.parent / (resolved.name if name == self.main.name else name))
            except OSError as error:
                found.append(error.errno)
            else:
                found.append((status.st_size, status.st_mtime_ns, status.st_ino))
        return tuple(found)

    def names_of(self, loaded: Loaded) -> tuple[str, ...]:
        """The files that were read, relative to the folder, the main one first."""
        parent = self.main.parent
        return (
            self.main.name,
            *(os.path.relpath(path, parent) for path in loaded.sources if Path(path) != self.main),
        )


def read(folder: Path, name: str) -> bytes | Unread:
    """The bytes of one file below `folder`, or why not."""
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder):
            return Unread(Code.INCLUDE_OUTSIDE, f'"{name}" leads outside the folder of the policy')
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return Unread(Code.UNREADABLE, f'"{name}" is not a regular file')
            raw = file.read(MAX_FILE + 1)
    except FileNotFoundError:
        return Unread(Code.INCLUDE_MISSING, f'there is no file "{name}"')
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Unread(Code.UNREADABLE, f'"{name}" cannot be read: {reason}')
    if len(raw) > MAX_FILE:
        return Unread(Code.TOO_LARGE, f'"{name}" is larger than {MAX_FILE // 1024 // 1024} MiB')
    return raw
