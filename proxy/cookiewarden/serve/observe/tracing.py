"""OpenTelemetry spans for requests with a sampled traceparent (W3C Trace Context 3.2.2.5).

The trace context is forwarded unchanged, so the spans of proxy and application have the same parent. The
environment variables of OpenTelemetry, such as OTEL_EXPORTER_OTLP_ENDPOINT, set the destination."""

import contextlib
import os
import time
from collections import Counter
from typing import TYPE_CHECKING

from cookiewarden import __version__
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.wire.traceparent import SAMPLED

if TYPE_CHECKING:
    pass

FLUSH_MILLISECONDS = 2000
"""Time to send the remaining spans when the process ends."""


class Tracing:
    """Sends spans of requests that have ended. Raises CannotStart if OpenTelemetry is not installed."""

    def __init__(self) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as missing:
            raise CannotStart(
                f"--tracing needs OpenTelemetry ({missing.name} is not installed): pip install 'cookiewarden[otel]'"
            ) from None
        name = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": "cookiewarden"}
        self.provider: TracerProvider = TracerProvider(resource=Resource.create(name))
        self.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self.provider.get_tracer("cookiewarden", __version__)

    def ended(
        self,
        asked: tuple[int, int],
        method: str,
        host: str,
        path: str,
        status: int,
        seconds: float,
        why: str,
        actions: Counter[str],
    ) -> None:
        """Create the span of a request. `actions`: number of its cookies by action."""
        from opentelemetry import trace

        trace_id, parent_id = asked
        parent = trace.SpanContext(trace_id, parent_id, is_remote=True, trace_flags=trace.TraceFlags(SAMPLED))
        end = time.time_ns()
        attributes: dict[str, str | int] = {
            "http.request.method": method,
            "server.address": host,
            "url.path": path,
            **({"http.response.status_code": status} if status else {}),
            **({"error.type": why} if why else {}),
            **{f"cookiewarden.cookies.{action}": count for action, count in sorted(actions.items())},
        }
        span = self._tracer.start_span(
            method,
            trace.set_span_in_context(trace.NonRecordingSpan(parent)),
            trace.SpanKind.SERVER,
            attributes,
            start_time=end - int(seconds * 1e9),
        )
        if why or status >= 500:
            span.set_status(trace.StatusCode.ERROR)
        span.end(end)

    def stop(self) -> None:
        """Send the remaining spans."""
        with contextlib.suppress(Exception):  # export errors must not affect shutdown
            self.provider.force_flush(FLUSH_MILLISECONDS)
            self.provider.shutdown()
