"""The metrics in Prometheus' exposition format."""

import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from cookiewarden import __version__
from cookiewarden.build import IS_COMPILED
from cookiewarden.serve.control.status import PolicyStatus, WorkerProcesses
from cookiewarden.serve.observe.metrics import (
    ALT_SVC_DROPPED,
    CALL_RESETS,
    CALLS,
    CLIENT_ERRORS_AT,
    CODE_CLASSES,
    CONNECTIONS_AT,
    COOKIES_AT,
    DURATION_AT,
    DURATION_BUCKETS,
    FORWARDED_REPLACED,
    FORWARDED_UNCLEAR_AT,
    GUARD_PAGES_AT,
    IN_FLIGHT,
    INGRESS_FIELDS_AT,
    LABEL_SIZE,
    LABELS_AT,
    MUTATIONS_LEFT_OUT,
    NEVER_ANSWERED,
    OVERHEAD_AT,
    OVERHEAD_BUCKETS,
    POLICY_ERRORS,
    REQUESTS_AT,
    UPSTREAM_ERRORS_AT,
    VIOLATIONS_AT,
    WITH_GPC,
    WITHOUT_GPC,
    Labels,
)
from cookiewarden.serve.observe.role import Role
from cookiewarden.serve.offload import in_short_turns


class Exposition(Collector):
    """Collector of all metrics. `read` returns the current counts."""

    def __init__(
        self,
        read: Callable[[], Sequence[int] | memoryview],
        labels: Labels,
        status: PolicyStatus,
        workers: WorkerProcesses | None = None,
    ) -> None:
        self.read = read
        self.labels = labels
        self.status = status
        self.workers = workers

    async def scraped(self) -> bytes:
        """Return the metrics of this moment as text. The text is built in a thread, because it takes 15 ms for 200
        entries."""
        counts, labels, status = list(self.read()), Labels(self.labels.max_entries), self.status
        labels.numbers = dict(self.labels.numbers)
        moment = Exposition(lambda: counts, labels, replace(status, expiries=dict(status.expiries)), self.workers)
        return await in_short_turns(moment.text)

    def text(self) -> bytes:
        """Return the metrics as text."""
        registry = CollectorRegistry()
        registry.register(self)
        if self.workers is None:
            ProcessCollector(registry=registry)
        else:
            registry.register(Processes(self.workers))
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        counts = self.read()
        yield _info(
            "build",
            "The running build: its versions, and whether it is machine code.",
            version=__version__,
            python=platform.python_version(),
            compiled="true" if IS_COMPILED else "false",
        )
        yield from self._policy()
        yield from _requests(counts)
        yield from self._cookies(counts, Role.IN_FORCE)
        yield from self._cookies(counts, Role.SHADOW)
        yield _counter(
            "policy_errors", "Policy evaluation errors caused by faults of the proxy.", (), {(): counts[POLICY_ERRORS]}
        )
        yield from _failures_and_fields(counts)
        yield _counter(
            "guard_pages",
            "Pages under the script guard, by result of inserting its tag.",
            ("result",),
            _by(counts, GUARD_PAGES_AT),
        )
        yield _counter(
            "gpc_requests",
            "Requests under a policy that reads Sec-GPC, by whether the browser sent it with the value 1.",
            ("gpc",),
            {("false",): counts[WITHOUT_GPC], ("true",): counts[WITH_GPC]},
        )
        yield from _envoy(counts)
        connections = {key: counts[at] for key, at in CONNECTIONS_AT.items()}
        yield _gauge("connections", "Open connections.", ("side", "state"), connections)
        workers = self.workers
        yield _gauge("workers", "Running worker processes.", (), {(): len(workers.pids) if workers else 1})
        yield _counter(
            "workers_replaced",
            "Workers that died and were replaced.",
            (),
            {(): workers.replaced if workers else 0},
        )

    def _cookies(self, counts: Sequence[int] | memoryview, role: Role) -> Iterator[Metric]:
        cookies: dict[tuple[str, str, str], int] = {}
        violations: dict[tuple[str, str, str], int] = {}
        for label, number in self.labels.of(role).items():
            begin = LABELS_AT + LABEL_SIZE * number
            for (direction, action), at in COOKIES_AT.items():
                cookies[direction, label, action] = counts[begin + at]
            for (reason, enforced), at in VIOLATIONS_AT.items():
                if counts[begin + at]:  # appears on first use
                    violations[label, reason, "true" if enforced else "false"] = counts[begin + at]
        tried = role is Role.SHADOW
        family = "shadow_" if tried else ""
        would = "by the decision of the shadow policy" if tried else "by action taken"
        yield _counter(family + "cookies", f"Cookies judged, {would}.", ("direction", "cookie", "action"), cookies)
        yield _counter(
            family + "violations",
            f"Cookies that violate {'the shadow policy' if tried else 'the policy'}.",
            ("cookie", "reason", "enforced"),
            violations,
        )

    def _policy(self) -> Iterator[Metric]:
        status = self.status
        infos = InfoMetricFamily("cookiewarden_policy", "The policies in force.", labels=("policy", "sha256"))
        for name, sha256 in dict.fromkeys([(status.policy, status.sha256), *status.named.values()]):
            infos.add_metric((name, sha256), {})
        yield infos
        yield _gauge(
            "policy_enforcing",
            "1 if the mode is enforce, 0 if it is report.",
            (),
            {(): int(status.enforcing)},
        )
        yield _gauge(
            "mode_switch_end_timestamp_seconds",
            "Time at which the mode set by an operator ends; 0 without one.",
            (),
            {(): status.switch_end},
        )
        yield _gauge(
            "config_last_reload_successful",
            "1 if the last reload of the policy succeeded, else 0.",
            (),
            {(): int(status.reload_successful)},
        )
        yield _gauge(
            "config_last_reload_success_timestamp_seconds",
            "Time of the last successful load of a policy.",
            (),
            {(): status.reload_time},
        )
        labels = self.labels.of(Role.IN_FORCE)
        known = {(name,): at for name, at in status.expiries.items() if name in labels}
        yield _gauge("entry_expiry_timestamp_seconds", "Time at which a dated entry expires.", ("cookie",), known)
        if status.shadow is not None:
            yield _info(
                "shadow_policy",
                "The shadow policy.",
                policy=status.shadow.policy,
                sha256=status.shadow.sha256,
            )
            yield _gauge(
                "shadow_last_reload_successful",
                "1 if the last reload of the shadow policy succeeded, else 0.",
                (),
                {(): int(status.shadow.reload_successful)},
            )
        reloads = {("success",): status.successes, ("failure",): status.failures}
        yield _counter("config_reloads", "Reloads of the policy, by result.", ("result",), reloads)


def _requests(counts: Sequence[int] | memoryview) -> Iterator[Metric]:
    """Yield the metrics of requests and their durations."""
    requests = {(m.decode(), CODE_CLASSES[c - 1]): counts[at] for (m, c), at in REQUESTS_AT.items()}
    yield _counter("requests", "Requests with a response.", ("method", "code_class"), requests)
    yield _histogram(
        "request_duration_seconds",
        "Time from the request head to the end of the response.",
        DURATION_BUCKETS,
        counts[DURATION_AT:OVERHEAD_AT],
    )
    yield _histogram(
        "overhead_seconds",
        "Time that the proxy adds to a request.",
        OVERHEAD_BUCKETS,
        counts[OVERHEAD_AT:LABELS_AT],
    )
    yield _gauge("requests_in_flight", "Requests without a complete response.", (), {(): counts[IN_FLIGHT]})


def _failures_and_fields(counts: Sequence[int] | memoryview) -> Iterator[Metric]:
    """Yield the metrics of failures, and of header fields that were replaced or removed."""
    yield _counter(
        "upstream_errors", "Failed exchanges with the application.", ("reason",), _by(counts, UPSTREAM_ERRORS_AT)
    )
    yield _counter(
        "client_errors", "Failed or refused connections of clients.", ("reason",), _by(counts, CLIENT_ERRORS_AT)
    )
    yield _counter(
        "forwarded_replaced",
        "Requests from untrusted peers whose X-Forwarded headers were replaced.",
        (),
        {(): counts[FORWARDED_REPLACED]},
    )
    yield _counter(
        "forwarded_unclear",
        "Requests from trusted peers whose X-Forwarded or Forwarded header was not understood.",
        ("header",),
        _by(counts, FORWARDED_UNCLEAR_AT),
    )
    yield _counter(
        "ingress_headers",
        "Headers of an ingress that untrusted peers sent, removed if enforced.",
        ("header", "enforced"),
        {(header, "true" if enforced else "false"): counts[at] for (header, enforced), at in INGRESS_FIELDS_AT.items()},
    )
    yield _counter(
        "alt_svc_dropped",
        "Responses from which the Alt-Svc header was removed.",
        (),
        {(): counts[ALT_SVC_DROPPED]},
    )


def _envoy(counts: Sequence[int] | memoryview) -> Iterator[Metric]:
    """Yield the metrics of the driver for Envoy."""
    for name, at, help in (
        ("envoy_call_resets", CALL_RESETS, "Calls that Envoy reset, which is the usual end of a call."),
        ("envoy_lines_left_out", MUTATIONS_LEFT_OUT, "Set-Cookie lines left out because of the limits of Envoy."),
        ("envoy_unanswered", NEVER_ANSWERED, "Requests about whose response Envoy never asked."),
    ):
        yield _counter(name, help, (), {(): counts[at]})
    yield _gauge("envoy_calls", "Open calls of Envoy.", (), {(): counts[CALLS]})


class Processes(Collector):
    """Sums of `process_*` over supervisor and workers. The CPU time includes workers that have ended."""

    def __init__(self, workers: WorkerProcesses) -> None:
        self.workers = workers

    def collect(self) -> Iterator[Metric]:
        ended = os.times()
        more = {"process_cpu_seconds": ended.children_user + ended.children_system}
        for pid in self.workers.pids:
            for family in _process(pid):
                if family.name in SUMMED:
                    more[family.name] = more.get(family.name, 0.0) + family.samples[0].value
        for family in _process(os.getpid()):
            sample = family.samples[0]
            family.samples = [sample._replace(value=sample.value + more.get(family.name, 0.0))]
            yield family


def _process(pid: int) -> Iterable[Metric]:
    """Return the metrics of a process; none if it has ended."""
    return ProcessCollector(registry=None, pid=lambda: pid).collect()


SUMMED = frozenset(
    {
        "process_cpu_seconds",
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_open_fds",
    }
)


def _by(counts: Sequence[int] | memoryview, places: dict[str, int]) -> dict[tuple[str, ...], int]:
    return {(key,): counts[at] for key, at in places.items()}


def _info(name: str, help: str, **labels: str) -> Metric:
    family = InfoMetricFamily("cookiewarden_" + name, help)
    family.add_metric((), labels)
    return family


Samples = Mapping[Any, float]
"""Values by the tuple of label values."""


def _counter(name: str, help: str, labels: Iterable[str], values: Samples) -> Metric:
    family = CounterMetricFamily("cookiewarden_" + name, help, labels=tuple(labels))
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _gauge(name: str, help: str, labels: Iterable[str], values: Samples) -> Metric:
    family = GaugeMetricFamily("cookiewarden_" + name, help, labels=tuple(labels))
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _histogram(name: str, help: str, bounds: Sequence[float], counts: Sequence[int] | memoryview) -> Metric:
    """Build a histogram. `counts`: one per bucket, one above all bounds, and the sum in nanoseconds."""
    total, buckets = 0, []
    for bound, count in zip((*map(str, bounds), "+Inf"), counts[:-1], strict=True):
        total += count
        buckets.append((bound, float(total)))
    family = HistogramMetricFamily("cookiewarden_" + name, help)
    family.add_metric((), buckets, counts[-1] / 1e9)
    return family
