"""Key files: invalid ones, with messages that contain no key; new ones and rotation."""

import os
import stat
from pathlib import Path

import pytest

from cookiewarden.keys import MARK, BadKeys, create, keys_for, load_keys, rotate
from tests.support.policies import policy

KEY = MARK + "A" * 43


def written(path: Path, text: str | bytes, mode: int = 0o600) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        (KEY, 0o604, "can be read by others (mode 0604); run chmod 600"),
        (KEY, 0o622, "can be read by others (mode 0622)"),
        ("", 0o600, "contains no key"),
        ("# a comment\n\n", 0o600, "contains no key"),
        ("SECRET", 0o600, "line 1 of the key file"),
        (KEY + "\n" + "SECRET" * 8, 0o600, "line 2 of the key file"),
        (MARK + "SECRET", 0o600, "is not base64"),
        (MARK + "SECRET!", 0o600, "is not base64"),
        (MARK + "A" * 42, 0o600, "is not base64"),
        (MARK + "A" * 47, 0o600, "has 35 octets instead of 32"),
        (MARK + "AAA", 0o600, "has 2 octets instead of 32"),
        (MARK + "AA=", 0o600, "has 1 octet instead of 32"),
        (b"\xff" * 80, 0o600, "is not a valid key"),
        ("#" * 70_000, 0o600, "too large"),
    ],
)
def test_an_invalid_key_file_is_reported_with_a_reason_and_without_its_content(
    tmp_path: Path, text: str | bytes, mode: int, told: str
) -> None:
    with pytest.raises(BadKeys) as raised:
        load_keys(written(tmp_path / "key", text, mode))
    assert told in str(raised.value)
    assert "SECRET" not in str(raised.value) and "AAAA" not in str(raised.value)


def test_a_path_that_is_not_a_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BadKeys, match="no such file"):
        load_keys(str(tmp_path / "none"))
    with pytest.raises(BadKeys, match="is a directory"):
        load_keys(str(tmp_path))
    with pytest.raises(BadKeys, match="not a regular file"):
        load_keys("/dev/null")


def test_a_new_file_is_for_its_owner_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    before = os.umask(0)
    try:
        create(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (key,) = load_keys(str(path))
    assert len(key) == 32
    with pytest.raises(FileExistsError):
        create(path)
    assert load_keys(str(path)) == (key,)


def test_rotation_puts_a_new_key_first_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "key"
    create(path)
    (first,) = load_keys(str(path))
    assert rotate(path) == 2
    new, old = load_keys(str(path))
    assert old == first and new != first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    written(path, "nonsense")
    with pytest.raises(BadKeys):
        rotate(path)
    assert path.read_text() == "nonsense"


def test_only_a_policy_that_seals_needs_a_key() -> None:
    assert keys_for(policy("cookies: [{name: a}]"), "") == ()
    with pytest.raises(BadKeys, match=r'seals "a" \(p.yaml:1:\d+\).*--seal-key-file.*seal-key-missing'):
        keys_for(policy("cookies: [{name: a, seal: true}]"), "")
