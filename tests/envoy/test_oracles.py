"""Other implementations as oracles: protobuf for the messages, grpcio for the calls, h2 and h2load for HTTP/2."""

import contextlib
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from envoy.config.core.v3 import base_pb2
from envoy.service.ext_proc.v3 import external_processor_pb2 as pb
from envoy.service.ext_proc.v3 import external_processor_pb2_grpc as services
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.serve.address import Address, UnixSocket
from cookiewarden.serve.wire import ext_proc
from cookiewarden.serve.wire.ext_proc import (
    Part,
    answer,
    cookie_mutation,
    immediate_answer,
    namespace,
    set_cookie_mutation,
)
from cookiewarden.serve.wire.protobuf import BadMessage
from tests.support.calls import head as head_of
from tests.support.certificates import AUTHORITY, issue
from tests.support.process import ended
from tests.support.proxy import Proxy, starter

pytestmark = pytest.mark.envoy
octets = st.binary(max_size=300)
values = octets.map(lambda data: data.translate(None, b"\r\n\0"))
names = st.sampled_from([":path", ":status", "cookie", "set-cookie", "accept", "x-" + "y" * 200])


@st.composite
def requests(draw: st.DrawFn) -> pb.ProcessingRequest:
    """Any message that Envoy may send, with fields that the proxy does not know."""
    pairs = draw(st.lists(st.tuples(names, values), max_size=30))
    as_text = draw(st.booleans())
    headers = [
        base_pb2.HeaderValue(key=name, value=value.decode("latin-1").encode("ascii", "ignore").decode())
        if as_text
        else base_pb2.HeaderValue(key=name, raw_value=value)
        for name, value in pairs
    ]
    head = pb.HttpHeaders(headers=base_pb2.HeaderMap(headers=headers), end_of_stream=draw(st.booleans()))
    request = pb.ProcessingRequest(observability_mode=draw(st.booleans()))
    part = draw(st.sampled_from(["request_headers", "response_headers", "request_body", "response_trailers"]))
    if part.endswith("headers"):
        getattr(request, part).CopyFrom(head)
    else:
        getattr(request, part).SetInParent()
    request.attributes["envoy.filters.http.ext_proc"].update({"request.id": "x" * draw(st.integers(0, 200))})
    request.metadata_context.filter_metadata["a"].update({"b": 1.5})
    request.protocol_config.request_body_mode = draw(st.sampled_from([0, 1, 2, 3, 4]))
    return request


@given(requests())
def test_messages_are_read_as_protobuf_reads_them(request: pb.ProcessingRequest) -> None:
    read = ext_proc.read_request(request.SerializeToString())
    part = request.WhichOneof("request")
    assert part is not None and read.part == request.DESCRIPTOR.fields_by_name[part].number
    assert read.is_observed == request.observability_mode
    assert read.owns_body == (request.protocol_config.request_body_mode in (4, 5))
    if part.endswith("headers"):
        head = getattr(request, part)
        assert read.end_of_stream == head.end_of_stream
        assert read.headers == [(h.key.encode(), h.raw_value or h.value.encode()) for h in head.headers.headers]


@given(st.binary(max_size=200))
def test_octets_that_protobuf_refuses_do_not_pass_as_a_head(data: bytes) -> None:
    try:
        read = ext_proc.read_request(data)
    except BadMessage:
        return
    with contextlib.suppress(Exception):
        request = pb.ProcessingRequest.FromString(data)
        part = request.WhichOneof("request")
        if part is not None and part.endswith("headers") and read.part in (2, 3):
            head = getattr(request, part)
            if all(h.raw_value or h.value == "" for h in head.headers.headers):
                assert [name for name, _ in read.headers] == [h.key.encode() for h in head.headers.headers]


@given(st.lists(octets, max_size=20), st.booleans())
def test_protobuf_reads_the_answers(lines: list[bytes], with_metadata: bool) -> None:
    metadata = namespace({"response": "sid rewrite secure-added"}) if with_metadata else b""
    response = pb.ProcessingResponse.FromString(answer(Part.RESPONSE_HEADERS, set_cookie_mutation(lines), metadata))
    mutation = response.response_headers.response.header_mutation
    assert list(mutation.remove_headers) == ["set-cookie"]
    assert [h.header.raw_value for h in mutation.set_headers] == lines
    assert all(h.header.key == "set-cookie" and h.append.value for h in mutation.set_headers)
    told = struct_pb2.Struct()
    told.update({"cookiewarden": {"response": "sid rewrite secure-added"}} if with_metadata else {})
    assert response.dynamic_metadata == told


@given(octets)
def test_protobuf_reads_answers_about_cookies(value: bytes) -> None:
    response = pb.ProcessingResponse.FromString(answer(Part.REQUEST_HEADERS, cookie_mutation(value)))
    (option,) = response.request_headers.response.header_mutation.set_headers
    assert (option.header.key, option.header.raw_value, option.append.value) == ("cookie", value, False)
    response = pb.ProcessingResponse.FromString(answer(Part.REQUEST_HEADERS, cookie_mutation(None)))
    assert list(response.request_headers.response.header_mutation.remove_headers) == ["cookie"]


@given(st.integers(200, 599), octets)
def test_protobuf_reads_immediate_answers(status: int, body: bytes) -> None:
    response = pb.ProcessingResponse.FromString(immediate_answer(status, [(b"content-type", b"text/html")], body))
    immediate = response.immediate_response
    assert (immediate.status.code, immediate.body, immediate.details) == (status, body, "cookiewarden")
    assert [(h.header.key, h.header.raw_value) for h in immediate.headers.set_headers] == [
        ("content-type", b"text/html")
    ]


# Calls


@pytest.fixture(scope="module")
def processor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with starter(tmp_path_factory.mktemp("processor")) as start:
        yield start(upstream=None, extproc=Address("127.0.0.1", 0))[0]


def asked(cookie: bytes) -> pb.ProcessingRequest:
    pairs = [
        (b":method", b"GET"),
        (b":path", b"/"),
        (b":authority", b"shop.example"),
        (b":scheme", b"https"),
        (b"cookie", cookie),
    ]
    return pb.ProcessingRequest(request_headers=pb.HttpHeaders.FromString(head_of(pairs)))


def answered(*lines: bytes) -> pb.ProcessingRequest:
    pairs = [(b":status", b"200"), *((b"set-cookie", line) for line in lines)]
    return pb.ProcessingRequest(response_headers=pb.HttpHeaders.FromString(head_of(pairs)))


def test_grpcio_calls_the_processor_many_times_at_once(processor: Proxy) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{processor.port}") as channel:
        stub = services.ExternalProcessorStub(channel)
        calls = [stub.Process(iter([asked(b"rogue=%d" % n), answered(b"sid=%d" % n)])) for n in range(300)]
        random.Random(1).shuffle(calls)
        for call in calls:
            first, second = list(call)
            assert list(first.request_headers.response.header_mutation.remove_headers) == ["cookie"]
            (line,) = second.response_headers.response.header_mutation.set_headers
            assert line.header.raw_value.endswith(b"; Secure")


def test_grpcio_gets_statuses(processor: Proxy) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{processor.port}") as channel:
        unknown = channel.unary_unary("/other.Service/Call", lambda x: x, lambda x: x)
        with pytest.raises(grpc.RpcError) as failed:
            unknown(b"")
        assert failed.value.code() is grpc.StatusCode.UNIMPLEMENTED
        stub = services.ExternalProcessorStub(channel)
        with pytest.raises(grpc.RpcError) as failed:
            list(stub.Process(iter([pb.ProcessingRequest()])))
        assert failed.value.code() is grpc.StatusCode.UNIMPLEMENTED
        check = channel.unary_unary("/grpc.health.v1.Health/Check", lambda x: x, lambda x: x)
        assert check(b"") == b"\x08\x01"


def test_only_a_client_with_a_certificate_calls_by_mutual_tls(tmp_path: Path) -> None:
    issue(AUTHORITY, tmp_path)
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    cert, key, ca = ((tmp_path / f"{name}.pem").read_bytes() for name in ("cert", "key", "ca"))
    tls = {
        f"tls_{name}": str(tmp_path / f"{file}.pem")
        for name, file in (("cert", "cert"), ("key", "key"), ("client_ca", "ca"))
    }
    with starter(tmp_path) as start:
        proxy, _ = start(upstream=None, extproc=Address("127.0.0.1", 0), **tls)
        for credentials, works in (
            (grpc.ssl_channel_credentials(ca, key, cert), True),
            (grpc.ssl_channel_credentials(ca), False),
        ):
            with grpc.secure_channel(f"localhost:{proxy.port}", credentials) as channel:
                call = services.ExternalProcessorStub(channel).Process(iter([asked(b"rogue=1")]), timeout=5)
                if works:
                    assert len(list(call)) == 1
                else:
                    with pytest.raises(grpc.RpcError):
                        list(call)


def test_grpcio_calls_by_a_unix_socket(tmp_path: Path) -> None:
    with starter(tmp_path) as start:
        start(upstream=None, extproc=UnixSocket(str(tmp_path / "s")))
        with grpc.insecure_channel(f"unix:{tmp_path / 's'}") as channel:
            assert len(list(services.ExternalProcessorStub(channel).Process(iter([asked(b"rogue=1")])))) == 1


def test_h2load_loads_the_processor(processor: Proxy, tmp_path: Path) -> None:
    assert shutil.which("h2load"), "h2load is missing; install Debian's nghttp2-client"
    message = asked(b"rogue=1").SerializeToString()
    (tmp_path / "message").write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
    url = f"http://127.0.0.1:{processor.port}{ext_proc.SERVICE.decode()}"
    # h2load is another program.
    done = ended(
        "h2load",
        "-n",
        5000,
        "-c",
        4,
        "-m",
        100,
        "-d",
        tmp_path / "message",
        "-H",
        "content-type: application/grpc",
        "-H",
        "te: trailers",
        url,
    )
    assert "5000 succeeded, 0 failed" in done.stdout, done.stdout
