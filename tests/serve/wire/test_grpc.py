"""An HPACK decoder reads the gRPC heads that are built."""

import pytest
from hpack import Decoder

from cookiewarden.serve.wire.grpc import RESPONSE, Status, prefixed, trailers


@pytest.mark.parametrize("octets", [0, 1, 126, 127, 128, 254, 255, 256, 5000])
def test_trailers_are_read_by_an_hpack_decoder(octets: int) -> None:
    found = dict(Decoder().decode(trailers(Status.INTERNAL, b"x" * octets)))
    assert found == {"grpc-status": "13"} | ({"grpc-message": "x" * octets} if octets else {})
    assert dict(Decoder().decode(RESPONSE)) == {":status": "200", "content-type": "application/grpc"}


def test_a_message_has_its_length_before_it() -> None:
    assert prefixed(b"abc") == b"\0\0\0\0\x03abc"
