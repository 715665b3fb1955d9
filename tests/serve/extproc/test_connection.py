"""HTTP/2 and gRPC of the processor. Frames that are not valid end a call or a connection with a code (RFC 9113)."""

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cookiewarden.serve.address import Address, UnixSocket
from cookiewarden.serve.extproc.connection import CONNECTION_WINDOW, MAX_MESSAGE, MAX_STORED, STREAM_WINDOW
from cookiewarden.serve.settings import Access
from cookiewarden.serve.wire import http2
from cookiewarden.serve.wire.http2 import Http2Code, Setting, frame
from cookiewarden.serve.wire.protobuf import field
from tests.support.calls import CALL, Peer, asks_request, asks_response, set_cookies
from tests.support.proxy import Proxy, starter
from tests.support.wait import PATIENCE, eventually

ANY = Address("127.0.0.1", 0)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A processor for all tests that leave it as it was."""
    with starter(tmp_path_factory.mktemp("processor")) as start:
        yield start(upstream=None, extproc=ANY, client_timeout=1.0, header_timeout=1.0)[0]


@pytest.fixture
def connect(shared: Proxy) -> Iterator[Callable[..., Peer]]:
    with contextlib.ExitStack() as ends:

        def connect(*args, **settings) -> Peer:
            peer = Peer(shared.port, *args, **settings)
            ends.callback(peer.close)
            return peer

        yield connect


def works(peer: Peer) -> bool:
    call = peer.begin()
    reply = peer.ask(call, asks_request((b"cookie", b"rogue=1")))
    peer.write(http2.reset(call, Http2Code.CANCEL))
    return reply.removes == [b"cookie"]


HEAD = frame(http2.HEADERS, http2.END_HEADERS, 1, b"\x83\x86")
SETTINGS = frame(http2.SETTINGS, 0, 0)
WINDOW = struct.pack(">I", 1)

VIOLATIONS = {
    "no preface": (b"GET / HTTP/1.1\r\n\r\n", Http2Code.PROTOCOL_ERROR),
    "preface with an error at its end": (http2.PREFACE[:-1] + b"x", Http2Code.PROTOCOL_ERROR),
    "no settings first": (http2.PREFACE + HEAD, Http2Code.PROTOCOL_ERROR),
    "data first": (http2.PREFACE + frame(http2.DATA, 0, 1, b"x"), Http2Code.PROTOCOL_ERROR),
    "acknowledged settings first": (http2.PREFACE + frame(http2.SETTINGS, http2.ACK, 0), Http2Code.PROTOCOL_ERROR),
    "settings on a stream": (http2.PREFACE + frame(http2.SETTINGS, 0, 1), Http2Code.PROTOCOL_ERROR),
    "half a setting": (http2.PREFACE + frame(http2.SETTINGS, 0, 0, b"12345"), Http2Code.FRAME_SIZE_ERROR),
}  # fmt: skip

AFTER_SETTINGS = {
    "acknowledgement with a payload": (frame(http2.SETTINGS, http2.ACK, 0, b"123456"), Http2Code.FRAME_SIZE_ERROR),
    "window setting too large": (http2.settings_frame({Setting.INITIAL_WINDOW_SIZE: 1 << 31}), Http2Code.FLOW_CONTROL_ERROR),
    "frame size setting too small": (http2.settings_frame({Setting.MAX_FRAME_SIZE: 16383}), Http2Code.PROTOCOL_ERROR),
    "frame size setting too large": (http2.settings_frame({Setting.MAX_FRAME_SIZE: 1 << 24}), Http2Code.PROTOCOL_ERROR),
    "push setting of 2": (http2.settings_frame({Setting.ENABLE_PUSH: 2}), Http2Code.PROTOCOL_ERROR),
    "frame too large": (frame(http2.DATA, 0, 1, b"x" * 16385), Http2Code.FRAME_SIZE_ERROR),
    "frame announced too large": (b"\xff\xff\xff\x00\x00\x00\x00\x00\x01", Http2Code.FRAME_SIZE_ERROR),
    "data on stream 0": (frame(http2.DATA, 0, 0, b"x"), Http2Code.PROTOCOL_ERROR),
    "data on an idle stream": (frame(http2.DATA, 0, 1, b"x"), Http2Code.PROTOCOL_ERROR),
    "head on stream 0": (frame(http2.HEADERS, http2.END_HEADERS, 0, b"\x83"), Http2Code.PROTOCOL_ERROR),
    "head on an even stream": (frame(http2.HEADERS, http2.END_HEADERS, 2, b"\x83"), Http2Code.PROTOCOL_ERROR),
    "padding longer than the head": (frame(http2.HEADERS, http2.END_HEADERS | http2.PADDED, 1, b"\x09x"), Http2Code.PROTOCOL_ERROR),
    "padded head of no octets": (frame(http2.HEADERS, http2.END_HEADERS | http2.PADDED, 1, b""), Http2Code.FRAME_SIZE_ERROR),
    "head block that is not HPACK": (frame(http2.HEADERS, http2.END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff"), Http2Code.COMPRESSION_ERROR),
    "reference that does not exist": (frame(http2.HEADERS, http2.END_HEADERS, 1, b"\xfe"), Http2Code.COMPRESSION_ERROR),
    "continuation of nothing": (frame(http2.CONTINUATION, http2.END_HEADERS, 1, b"\x83"), Http2Code.PROTOCOL_ERROR),
    "interrupted head block": (frame(http2.HEADERS, 0, 1, b"\x83") + SETTINGS, Http2Code.PROTOCOL_ERROR),
    "data in a head block": (frame(http2.HEADERS, 0, 1, b"\x83") + frame(http2.DATA, 0, 1, b"x"), Http2Code.PROTOCOL_ERROR),
    "head block continued on another stream": (frame(http2.HEADERS, 0, 1, b"\x83") + frame(http2.CONTINUATION, 0, 3, b""), Http2Code.PROTOCOL_ERROR),
    "continuations without end": (frame(http2.HEADERS, 0, 1, b"\x83") + frame(http2.CONTINUATION, 0, 1, b"") * 100, Http2Code.ENHANCE_YOUR_CALM),
    "head block too large": (frame(http2.HEADERS, 0, 1, b"\x83" * 16000) + frame(http2.CONTINUATION, 0, 1, b"\x83" * 1000), Http2Code.ENHANCE_YOUR_CALM),
    "head block that grows": (frame(http2.HEADERS, http2.END_HEADERS, 1, b"\x40\x01a\x7f\xbd\x1d" + b"x" * 3900 + b"\xbe" * 4000), Http2Code.ENHANCE_YOUR_CALM),
    "reset of stream 0": (http2.reset(0, Http2Code.CANCEL), Http2Code.PROTOCOL_ERROR),
    "reset of an idle stream": (http2.reset(5, Http2Code.CANCEL), Http2Code.PROTOCOL_ERROR),
    "reset of five octets": (frame(http2.RST_STREAM, 0, 1, b"12345"), Http2Code.FRAME_SIZE_ERROR),
    "ping of seven octets": (frame(http2.PING, 0, 0, b"1234567"), Http2Code.FRAME_SIZE_ERROR),
    "ping on a stream": (frame(http2.PING, 0, 1, b"12345678"), Http2Code.PROTOCOL_ERROR),
    "window of three octets": (frame(http2.WINDOW_UPDATE, 0, 0, b"123"), Http2Code.FRAME_SIZE_ERROR),
    "window of nothing": (http2.window_update(0, 0), Http2Code.PROTOCOL_ERROR),
    "window too large": (http2.window_update(0, http2.MAX_WINDOW), Http2Code.FLOW_CONTROL_ERROR),
    "window of an idle stream": (http2.window_update(9, 1), Http2Code.PROTOCOL_ERROR),
    "windows that change without end": (b"".join(http2.settings_frame({Setting.INITIAL_WINDOW_SIZE: size}) for size in range(101)), Http2Code.ENHANCE_YOUR_CALM),
    "push promise": (frame(http2.PUSH_PROMISE, 0, 1, b"1234"), Http2Code.PROTOCOL_ERROR),
    "priority on stream 0": (frame(http2.PRIORITY, 0, 0, b"12345"), Http2Code.PROTOCOL_ERROR),
    "goaway on a stream": (frame(http2.GOAWAY, 0, 1, b"12345678"), Http2Code.PROTOCOL_ERROR),
}  # fmt: skip


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        *(pytest.param(*case, id=name) for name, case in VIOLATIONS.items()),
        *(
            pytest.param(http2.PREFACE + SETTINGS + octets, code, id=name)
            for name, (octets, code) in AFTER_SETTINGS.items()
        ),
    ],
)
def test_a_violation_ends_the_connection_with_its_code(connect, octets: bytes, code: Http2Code) -> None:
    peer = connect(silent=True)
    with contextlib.suppress(OSError):
        peer.write(octets)
    peer.until_closed()
    assert [ended for _, ended in peer.away] == [code]
    assert works(connect())


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_octets_may_arrive_in_any_pieces(connect, size: int) -> None:
    peer = connect(silent=True)
    data = http2.PREFACE + SETTINGS
    data += frame(http2.HEADERS, http2.END_HEADERS, 1, peer.encoder.encode(CALL))
    message = asks_request((b"cookie", b"rogue=1"))
    data += http2.data_frames(1, b"\0" + struct.pack(">I", len(message)) + message, end=False)
    for at in range(0, len(data), size):
        peer.write(data[at : at + size])
    assert peer.reply(1).removes == [b"cookie"]


def test_frames_with_padding_and_priority_and_unknown_frames_are_understood(connect) -> None:
    peer = connect()
    block = peer.encoder.encode(CALL)
    flags = http2.END_HEADERS | http2.PADDED | http2.WITH_PRIORITY
    peer.write(frame(99, 0, 0, b"?") + frame(http2.PRIORITY, 0, 1, b"12345") + frame(http2.GOAWAY, 0, 0, b"12345678"))
    peer.write(frame(http2.HEADERS, flags, 1, b"\x04" + b"\0\0\0\0\x10" + block + b"\0" * 4))
    message = asks_request((b"cookie", b"rogue=1"))
    peer.write(frame(http2.DATA, http2.PADDED, 1, b"\x02\0" + struct.pack(">I", len(message)) + message + b"\0\0"))
    assert peer.reply(1).removes == [b"cookie"]


def test_a_head_in_several_frames_is_one_head(connect) -> None:
    peer = connect()
    block = peer.encoder.encode(CALL)
    peer.write(frame(http2.HEADERS, 0, 1, block[:3]) + frame(http2.CONTINUATION, 0, 1, block[3:9]))
    peer.write(frame(http2.CONTINUATION, http2.END_HEADERS, 1, block[9:]))
    peer.next = 3
    assert peer.ask(1, asks_request((b"cookie", b"rogue=1"))).removes == [b"cookie"]


def test_pings_and_settings_are_answered(connect) -> None:
    peer = connect()
    peer.write(frame(http2.PING, 0, 0, b"12345678"))
    while (got := peer.read()) is not None and got.kind != http2.PING:
        pass
    assert got is not None and (got.flags, got.payload) == (http2.ACK, b"12345678")
    assert sum(f.kind == http2.SETTINGS and f.flags == http2.ACK for f in peer.frames) == 1


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([*CALL[:2], (":path", "/other.Service/Call"), *CALL[3:]], "12"),
        ([(":method", "GET"), *CALL[1:]], "12"),
        ([*CALL[:5], ("content-type", "text/plain")], "12"),
        ([], "12"),
    ],
)
def test_an_unknown_call_is_unimplemented(connect, fields, status: str) -> None:
    peer = connect()
    call = peer.begin(fields)
    assert peer.end(call)["grpc-status"] == status
    assert works(peer)


@pytest.mark.parametrize(
    ("octets", "end", "status"),
    [
        (b"\x01\0\0\0\0", False, "12"),
        (b"\0" + struct.pack(">I", MAX_MESSAGE + 1), False, "8"),
        (b"\0\0\0\0\x05\x12", True, "3"),
        (b"\0\0\0\0\x02\x12\x7f", False, "3"),
        (b"\0\0\0\0\x01\x07", False, "3"),
        (b"\0\0\0\0\x00", False, "12"),
        (b"", True, "0"),
    ],
    ids=["compressed", "too large", "incomplete", "field too long", "wire type", "no part", "nothing"],
)
def test_a_message_that_is_not_valid_ends_its_call_only(connect, octets: bytes, end: bool, status: str) -> None:
    peer = connect()
    other = peer.begin()
    call = peer.begin()
    peer.write(frame(http2.DATA, http2.END_STREAM if end else 0, call, octets))
    assert peer.end(call)["grpc-status"] == status
    assert peer.ask(other, asks_request((b"cookie", b"rogue=1"))).removes == [b"cookie"]


def test_trailers_of_the_client_end_a_call(connect) -> None:
    peer = connect()
    call = peer.begin()
    peer.write(frame(http2.HEADERS, http2.END_HEADERS | http2.END_STREAM, call, peer.encoder.encode([("x", "1")])))
    assert peer.end(call)["grpc-status"] == "0"


def test_a_second_head_must_end_its_stream(connect) -> None:
    peer = connect()
    call = peer.begin()
    peer.write(frame(http2.HEADERS, http2.END_HEADERS, call, peer.encoder.encode(CALL)))
    peer.until_closed()
    assert peer.away == [(1, Http2Code.PROTOCOL_ERROR)]


def test_a_head_on_a_closed_stream_ends_the_connection(connect) -> None:
    peer = connect()
    call = peer.begin()
    peer.send(call, asks_request(), end=True)
    peer.end(call)
    peer.write(frame(http2.HEADERS, http2.END_HEADERS, call, peer.encoder.encode(CALL)))
    peer.until_closed()
    assert peer.away == [(1, Http2Code.STREAM_CLOSED)]


def test_frames_on_closed_streams_are_ignored(connect) -> None:
    peer = connect()
    call = peer.begin()
    peer.write(frame(http2.DATA, 0, call, b"\x01\0\0\0\0"))
    peer.end(call)
    peer.write(frame(http2.DATA, 0, call, b"late") + http2.window_update(call, 5) + http2.reset(call, Http2Code.CANCEL))
    assert works(peer)


@pytest.mark.parametrize("connection", [False, True], ids=["stream", "connection"])
def test_an_answer_waits_for_the_window(connect, connection: bool) -> None:
    settings = {} if connection else {Setting.INITIAL_WINDOW_SIZE: 10}
    peer = connect(settings)
    peer.confirms = False
    value = b"sid=" + b"x" * 3000
    calls = [peer.begin() for _ in range(30 if connection else 1)]
    for call in calls:
        peer.send(call, asks_request())
        peer.send(call, asks_response(*set_cookies(value)))
    peer.write(frame(http2.PING, 0, 0, b"12345678"))
    while not any(f.kind == http2.PING for f in peer.frames):
        peer.read()
    got = sum(len(f.payload) for f in peer.frames if f.kind == http2.DATA)
    assert got == (http2.DEFAULT_WINDOW if connection else 10)
    peer.write(http2.window_update(0 if connection else calls[0], 1 << 20))
    for call in calls:
        assert peer.reply(call).is_empty
        assert peer.reply(call).sets == [(b"set-cookie", value + b"; Secure")]


def test_a_window_may_become_negative(connect) -> None:
    peer = connect({Setting.INITIAL_WINDOW_SIZE: 100})
    call = peer.begin()
    peer.ask(call, asks_request())
    peer.write(http2.settings_frame({Setting.INITIAL_WINDOW_SIZE: 0}))
    peer.send(call, asks_response(*set_cookies(b"sid=1")))
    peer.write(http2.settings_frame({Setting.INITIAL_WINDOW_SIZE: 1000}))
    assert len(peer.reply(call).sets) == 1


def test_the_work_for_waiting_answers_grows_with_their_number_only(connect) -> None:
    peer = connect({Setting.INITIAL_WINDOW_SIZE: 0})
    asked = asks_request((b"cookie", b"rogue=1"))
    octets = []
    for number in range(1, 16001, 2):
        octets.append(frame(http2.HEADERS, http2.END_HEADERS, number, peer.encoder.encode(CALL)))
        octets.append(http2.data_frames(number, b"\0" + struct.pack(">I", len(asked)) + asked, end=False))
    began = time.process_time()
    peer.write(b"".join(octets) + http2.window_update(0, 1) * 5000)
    peer.write(http2.settings_frame({Setting.INITIAL_WINDOW_SIZE: 1000}))
    assert peer.reply(15999).removes == [b"cookie"]
    assert time.process_time() - began < 5, "13 s of it are for 8,000 streams if each looks at all others"


def test_a_message_may_arrive_in_frames_of_one_octet(connect) -> None:
    peer = connect()
    call = peer.begin()
    octets = b""
    for message in (asks_request(), field(5, b"x" * 100_000), asks_response(*set_cookies(b"rogue=1"))):
        octets += b"\0" + struct.pack(">I", len(message)) + message
    peer.write(b"".join(frame(http2.DATA, 0, call, octets[at : at + 1]) for at in range(len(octets))))
    assert [peer.reply(call).part for _ in range(2)] == [1, 4]
    assert peer.reply(call).removes == [b"set-cookie"]


def test_a_connection_stores_few_incomplete_messages(connect, shared: Proxy) -> None:
    peer = connect()
    calls = [peer.begin() for _ in range(40)]
    for call in calls:
        peer.write(frame(http2.DATA, 0, call, b"\0" + struct.pack(">I", MAX_MESSAGE)))
        peer.write(frame(http2.DATA, 0, call, b"x" * 16384) * 60)
    while not peer.resets:
        peer.read()
    assert set(peer.resets.values()) == {Http2Code.ENHANCE_YOUR_CALM} and calls[0] not in peer.resets
    assert shared.sample("cookiewarden_client_errors_total", reason="overload") >= 1
    assert works(peer)


def test_a_connection_stores_few_waiting_answers(connect) -> None:
    peer = connect({Setting.INITIAL_WINDOW_SIZE: 0})
    for _ in range(MAX_STORED // 4000 + 1):
        call = peer.begin()
        peer.send(call, asks_request())
        peer.send(call, asks_response(*set_cookies(b"sid=" + b"x" * 4000)))
    while not peer.resets:
        peer.read()
    assert set(peer.resets.values()) == {Http2Code.ENHANCE_YOUR_CALM} and 1 not in peer.resets


def test_a_call_that_has_failed_answers_nothing_more(connect) -> None:
    peer = connect({Setting.INITIAL_WINDOW_SIZE: 0})
    call = peer.begin()
    peer.send(call, asks_request())
    peer.write(frame(http2.DATA, 0, call, b"\x01\0\0\0\0"))
    peer.send(call, asks_response(*set_cookies(b"rogue=1")))
    peer.write(http2.window_update(call, 1000))
    assert peer.end(call)["grpc-status"] == "12"
    assert peer.reply(call).part == 1 and not peer.messages[call]


def test_windows_of_the_proxy_are_held(connect) -> None:
    peer = connect()
    call = peer.begin()
    flood = frame(http2.DATA, 0, call, b"\0" + struct.pack(">I", MAX_MESSAGE) + b"x" * 16000)
    flood += frame(http2.DATA, 0, call, b"x" * 16384) * (STREAM_WINDOW // 16384)
    peer.write(flood)
    while call not in peer.resets and call not in peer.ends:
        assert peer.read() is not None
    assert works(peer)


def test_octets_are_confirmed_so_that_a_connection_lives_on(connect) -> None:
    peer = connect()
    big = asks_request((b"x", b"y" * 20000), end=True)
    needed = CONNECTION_WINDOW // len(big) + 10
    for _ in range(needed):
        call = peer.begin()
        peer.send(call, big, end=True)
        peer.end(call)
    assert any(f.kind == http2.WINDOW_UPDATE and f.stream == 0 for f in peer.frames[2:])


def test_a_long_call_gets_a_wider_window(connect) -> None:
    peer = connect()
    call = peer.begin()
    peer.ask(call, asks_request())
    body = field(5, b"x" * 60000)
    for _ in range(STREAM_WINDOW // len(body) + 5):
        assert peer.ask(call, body).part == 4
    assert any(f.kind == http2.WINDOW_UPDATE and f.stream == call for f in peer.frames)


def test_streams_that_are_opened_and_reset_leave_nothing(connect, shared: Proxy) -> None:
    peer = connect()
    before = shared.sample("cookiewarden_envoy_call_resets_total")
    for _ in range(2000):
        peer.write(http2.reset(peer.begin(), Http2Code.CANCEL))
    assert works(peer)
    assert shared.sample("cookiewarden_envoy_call_resets_total") >= before + 2000
    assert eventually(lambda: shared.sample("cookiewarden_envoy_calls") <= 1)


def test_a_peer_that_asks_and_does_not_read_is_not_read_either(connect, shared: Proxy) -> None:
    peer = connect()
    peer.socket.settimeout(0.5)
    flood = frame(http2.PING, 0, 0, b"12345678") * 10000
    sent = 0
    with contextlib.suppress(OSError):
        while sent < 200 << 20:
            sent += peer.socket.send(flood)
    assert sent < 100 << 20, "the proxy reads without end"
    assert eventually(lambda: shared.sample("cookiewarden_client_errors_total", reason="client_timeout") >= 1)
    assert works(connect())


@pytest.mark.parametrize("sent", [b"", http2.PREFACE[:10], http2.PREFACE])
def test_a_preface_has_a_deadline(connect, sent: bytes) -> None:
    began = time.monotonic()
    peer = connect(silent=True)
    peer.write(sent)
    peer.until_closed()
    assert 0.9 < time.monotonic() - began < PATIENCE


def test_the_kernel_probes_a_peer_that_may_have_vanished(connect, shared: Proxy) -> None:
    peer = connect()
    assert works(peer)
    ours, theirs = (f"0100007F:{port:04X}" for port in (shared.port, peer.socket.getsockname()[1]))
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    timers = [line[5] for line in lines if line[1:3] == [ours, theirs]]
    assert [timer[:2] for timer in timers] == ["02"]  # a keepalive timer (proc(5))


def test_health_checks_answer_until_the_drain(connect) -> None:
    peer = connect()
    check = [(":path", "/grpc.health.v1.Health/Check") if name == ":path" else (name, value) for name, value in CALL]
    for service, status in ((b"", "0"), (b"envoy.service.ext_proc.v3.ExternalProcessor", "0"), (b"other", "5")):
        call = peer.begin(check)
        peer.send(call, field(1, service) if service else b"", end=True)
        assert peer.end(call)["grpc-status"] == status
        if status == "0":
            assert peer.message(call) == b"\x08\x01"
    call = peer.begin(check)
    peer.send(call, b"\x0a\x7f")
    assert peer.end(call)["grpc-status"] == "3"


def test_a_drain_has_two_steps(tmp_path: Path) -> None:
    with starter(tmp_path) as start, contextlib.ExitStack() as ends:
        proxy, _ = start(upstream=None, extproc=ANY)
        peer, idle = (ends.enter_context(contextlib.closing(Peer(proxy.port))) for _ in range(2))
        call = peer.begin()
        peer.ask(call, asks_request((b"cookie", b"rogue=1")))
        works(idle)
        proxy.loop.call_soon_threadsafe(setattr, proxy.worker.driver.connections, "draining", True)
        while not peer.away:
            peer.read()
        assert peer.away == [(http2.MAX_WINDOW, 0)]
        accepted = peer.begin()  # on its way when the peer learned of the drain
        assert peer.ask(accepted, asks_request()).is_empty
        (ping,) = [f for f in peer.frames if f.kind == http2.PING]
        peer.write(frame(http2.PING, http2.ACK, 0, ping.payload))
        while len(peer.away) < 2:
            peer.read()
        assert peer.away[1] == (accepted, 0)
        refused = peer.begin()
        while refused not in peer.resets:
            peer.read()
        assert peer.resets[refused] == Http2Code.REFUSED_STREAM
        peer.send(refused, asks_request())  # on its way when the peer learned of the refusal
        peer.write(http2.window_update(refused, 5) + http2.reset(refused, Http2Code.CANCEL))
        assert peer.ask(call, asks_response(*set_cookies(b"rogue=1"))).removes == [b"set-cookie"]
        for number in (call, accepted):
            peer.write(frame(http2.DATA, http2.END_STREAM, number))
            peer.end(number)
        peer.until_closed()
        while not idle.away:
            idle.read()
        idle.write(frame(http2.PING, http2.ACK, 0, ping.payload))
        idle.until_closed()


def test_a_processor_serves_on_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "s"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))  # left behind by a process that was killed
    left.close()
    with starter(tmp_path) as start:
        start(upstream=None, extproc=UnixSocket(str(path)))
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(path))
            client.sendall(http2.PREFACE + SETTINGS)
            assert client.recv(9)[3] == http2.SETTINGS
        assert path.stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (http2.window_update(1, 0), Http2Code.PROTOCOL_ERROR),
        (http2.window_update(1, http2.MAX_WINDOW), Http2Code.FLOW_CONTROL_ERROR),
        (frame(http2.PRIORITY, 0, 1, b"1234"), Http2Code.FRAME_SIZE_ERROR),
    ],
)
def test_a_violation_on_a_stream_resets_only_the_stream(connect, octets: bytes, code: Http2Code) -> None:
    peer = connect()
    call = peer.begin()
    peer.ask(call, asks_request())
    peer.write(octets)
    while call not in peer.resets:
        assert peer.read() is not None
    assert peer.resets[call] == code and works(peer)


def test_a_setting_that_makes_a_window_too_large_ends_the_connection(connect) -> None:
    peer = connect()
    call = peer.begin()
    peer.ask(call, asks_request())
    peer.write(http2.window_update(call, http2.MAX_WINDOW - 100_000))
    peer.write(http2.settings_frame({Setting.INITIAL_WINDOW_SIZE: 500_000, Setting.MAX_FRAME_SIZE: 20_000}))
    peer.until_closed()
    assert [ended for _, ended in peer.away] == [Http2Code.FLOW_CONTROL_ERROR]


def test_a_head_that_ends_its_stream_has_no_message(connect) -> None:
    peer = connect()
    assert peer.end(peer.begin(flags=http2.END_STREAM))["grpc-status"] == "3"


def test_the_largest_window_of_the_connection_is_valid(connect) -> None:
    peer = connect(silent=True)
    peer.write(http2.PREFACE + SETTINGS + http2.window_update(0, http2.MAX_WINDOW - http2.DEFAULT_WINDOW))
    assert works(peer)


def test_at_the_limit_an_idle_connection_makes_room_and_a_busy_one_does_not(tmp_path: Path) -> None:
    with starter(tmp_path) as start, contextlib.ExitStack() as ends:
        proxy, _ = start(upstream=None, extproc=ANY, max_connections=1)
        idle = ends.enter_context(contextlib.closing(Peer(proxy.port)))
        call = idle.begin()
        idle.send(call, asks_request(), end=True)
        idle.end(call)
        busy = ends.enter_context(contextlib.closing(Peer(proxy.port)))
        assert busy.ask(busy.begin(), asks_request()).is_empty
        idle.until_closed()
        assert idle.away == [(1, 0)]
        refused = ends.enter_context(contextlib.closing(Peer(proxy.port)))
        refused.until_closed()
        assert refused.away == [] and proxy.sample("cookiewarden_client_errors_total", reason="overload") >= 1


def test_the_end_of_the_processor_ends_its_calls(tmp_path: Path) -> None:
    with contextlib.ExitStack() as ends:
        with starter(tmp_path) as start:
            proxy, _ = start(upstream=None, extproc=ANY)
            peer = ends.enter_context(contextlib.closing(Peer(proxy.port)))
            peer.ask(peer.begin(), asks_request())
        peer.until_closed()
    assert proxy.metrics.in_flight == 0


@pytest.mark.interpreted
def test_a_fault_of_the_proxy_ends_only_its_call(connect, shared: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = connect()
    before = shared.sample("cookiewarden_policy_errors_total")
    with monkeypatch.context() as patched:
        patched.setattr("cookiewarden.serve.extproc.exchange.request_of", lambda *_: 1 / 0)
        call = peer.begin()
        peer.send(call, asks_request((b"cookie", b"sid=CANARY")))
        ended = peer.end(call)
    assert (ended["grpc-status"], ended["grpc-message"]) == ("13", "ZeroDivisionError")
    assert shared.sample("cookiewarden_policy_errors_total") == before + 1 and works(peer)


@pytest.mark.parametrize("second", [b"request", b"response"])
def test_a_call_has_one_request_and_one_response(connect, second: bytes) -> None:
    peer = connect()
    call = peer.begin()
    peer.ask(call, asks_request())
    if second == b"request":
        peer.send(call, asks_request())
        assert peer.end(call)["grpc-status"] == "9"
    else:
        peer.ask(call, asks_response())
        assert peer.ask(call, asks_response(*set_cookies(b"rogue=1"))).is_empty


def test_an_access_log_line_has_the_request(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with starter(tmp_path) as start, contextlib.ExitStack() as ends:
        proxy, _ = start(upstream=None, extproc=ANY, access_log=Access.ON)
        peer = ends.enter_context(contextlib.closing(Peer(proxy.port)))
        call = peer.begin()
        peer.ask(call, asks_request(path=b"/a?b"))
        peer.ask(call, asks_response(status=b"204"))
        fields = [record.__dict__["fields"] for record in caplog.records if record.name == "cookiewarden.access"]
        assert [(f["host"], f["path"], f["status"]) for f in fields] == [("shop.example", "/a", 204)]
