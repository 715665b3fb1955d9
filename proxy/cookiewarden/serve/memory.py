"""Return of freed memory to the system."""

from collections.abc import Callable
from functools import cache


def return_memory() -> None:
    """Return freed memory to the system, which takes about a millisecond. Without glibc, do nothing.

    glibc keeps memory that is freed in small pieces. Compiling the template of the status page leaves 4 MB of them, and
    loading a policy of 100,000 entries 88 MB."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], object] | None:
    import ctypes  # a proxy needs it only here

    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return None
