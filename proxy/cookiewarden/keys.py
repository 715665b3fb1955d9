"""Key files: one key per line. The first key seals, and all keys can open.

Only this module reads and writes keys. The cryptography is imported when a key is used, because the import takes 30 ms
and most policies seal nothing."""

import base64
import binascii
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import counted

if TYPE_CHECKING:
    from cookiewarden.core.engine.seal import Keyring

KEY, NONCE = 32, 12
"""Lengths in octets."""
MARK = "cookiewarden-key-1:"
MAX_FILE = 65536
SHARED = stat.S_IRWXG & ~stat.S_IRGRP | stat.S_IRWXO
"""Permissions that a key file must not have. Reading by its group is allowed, because Kubernetes mounts secrets so."""


class BadKeys(ValueError):
    """Keys that cannot be used. The message states the fix and never contains a key."""

    errno: int | None = None
    """Error number, if the system refused access."""


class UnreadableKeys(BadKeys):
    """A key file that cannot be read."""


def keys_for(policy: Policy, path: str, option: str = "--seal-key-file") -> tuple[bytes, ...]:
    """Return the keys for a policy; none if it seals nothing. `path`: of the key file, or empty. `option`: its name in
    errors. Raises BadKeys."""
    if not policy.seals:
        return ()
    if not path:
        entry = next(entry for entry in policy.entries if entry.seal is not None)
        place = entry.places.get("seal", entry.place)
        raise BadKeys(
            f'the policy seals "{entry.name}" ({place}) and has no key; create one with '
            f"cookiewarden key new FILE and give it with {option} [seal-key-missing]"
        )
    return load_keys(path)


def load_keys(path: str) -> tuple[bytes, ...]:
    """Read a key file. Raises BadKeys."""
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
        raise BadKeys(f'the key file "{path}" is too large; a key file has at most {MAX_FILE} octets')
    lines = [line.strip() for line in raw.decode("utf-8", "replace").splitlines()]
    keys = [_key(line, number, path) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    if not keys:
        raise BadKeys(f'the key file "{path}" contains no key; create one with cookiewarden key new FILE')
    return tuple(keys)


def readable_by_others(path: str, mode: int) -> str:
    """Return an error with the fix if others can read or write a secret file, else an empty string."""
    return f"can be read by others (mode {stat.S_IMODE(mode):04o}); run chmod 600 {path}" if mode & SHARED else ""


def read_token(path: str) -> tuple[bytes, str]:
    """Return the token in a file, and an error if its permissions are not safe, or "". Raises OSError."""
    with open(path, "rb") as file:
        return file.read(MAX_FILE).strip(), readable_by_others(path, os.fstat(file.fileno()).st_mode)


def keyring(keys: Sequence[bytes]) -> "Keyring | None":
    """Return a keyring, or None without keys."""
    if not keys:
        return None
    from cookiewarden.core.engine.seal import Keyring

    return Keyring(keys, lambda: os.urandom(NONCE))


def throw_away(policy: Policy) -> "Keyring | None":
    """Return a keyring with a random key, to explain a policy. Return None if the policy seals nothing."""
    return keyring([os.urandom(KEY)] if policy.seals else [])


def _key(line: str, number: int, path: str) -> bytes:
    where = f'line {number} of the key file "{path}"'
    if not line.startswith(MARK):
        raise BadKeys(
            f"{where} is not a valid key; expected {MARK} and 43 characters, as written by cookiewarden key new"
        )
    try:
        key = base64.b64decode(line.removeprefix(MARK) + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadKeys(f"{where} is not a valid key; the text after {MARK} is not base64") from None
    if len(key) != KEY:
        raise BadKeys(f"{where} is not a valid key; it has {counted(len(key), 'octet')} instead of {KEY}")
    return key


def new_line() -> str:
    return MARK + base64.urlsafe_b64encode(os.urandom(KEY)).decode().rstrip("=") + "\n"


def create(path: Path) -> None:
    """Create a file with one new key, readable only by its owner. Raises FileExistsError, OSError."""
    write_new(path, new_line())


def write_new(path: Path, text: str) -> None:
    """Create a new file, readable only by its owner. Raises FileExistsError, OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:
        file.write(text)


def rotate(path: Path) -> int:
    """Add a new key before the existing ones, atomically. Return the number of keys. Raises BadKeys, OSError."""
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
