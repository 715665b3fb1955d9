"""Commands run in this process, with arguments, standard input, environment and folder, for exit code and output."""

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from unittest import mock

from cookiewarden.cli.main import main

ROOT = Path(__file__).parents[2]


def run(*arguments: object, cwd: Path = ROOT, stdin: bytes = b"", **environment: str) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error, and check that these lack cookie values. An exception that
    the command does not handle fails the test."""
    words = ["cookiewarden", *map(str, arguments)]
    with (
        contextlib.chdir(cwd),
        mock.patch.dict(os.environ, environment),
        mock.patch.object(sys, "argv", words),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        _captured("stdout") as out,
        _captured("stderr") as err,
    ):
        code = _exit_code()
    printed = out.read().decode(), err.read().decode()
    assert "CANARY" not in "".join(printed)
    return code, *printed


def _exit_code() -> int:
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    raise AssertionError("a command exits with a code")


@contextlib.contextmanager
def _captured(name: str) -> Iterator[IO[bytes]]:
    """Capture one of the standard streams in a file with a descriptor, as in a process."""
    with tempfile.TemporaryFile() as file:
        with (
            open(os.dup(file.fileno()), "w", encoding="utf-8") as stream,
            mock.patch.object(sys, name, stream),
        ):
            yield (caught := io.BytesIO())
        file.seek(0)
        caught.write(file.read())
        caught.seek(0)
