"""The limits of `Forwarded`; test_forwarded.py and test_ingresses.py test its use on the wire."""

import pytest

from cookiewarden.serve.wire.forwarded import MAX_FORWARDED, MAX_PAIRS, read_forwarded


@pytest.mark.parametrize("over", [0, 1])
def test_so_many_pairs_of_forwarded_are_read(over: int) -> None:
    text = b";".join([b"proto=https", *[b"a=1"] * (MAX_PAIRS - 2 + over)])
    came = read_forwarded({b"forwarded": [text]}, b"")
    assert came is not None and came.unclear == (("forwarded",) if over else ())


@pytest.mark.parametrize("over", [0, 1])
def test_so_many_octets_of_forwarded_are_read(over: int) -> None:
    text = b"proto=https;a=" + b"x" * (MAX_FORWARDED - 14 + over)
    came = read_forwarded({b"forwarded": [text]}, b"")
    assert came is not None and came.unclear == (("forwarded",) if over else ())
