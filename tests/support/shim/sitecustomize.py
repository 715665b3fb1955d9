"""A file system that hangs and an import that takes long, for a process that has this folder in PYTHONPATH.

System calls on a path below SHIM_PATH wait while the file SHIM_HANGS exists. The import of SHIM_IMPORT writes the file
SHIM_WAITS, and waits while that exists. On SIGUSR1 the process writes the number of its policy entries, by name, to
SHIM_COUNTS with its process id appended. The code of the proxy is unchanged."""

import builtins
import gc
import json
import os
import signal
import sys
import time
from pathlib import Path

SLOW, HANGS = os.environ.get("SHIM_PATH", ""), os.environ.get("SHIM_HANGS", "")
COUNTS = os.environ.get("SHIM_COUNTS", "")
IMPORTED, WAITS = os.environ.get("SHIM_IMPORT", ""), os.environ.get("SHIM_WAITS", "")


def _hanging(call):
    def hangs(path, *arguments, **more):
        if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(SLOW):
            while call_stat_exists(HANGS):
                time.sleep(0.02)
        return call(path, *arguments, **more)

    return hangs


def call_stat_exists(path, stat=os.stat):
    try:
        stat(path)
    except OSError:
        return False
    return True


if SLOW:
    os.supports_follow_symlinks = set(os.supports_follow_symlinks)
    for name in ("open", "stat", "lstat", "readlink"):
        setattr(os, name, _hanging(getattr(os, name)))
    builtins.open = _hanging(builtins.open)


class _Waits:
    """A finder that delays the import of one module."""

    def find_spec(self, name, path=None, target=None):
        if name == IMPORTED:
            sys.meta_path.remove(self)
            mark = Path(f"{WAITS}.{os.getpid()}")
            mark.touch()
            while call_stat_exists(mark):
                time.sleep(0.02)


if IMPORTED:
    sys.meta_path.insert(0, _Waits())


def _count(*_):
    gc.unfreeze()
    names = {}
    for thing in gc.get_objects():
        if type(thing).__name__ == "Entry" and type(thing).__module__ == "cookiewarden.core.policy.policy":
            names[thing.name] = names.get(thing.name, 0) + 1
    part = Path(f"{COUNTS}.part.{os.getpid()}")
    part.write_text(json.dumps(names))
    part.replace(f"{COUNTS}.{os.getpid()}")


if COUNTS:
    signal.signal(signal.SIGUSR1, _count)
