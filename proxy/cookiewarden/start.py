"""The first thing that runs. A proxy heeds signals before it imports anything that takes time: the default of SIGHUP
and SIGUSR2 is to end the process, and that of SIGTERM is to do nothing where the process is the first of a
container."""

import gc
import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Run a command and exit with its code."""
    fill_standard_descriptors()
    if sys.argv[1:2] == ["run"]:
        heed_signals()
    import_quickly()
    from cookiewarden.cli.main import main as run_command

    try:
        run_command()
    finally:
        gc.freeze()  # or the interpreter, as it ends, looks at all objects once more


def import_quickly() -> None:
    """Leave out work that imports do not need."""
    # Nearly all that they make stays. `cookiewarden.cli.main` enables this again once a command is imported.
    gc.disable()
    # pydantic would read the metadata of all installed packages, and none of them has to see what a policy file holds.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def fill_standard_descriptors() -> None:
    """Open what was closed of the descriptors 0 to 2. A socket or a file that got one of these numbers would be written
    to by whatever prints, and the event loop aborts when it closes one."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free is this one


def heed_signals() -> None:
    """Until the proxy handles them: there is nothing yet to reload or to restart, and nothing to drain."""
    for number in (signal.SIGHUP, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    """At once, and with the code of a proxy that was stopped: an exception in the middle of an import may be caught
    there."""
    os._exit(0)
