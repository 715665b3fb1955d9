"""Parsers of policies: in this process, or in one that ends after it.

Parsing takes 12 MB of libraries, which Python cannot unload. A proxy parses rarely, so another process does it. That
process reads no files. It asks this one for each file, and answers with the policy as a pickle."""

import contextlib
import gc
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO, Protocol

from cookiewarden.core.policy.loaded import Loaded, Reader, Unread
from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import Problem, in_order

if TYPE_CHECKING:
    from cookiewarden.core.policy.known import KnownEntries
    from cookiewarden.core.policy.source import Source

MAX_ELSEWHERE = 256 * 1024
"""Maximum octets of a policy that another process parses. A larger one is parsed here, because reloads are then faster:
only entries that have changed are parsed again."""

Check = Callable[[Policy, "Mapping[str, Source]"], list[Problem]]
"""Further check of a policy without errors, from its sources by path. It can be pickled."""


class ParserFailed(Exception):
    """An error of the process that parses. The message is for people. Another attempt may succeed."""


class Parser(Protocol):
    """A parser of one policy after another. It may keep parts of the last one."""

    def load(self, path: str, read: Reader, checks: tuple[Check, ...] = ()) -> Loaded:
        """Load the policy whose main file is `path`, with the problems that `checks` find. Raises ParserFailed."""

    def rest(self) -> None:
        """End work that is not needed until the next policy."""


class ParserHere:
    """A parser in this process. It parses only entries that have changed since the last load."""

    def __init__(self) -> None:
        self._known: dict[str, KnownEntries] = {}
        """Known entries by the path of their policy."""

    def load(self, path: str, read: Reader, checks: tuple[Check, ...] = ()) -> Loaded:
        from cookiewarden.core.policy.known import KnownEntries

        known = self._known.setdefault(path, KnownEntries())
        return checked(known.load(path, read), checks)

    def rest(self) -> None:
        pass


def checked(loaded: Loaded, checks: tuple[Check, ...]) -> Loaded:
    """Return a result with the problems that checks find in a policy without errors."""
    if loaded.policy is None or not checks:
        return loaded
    found = [problem for check in checks for problem in check(loaded.policy, loaded.sources)]
    return Loaded(loaded.policy, in_order([*loaded.problems, *found]), loaded.sources)


class ParserElsewhere:
    """A parser in a process that is started when needed, for policies up to `MAX_ELSEWHERE`."""

    def __init__(self) -> None:
        self._here = ParserHere()
        self._large: set[str] = set()
        """Paths of policies that are too large."""
        self._process: _Process | None = None
        self._is_held = False

    @contextlib.contextmanager
    def forked(self) -> Iterator[None]:
        """Have one process for all policies that are loaded in the context, as a copy of this process. It imports its
        libraries while this process does other work."""
        self._is_held = True
        try:
            if threading.active_count() == 1:  # in a copy of a process with threads, a lock may stay locked
                with contextlib.suppress(OSError):  # the process is then started when it is needed
                    self._process = _Process.forked()
            yield
        finally:
            self._is_held = False
            self.rest()

    def load(self, path: str, read: Reader, checks: tuple[Check, ...] = ()) -> Loaded:
        if path not in self._large:
            try:
                return self._load(path, _limited(read), checks)
            except _TooLarge:
                self._large.add(path)
                self._end()
            except _Forbidden:
                pass
        return self._here.load(path, read, checks)

    def _load(self, path: str, read: Reader, checks: tuple[Check, ...]) -> Loaded:
        process = self._process = self._process or _Process.spawned()
        try:
            return process.load(path, read, checks)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
            self._end()
            raise ParserFailed("the process that parses the policy ended unexpectedly") from error

    def rest(self) -> None:
        if not self._is_held:
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()


class _TooLarge(Exception):
    """Signal that a policy is above `MAX_ELSEWHERE`."""


class _Forbidden(Exception):
    """Signal that this process may not start another one."""


def _limited(read: Reader) -> Reader:
    """Return a reader that raises _TooLarge after `MAX_ELSEWHERE` octets."""
    left = MAX_ELSEWHERE

    def limited(name: str) -> bytes | Unread:
        nonlocal left
        found = read(name)
        if isinstance(found, bytes):
            left -= len(found)
            if left < 0:
                raise _TooLarge
        return found

    return limited


class _Process:
    """A process that parses, with pipes from it and to it."""

    def __init__(self, answers: BinaryIO, requests: BinaryIO, wait: Callable[[], object]) -> None:
        self._answers, self._requests, self._wait = answers, requests, wait

    @classmethod
    def forked(cls) -> "_Process":
        answers, to_answers = os.pipe()
        from_requests, requests = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(answers)
                os.close(requests)
                serve(os.fdopen(from_requests, "rb"), os.fdopen(to_answers, "wb"))
            finally:
                os._exit(0)
        os.close(to_answers)
        os.close(from_requests)
        return cls(os.fdopen(answers, "rb"), os.fdopen(requests, "wb"), lambda: os.waitpid(pid, 0))

    @classmethod
    def spawned(cls) -> "_Process":
        """Start a process. Raises ParserFailed, or _Forbidden if another attempt would fail too."""
        command = [sys.executable, "-m", "cookiewarden.parsing"]
        try:
            process = subprocess.Popen(  # noqa: S603 (our own program)
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except (FileNotFoundError, PermissionError) as error:
            raise _Forbidden from error
        except OSError as error:
            why = (error.strerror or "error").lower()
            raise ParserFailed(f"the process that parses the policy cannot be started: {why}") from error
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 (both are pipes)
        return cls(process.stdout, process.stdin, process.wait)  # type: ignore[arg-type]

    def load(self, path: str, read: Reader, checks: tuple[Check, ...]) -> Loaded:
        """Load a policy. Raises EOFError, OSError and UnpicklingError if the process ends."""
        _send(self._requests, (path, checks))
        while not isinstance(answer := pickle.load(self._answers), Loaded):  # noqa: S301 (of our own process)
            _send(self._requests, read(answer))
        return answer

    def end(self) -> None:
        for pipe in (self._requests, self._answers):
            with contextlib.suppress(OSError):  # it has ended, and did not read everything
                pipe.close()
        self._wait()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Parse policies until the other process ends."""
    from cookiewarden.core.policy.compose import load

    def read(name: str) -> bytes | Unread:
        _send(answers, name)
        found: bytes | Unread = pickle.load(requests)  # noqa: S301 (of our own process)
        return found

    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            path, checks = pickle.load(requests)  # noqa: S301 (of our own process)
            loaded = checked(load(path, read), checks)
            _send(answers, Loaded(loaded.policy, loaded.problems))


def _send(pipe: BinaryIO, message: object) -> None:
    pickle.dump(message, pipe, pickle.HIGHEST_PROTOCOL)
    pipe.flush()


if __name__ == "__main__":
    gc.disable()  # the process is short
    serve(sys.stdin.buffer, sys.stdout.buffer)
