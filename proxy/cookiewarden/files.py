"""Reading of a policy's files from disk, limited to one resolved folder and in size.

Only this module reads policy files from disk, so `check`, the proxy and the tools read them in the same way.
"""

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from cookiewarden.core.policy.loaded import Loaded, Reader, Unread
from cookiewarden.core.policy.problem import Code
from cookiewarden.parsing import Check, Parser, ParserHere

MAX_FILE = 32 * 1024 * 1024
"""Maximum octets of a file. A register of 100,000 entries takes 15 MB."""


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
"""Numbers of temporary errors, which do not concern the file. The same read may succeed later."""


def is_passing(number: int | None) -> bool:
    """Check whether an error number is temporary, so that the same read may succeed later."""
    return number in PASSING


Stamp = tuple[int, int, int, int] | int | None
"""State of a file: size, inode, mtime and ctime. If the file cannot be read, it is the error number or None. No tool
can set back the ctime."""


class PolicyFiles:
    """The main file of a policy and the files that it includes from the same folder."""

    def __init__(self, path: str, parser: Parser | None = None) -> None:
        """Create the files of the policy at `path`. `parser`: the parser of reloads, by default in this process."""
        self.path = path
        self.parser = parser or ParserHere()
        self.main = Path(path)
        self.folder = ""
        self.stamps: dict[str, Stamp] = {}
        self.raw: dict[str, bytes] = {}
        """Content of each file of the last valid policy."""
        self.may_pass = False
        """True if the last load failed for a temporary reason outside the files."""
        self._waiting: dict[object, float] = {}
        """Start of each call that waits for the disk, on the monotonic clock."""

    def waits(self) -> float:
        """Return the seconds for which the oldest call has waited for the disk; 0 without one."""
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
        """Read, parse and compose the policy. All files come from the folder to which the main file resolves now. A
        swapped `..data` link of a ConfigMap therefore never mixes two revisions."""
        from cookiewarden.core.policy.compose import load

        return self._load(load)

    def reload(self, checks: tuple[Check, ...] = ()) -> Loaded:
        """Load the policy by the parser, with the problems that `checks` find. The sources may be incomplete.

        Raises ParserFailed."""
        try:
            return self._reload(checks)
        finally:
            self.parser.rest()

    def _reload(self, checks: tuple[Check, ...]) -> Loaded:
        return self._load(partial(self.parser.load, checks=checks))

    def _load(self, load: Callable[[str, Reader], Loaded]) -> Loaded:
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
        if loaded.policy is None:  # the files of the last valid policy are still watched
            with self._asking():
                stamps = {name: self._stamp(name, resolved) for name in self.stamps} | stamps
        else:
            self.raw = raw
        self.folder, self.stamps = str(resolved), stamps
        return loaded

    def loaded_from(self) -> tuple[object, ...]:
        """Return the state of the files at the last load, to compare with `look`."""
        return (self.folder, *sorted(self.stamps.items()))

    def look(self) -> tuple[object, ...]:
        """Return the current state of these files."""
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
        except ValueError:  # the name is not valid for the file system
            return None


class SeveralPolicyFiles(PolicyFiles):
    """The files of a policy and of further policies with names. Either all of them load, or none."""

    def __init__(self, path: str, named: Mapping[str, str], parser: Parser | None = None) -> None:
        """Create the files. `named`: the main file of each further policy, by name."""
        super().__init__(path, parser)
        self.named = {name: PolicyFiles(other, self.parser) for name, other in named.items()}

    def waits(self) -> float:
        return max([super().waits(), *(files.waits() for files in self.named.values())])

    def load(self) -> Loaded:
        return self._joined(super().load(), {name: files.load() for name, files in self.named.items()})

    def _reload(self, checks: tuple[Check, ...]) -> Loaded:
        return self._joined(
            super()._reload(checks), {name: files._reload(checks) for name, files in self.named.items()}
        )

    def _joined(self, main: Loaded, found: Mapping[str, Loaded]) -> Loaded:
        policies = {name: loaded.policy for name, loaded in found.items() if loaded.policy is not None}
        is_valid = main.policy is not None and len(policies) == len(found)
        self.may_pass = not is_valid and (self.may_pass or any(files.may_pass for files in self.named.values()))
        problems = [*main.problems, *(problem for loaded in found.values() for problem in loaded.problems)]
        sources = {path: source for loaded in (*found.values(), main) for path, source in loaded.sources.items()}
        return Loaded(main.policy if is_valid else None, problems, sources, policies if is_valid else {})

    def loaded_from(self) -> tuple[object, ...]:
        return (super().loaded_from(), *(files.loaded_from() for files in self.named.values()))

    def look(self) -> tuple[object, ...]:
        return (super().look(), *(files.look() for files in self.named.values()))


def _errors(stamps: dict[str, Stamp]) -> Iterator[int]:
    return (stamp for stamp in stamps.values() if isinstance(stamp, int))


def _resolved(path: Path) -> Path:
    """Resolve symbolic links. A circular link resolves to itself, and opening it fails."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:  # the path contains a NUL, and opening it fails too
        return path


def _stamp_of(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def read(folder: Path, name: str) -> tuple[bytes | Unread, Stamp]:
    """Read one file below `folder`. Return its content or an error, and its state when it was read."""
    path = folder / name
    try:
        if not _resolved(path).is_relative_to(folder):
            return Unread(Code.INCLUDE_OUTSIDE, f'"{name}" leads outside the folder of the policy'), None
        # An opener is used, because open() does not close a given descriptor if it is a folder.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            status = os.fstat(file.fileno())
            stamp = _stamp_of(status)
            if not stat.S_ISREG(status.st_mode):
                return Unread(Code.UNREADABLE, f'"{name}" is not a regular file'), stamp
            raw = file.read(MAX_FILE + 1)
    except FileNotFoundError as error:
        return Unread(Code.INCLUDE_MISSING, f'the file "{name}" does not exist'), error.errno
    except OSError as error:
        return Unread(Code.UNREADABLE, f'"{name}" cannot be read: {(error.strerror or "error").lower()}'), error.errno
    except ValueError as error:
        return Unread(Code.UNREADABLE, f'"{name}" cannot be read: {error}'), None
    if len(raw) > MAX_FILE:
        return Unread(Code.TOO_LARGE, f'"{name}" is larger than {MAX_FILE // 1024 // 1024} MiB'), stamp
    return raw, stamp
