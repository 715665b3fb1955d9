"""Messages in the wire format of Protocol Buffers are read as written, and other octets are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.serve.wire.protobuf import MAX_FIELDS, BadMessage, field, number_field, read_message, varint

numbers = st.integers(1, 2**29 - 1)
fields = st.one_of(
    st.tuples(numbers, st.integers(0, 2**64 - 1), st.just(b"")).map(lambda f: (number_field(f[0], f[1]), f)),
    st.tuples(numbers, st.just(0), st.binary(max_size=300)).map(lambda f: (field(f[0], f[2]), f)),
)


@given(st.lists(fields, max_size=20))
def test_fields_are_read_as_they_were_written(written) -> None:
    assert read_message(b"".join(octets for octets, _ in written)) == [found for _, found in written]


@given(st.binary(max_size=60))
def test_any_octets_are_read_or_refused(data: bytes) -> None:
    try:
        found = read_message(data)
    except BadMessage:
        return
    assert sum(len(octets) for *_, octets in found) <= len(data)


@pytest.mark.parametrize(
    "data",
    [b"\x0a", b"\x0a\x02x", b"\x0a\xff\xff", b"\x08", b"\x08" + b"\xff" * 10, b"\x80", b"\x09\0\0", b"\x0d\0", b"\x0b", b"\x0f", b"\x0a\x00" * (MAX_FIELDS + 1)],
)  # fmt: skip
def test_messages_that_are_not_valid_are_refused(data: bytes) -> None:
    with pytest.raises(BadMessage):
        read_message(data)


def test_values_of_fixed_length_are_skipped() -> None:
    assert read_message(b"\x09" + b"\0" * 8 + b"\x15" + b"\0" * 4 + b"\x18\x01") == [(3, 1, b"")]


@pytest.mark.parametrize(("value", "octets"), [(0, b"\0"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")])
def test_varints_have_the_least_octets(value: int, octets: bytes) -> None:
    assert varint(value) == octets
