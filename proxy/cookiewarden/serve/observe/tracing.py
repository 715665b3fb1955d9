"""Spans by OpenTelemetry, for requests that ask for them: whose traceparent says that it is sampled (W3C Trace Context
3.2.2.5).

The trace context itself passes untouched: the application's spans and ours are children of the same one. Where spans
are sent is said as everywhere, by OTEL_EXPORTER_OTLP_ENDPOINT and its kin."""

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
"""At the end, for spans that are not sent yet."""


class Tracing:
    """Makes spans when requests have ended. Raises CannotStart where OpenTelemetry is not installed."""

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
        """One request. `actions`: how many of its cookies each was done to."""
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
        """Send what is left."""
        with contextlib.suppress(Exception):  # the library's own affairs: nothing here depends on them any more
            self.provider.force_flush(FLUSH_MILLISECONDS)
            self.provider.shutdown()
