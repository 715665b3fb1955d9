"""OpenTelemetry: trace context is forwarded unchanged, and spans of requests that ask for them reach an OTLP
receiver."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from cookiewarden.serve.wire.traceparent import traceparent
from tests.support.client import CLOSE, ask, get
from tests.support.command import run
from tests.support.proxy import POLICY, Start
from tests.support.wait import eventually

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ASKS = f"traceparent: 00-{TRACE}-{PARENT}-01".encode()
SETS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: sid=CANARY\r\nSet-Cookie: tracker=CANARY\r\n\r\nok"


class Receiver:
    """A receiver of OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.resources: list[dict[str, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                export = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
                for resource in export.resource_spans:
                    receiver.resources.append({a.key: a.value.string_value for a in resource.resource.attributes})
                    receiver.spans += [span for scope in resource.scope_spans for span in scope.spans]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    found = Receiver()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    yield found
    found.server.shutdown()
    found.server.server_close()


def attributes(span: Any) -> dict[str, object]:
    return {a.key: a.value.string_value or a.value.int_value for a in span.attributes}


def test_trace_context_is_forwarded_unchanged_with_and_without_spans(start: Start, receiver: Receiver) -> None:
    fields = (ASKS, b"tracestate: vendor=1,other=2", b"baggage: a=b")
    for tracing in (False, True):
        proxy, origin = start(tracing=tracing)
        ask(proxy.port, get(b"/", *fields, CLOSE))
        head = origin.requests[-1]
        assert all(b"\r\n" + field + b"\r\n" in head for field in fields)
        assert head.lower().count(b"traceparent") == 1


def test_a_request_that_asks_gets_a_span_and_no_other_does(start: Start, receiver: Receiver) -> None:
    proxy, _ = start(SETS, tracing=True)
    for field in (b"X: y", ASKS[:-1] + b"0", ASKS.replace(TRACE.encode(), b"0" * 32), b"traceparent: CANARY"):
        ask(proxy.port, get(b"/none", field, CLOSE))
    ask(proxy.port, get(b"/cart?token=CANARY", ASKS, b"Cookie: sid=CANARY; other=CANARY", CLOSE))
    assert eventually(lambda: len(receiver.spans) == 1)
    (span,) = receiver.spans
    assert (span.trace_id.hex(), span.parent_span_id.hex(), span.name) == (TRACE, PARENT, "GET")
    assert attributes(span) == {
        "http.request.method": "GET", "http.response.status_code": 200, "server.address": "shop.example", "url.path": "/cart",
        "cookiewarden.cookies.pass": 1, "cookiewarden.cookies.strip": 1, "cookiewarden.cookies.rewrite": 1,
        "cookiewarden.cookies.block": 1,
    }  # fmt: skip
    assert span.kind == 2 and 0 < span.end_time_unix_nano - span.start_time_unix_nano < 5e9
    assert receiver.resources[0]["service.name"] == "cookiewarden"
    assert "CANARY" not in str(receiver.spans)


def test_a_failure_is_recorded_in_the_span(start: Start, receiver: Receiver) -> None:
    proxy, origin = start(tracing=True)
    origin.close()
    ask(proxy.port, get(b"/", ASKS, CLOSE))
    assert eventually(lambda: len(receiver.spans) == 1)
    assert attributes(receiver.spans[0])["error.type"] == "connect" and receiver.spans[0].status.code == 2


def test_a_receiver_that_is_down_changes_nothing(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    proxy, _ = start(tracing=True)
    for _ in range(20):
        assert b"200 OK" in ask(proxy.port, get(b"/", ASKS, CLOSE))


def test_without_the_extra_the_proxy_names_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p.yaml").write_text(POLICY)
    for missing in ("opentelemetry.sdk.resources", "opentelemetry.exporter.otlp.proto.http.trace_exporter"):
        monkeypatch.setitem(sys.modules, missing, None)
    listen = ("--listen", "0", "--admin", "0", "--tracing", "on")
    code, _, told = run("run", "--policy", tmp_path / "p.yaml", "--upstream", "http://127.0.0.1:1", *listen)
    assert code == 3 and "pip install 'cookiewarden[otel]'" in told and "Traceback" not in told


@pytest.mark.parametrize(
    ("line", "asks"),
    [
        (f"traceparent: 00-{TRACE}-{PARENT}-01", True), (f"TraceParent:00-{TRACE}-{PARENT}-03 ", True),
        (f"traceparent: cc-{TRACE}-{PARENT}-01-what-comes", True), (f"traceparent: ff-{TRACE}-{PARENT}-01", False),
        (f"traceparent: 00-{TRACE}-{PARENT}-00", False), (f"traceparent: 00-{TRACE}-{'0' * 16}-01", False),
        (f"traceparent: 00-{TRACE}-{PARENT}-1", False), (f"x-traceparent: 00-{TRACE}-{PARENT}-01", False), ("traceparent:", False),
    ],
)  # fmt: skip
def test_a_span_is_made_only_if_requested(line: str, asks: bool) -> None:
    found = traceparent(f"\r\nAccept: */*\r\n{line}".encode())
    assert found == ((int(TRACE, 16), int(PARENT, 16)) if asks else None)


@given(st.binary(max_size=80))
def test_no_field_makes_it_fail(value: bytes) -> None:
    traceparent(b"\r\ntraceparent: " + value)
