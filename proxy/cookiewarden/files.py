"""Reading the files of a policy from disk: one resolved folder, nothing outside it, nothing endless.

The one leaf beside `core` that touches the disk, so that `check`, the proxy and the tools read alike.
"""

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from cookiewarden.core.policy.compose import Loaded, load
from cookiewarden.core.policy.includes import Unread
from cookiewarden.core.policy.problem import Code

MAX_FILE = 32 * 1024 * 1024
"""Octets; a register of 100,000 entries takes 15 MB."""


PASSING = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOBUFS,
        errno.EAGAIN,
        errno.EINTR,
        errno.EIO,
        errno.ESTALE,
        errno.ETIMEDOUT,
        errno.EBUSY,
    }
)
"""Errors that say something of the moment and nothing of the file: the same read may succeed later."""


def is_passing(number: int | None) -> bool:
    """Whether the same read may succeed later, by the number of its error."""
    return number in PASSING


Stamp = tuple[int, int, int, int] | int | None
"""Size, inode and times of a file, of its content and of its record (which no tool can set back); the error number,
or None, where it could not be read."""


class PolicyFiles:
    """The main file of a policy and what it includes from beside it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.main = Path(path)
        self.folder = ""
        self.stamps: dict[str, Stamp] = {}
        self.raw: dict[str, bytes] = {}
        """The bytes of each file of the last good policy."""
        self.may_pass = False
        """The last load failed for a reason that is not in the files."""
        self._waiting: dict[object, float] = {}
        """When each call began that waits for the disk, by the monotonic clock."""

    def waits(self) -> float:
        """For how many seconds the disk has not answered the oldest call; 0 where none waits."""
        now = time.monotonic()
        return now - min(list(self._waiting.values()), default=now)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        call = object()
        self._waiting[call] = time.monotonic()
        try:
            yield
        finally:
            del self._waiting[call]

    def load(self) -> Loaded:
        """Read, parse and compose. All files come from the folder that the main file resolves to at this moment,
        so that a swapped `..data` link of a ConfigMap never mixes two revisions."""
        with self._asking():
            resolved = _resolved(self.main)
        stamps: dict[str, Stamp] = {}
        raw: dict[str, bytes] = {}

        def reader(name: str) -> bytes | Unread:
            with self._asking():
                found, stamps[name] = read(resolved.parent, self._on_disk(name, resolved))
            if name == self.main.name and isinstance(found, Unread) and found.code is Code.INCLUDE_MISSING:
                return Unread(Code.UNREADABLE, found.message)
            if isinstance(found, bytes):
                raw[name] = found
            return found

        loaded = load(self.path, reader)
        self.may_pass = loaded.policy is None and any(map(is_passing, _errors(stamps)))
        if loaded.policy is None:  # what a good policy was made of stays watched
            with self._asking():
                stamps = {name: self._stamp(name, resolved) for name in self.stamps} | stamps
        else:
            self.raw = raw
        self.folder, self.stamps = str(resolved), stamps
        return loaded

    def loaded_from(self) -> tuple[object, ...]:
        """What the files were when they were last loaded: to compare with `look`."""
        return (self.folder, *sorted(self.stamps.items()))

    def look(self) -> tuple[object, ...]:
        """What those files are now."""
        with self._asking():
            resolved = _resolved(self.main)
            return (str(resolved), *sorted((name, self._stamp(name, resolved)) for name in self.stamps))

    def _on_disk(self, name: str, resolved: Path) -> str:
        return resolved.name if name == self.main.name else name

    def _stamp(self, name: str, resolved: Path) -> Stamp:
        try:
            return _stamp_of(os.stat(resolved.parent / self._on_disk(name, resolved)))
        except OSError as error:
            return error.errno
        except ValueError:  # a name that no file system takes
            return None


def _errors(stamps: dict[str, Stamp]) -> Iterator[int]:
    return (stamp for stamp in stamps.values() if isinstance(stamp, int))


def _resolved(path: Path) -> Path:
    """Where links lead; a circle of links leads to itself, and opening it fails."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:  # a NUL in it: opening it fails too
        return path


def _stamp_of(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def read(folder: Path, name: str) -> tuple[bytes | Unread, Stamp]:
    """The bytes of one file below `folder`, or why not, and what the file was when it was read."""
    path = folder / name
    try:
        if not _resolved(path).is_relative_to(folder):
            return Unread(Code.INCLUDE_OUTSIDE, f'"{name}" leads outside the folder of the policy'), None
        # By an opener: a descriptor that is handed to open() stays open where it turns out to be a folder's.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            status = os.fstat(file.fileno())
            stamp = _stamp_of(status)
            if not stat.S_ISREG(status.st_mode):
                return Unread(Code.UNREADABLE, f'"{name}" is not a regular file'), stamp
            raw = file.read(MAX_FILE + 1)
    except FileNotFoundError as error:
        return Unread(Code.INCLUDE_MISSING, f'there is no file "{name}"'), error.errno
    except OSError as error:
        return Unread(Code.UNREADABLE, f'"{name}" cannot be read: {(error.strerror or "error").lower()}'), error.errno
    except ValueError as error:
        return Unread(Code.UNREADABLE, f'"{name}" cannot be read: {error}'), None
    if len(raw) > MAX_FILE:
        return Unread(Code.TOO_LARGE, f'"{name}" is larger than {MAX_FILE // 1024 // 1024} MiB'), stamp
    return raw, stamp
