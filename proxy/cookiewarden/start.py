"""The entry point. A proxy handles signals before its slow imports. By default, SIGHUP and SIGUSR2 would end the
process, and SIGTERM would have no effect on the first process of a container."""

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
        gc.freeze()  # otherwise the interpreter examines all objects again at exit


def import_quickly() -> None:
    """Disable work that imports do not need."""
    # Nearly all objects that imports create are kept. `cookiewarden.cli.main` enables collection after the imports.
    gc.disable()
    # pydantic would read the metadata of all installed packages, and a plugin could read policies.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def fill_standard_descriptors() -> None:
    """Open the closed ones of descriptors 0 to 2. Otherwise a socket or file could get such a number. Prints would then
    write to it, and the event loop aborts when it closes one."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one


def heed_signals() -> None:
    """Handle signals until the proxy does. Before it serves, it has nothing to reload, restart or drain."""
    for number in (signal.SIGHUP, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    """Exit immediately with the code of a stopped proxy. An exception could be caught in the middle of an import."""
    os._exit(0)
