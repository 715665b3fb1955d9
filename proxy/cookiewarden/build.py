"""The running build: machine code, or interpreted."""

import os
from importlib.machinery import EXTENSION_SUFFIXES

_MODULE = os.path.join(os.path.dirname(__file__), "core", "cookies", "date")
# The module is not imported, because the list of commands is printed without it.
IS_COMPILED = any(os.path.exists(_MODULE + suffix) for suffix in EXTENSION_SUFFIXES)
"""True if the engine and the data plane are compiled (mypyc)."""
