"""The running build: machine code, or interpreted."""

from cookiewarden.core.cookies import date

IS_COMPILED = not str(date.__file__).endswith(".py")
"""True if the engine and the data plane are compiled (mypyc)."""
