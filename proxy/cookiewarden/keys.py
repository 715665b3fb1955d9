"""Key files: one key a line, the first seals, all open.

A leaf beside `files`: the one place that reads and writes keys. What needs cryptography is imported where a key is
used: that takes 30 ms, and most policies seal nothing."""

import base64
import binascii
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cookiewarden.core.policy.policy import Policy

if TYPE_CHECKING:
    from cookiewarden.core.engine.seal import Keyring

KEY, NONCE = 32, 12
"""Octets."""
MARK = "cookiewarden-key-1:"
MAX_FILE = 65536
SHARED = stat.S_IRWXG & ~stat.S_IRGRP | stat.S_IRWXO
"""Who may not be able to read or write a key file. A group may read it: Kubernetes mounts secrets so."""


class BadKeys(ValueError):
    """Keys that cannot be used. The message says what would be right, and holds nothing of them."""

    errno: int | None = None
    """The number of the error, where the system refused."""


class UnreadableKeys(BadKeys):
    """A key file that cannot be read."""


def keys_for(policy: Policy, path: str, option: str = "--seal-key-file") -> tuple[bytes, ...]:
    """The keys of a policy: none where it seals nothing. `path`: the key file, or empty. `option`: by which it is
    given. Raises BadKeys."""
    if not policy.seals:
        return ()
    if not path:
        entry = next(entry for entry in policy.entries if entry.seal is not None)
        raise BadKeys(
            f'the policy seals "{entry.name}" ({entry.places["seal"]}) and there is no key: give one with {option}; '
            "cookiewarden key new FILE makes it [seal-key-missing]"
        )
    return load_keys(path)


def load_keys(path: str) -> tuple[bytes, ...]:
    """Raises BadKeys."""
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            raw = file.read(MAX_FILE + 1)
    except OSError as error:
        bad = UnreadableKeys(f'the key file "{path}" cannot be read: {(error.strerror or "error").lower()}')
        bad.errno = error.errno
        raise bad from None
    if not stat.S_ISREG(mode):
        raise UnreadableKeys(f'the key file "{path}" is not a regular file')
    if mode & SHARED:
        raise BadKeys(f'the key file "{path}" {readable_by_others(path, mode)}')
    if len(raw) > MAX_FILE:
        raise BadKeys(f'the key file "{path}" is too large to be one')
    lines = [line.strip() for line in raw.decode("utf-8", "replace").splitlines()]
    keys = [_key(line, number, path) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    if not keys:
        raise BadKeys(f'the key file "{path}" is empty: cookiewarden key new FILE makes one')
    return tuple(keys)


def readable_by_others(path: str, mode: int) -> str:
    """Say that others can read or write a file that is a secret, and what to do; nothing where they cannot."""
    return f"can be read by others (mode {stat.S_IMODE(mode):04o}): chmod 600 {path}" if mode & SHARED else ""


def read_token(path: str) -> tuple[bytes, str]:
    """The token in a file, and why it is not one to use, or nothing. Raises OSError."""
    with open(path, "rb") as file:
        return file.read(MAX_FILE).strip(), readable_by_others(path, os.fstat(file.fileno()).st_mode)


def keyring(keys: Sequence[bytes]) -> "Keyring | None":
    """None where there are no keys."""
    if not keys:
        return None
    from cookiewarden.core.engine.seal import Keyring

    return Keyring(keys, lambda: os.urandom(NONCE))


def throw_away(policy: Policy) -> "Keyring | None":
    """To explain what a policy does: what this seals, nobody opens later. None where the policy seals nothing."""
    return keyring([os.urandom(KEY)] if policy.seals else [])


def _key(line: str, number: int, path: str) -> bytes:
    where = f'line {number} of the key file "{path}"'
    if not line.startswith(MARK):
        raise BadKeys(f"{where} is no key: expected {MARK} and 43 letters, as cookiewarden key new writes it")
    try:
        key = base64.b64decode(line.removeprefix(MARK) + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadKeys(f"{where} is damaged: what follows {MARK} is no base64") from None
    if len(key) != KEY:
        raise BadKeys(f"{where} has {len(key)} octets; a key has {KEY}")
    return key


def new_line() -> str:
    return MARK + base64.urlsafe_b64encode(os.urandom(KEY)).decode().rstrip("=") + "\n"


def create(path: Path) -> None:
    """A file with one new key, for its owner alone. Raises FileExistsError, OSError."""
    write_new(path, new_line())


def write_new(path: Path, text: str) -> None:
    """A file that was not there, for its owner alone. Raises FileExistsError, OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:
        file.write(text)


def rotate(path: Path) -> int:
    """Put a new key before those that are there; how many there are then. All or nothing. Raises BadKeys, OSError."""
    load_keys(str(path))
    text = new_line() + path.read_text()
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    return sum(line.startswith(MARK) for line in text.splitlines())
