"""The list of cookies in the text of a file."""

import random

import pytest

from cookiewarden.core.policy.items import BLOCK, common_prefix, common_suffix, items_of
from tests.support.items import FILES, FRAGMENTS, HEAD, TAIL


@pytest.mark.parametrize("ending", ["\r\n", "\x85", "\u2028"])
def test_files_with_other_line_breaks_are_not_cut(ending: str) -> None:
    assert items_of(FILES["p.yaml"].encode()) is not None
    assert items_of((FILES["p.yaml"] + f"# end{ending}").encode()) is None


def test_the_items_of_a_list_begin_at_their_lines() -> None:
    chosen = random.Random(1)
    for _ in range(200):
        text = HEAD + "".join(chosen.choices(FRAGMENTS, k=chosen.randint(3, 20))) + chosen.choice(["", TAIL])
        raw = text.encode()
        items = items_of(raw)
        if items is not None:
            assert items.lines == [raw.count(b"\n", 0, start) + 1 for start in items.starts]
            assert all(raw[start:].startswith(b" " * items.indent + b"-") for start in items.starts[:-1])


@pytest.mark.parametrize("size", [1, 100, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_common_ends_are_found_to_the_octet(size: int) -> None:
    chosen = random.Random(size)
    one = chosen.randbytes(size)
    for _ in range(20):
        at = chosen.randrange(size)
        other = one[:at] + b"!?"[one[at] == 33 :][:1] + one[at + 1 :]
        assert common_prefix(one, 0, other, 0) == at
        assert common_prefix(b"xx" + one, 2, other, 0) == at
        assert common_suffix(one, other, size) == size - at - 1
    assert common_prefix(one, 0, one, 0) == common_suffix(one, one, size) == size
    assert common_suffix(one, one, size // 2) == size // 2
    assert common_prefix(one, 0, one + b"x", 0) == size
