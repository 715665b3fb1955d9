"""The filter and the cluster of Envoy, as values that the hosts' resources contain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cookiewarden.core.policy.policy import OnError, Policy
from cookiewarden.tools.envoy.fields import changed_fields, request_fields, response_fields

FILTER = "envoy.filters.http.ext_proc"
CLUSTER = "cookiewarden"
NAMESPACE = "cookiewarden"
"""Namespace of the metadata with entries and reasons."""
MESSAGE_TIMEOUT = "1s"
"""Maximum time for an answer. An answer takes less than 1 ms, and a reload of a large policy less than 0.5 s."""
OBSERVED_CALL = "1s"
"""Time for which Envoy keeps a call open after an observed request. With its default of 5 s, the circuit breaker would
be reached at 3,277 requests per second."""
MAX_STREAMS = 16384
"""Maximum number of requests that wait for the processor or have an open call. The default of Envoy is 1,024."""
_TYPES = "type.googleapis.com/envoy.extensions"


@dataclass(frozen=True, slots=True)
class Processor:
    """The address of the processor: a unix socket, or a host and a port."""

    socket: str = ""
    host: str = ""
    port: int = 0

    @property
    def endpoint(self) -> dict[str, Any]:
        """The address as Envoy writes it."""
        if self.socket:
            return {"pipe": {"path": self.socket}}
        return {"socket_address": {"address": self.host, "port_value": self.port}}


def fails_open(policy: Policy, observe: bool) -> bool:
    """Check whether requests pass when the processor does not answer."""
    return observe or policy.on_error is OnError.OPEN


def ext_proc(policy: Policy, observe: bool, name: str = "", others: Sequence[Policy] = ()) -> dict[str, Any]:
    """Return the HTTP filter. `observe`: Envoy sends copies of the heads and does not wait for an answer. `name`:
    selects a policy of --extproc-policy. `others`: further policies whose routes use the filter."""
    policies = (policy, *others)
    service: dict[str, Any] = {"envoy_grpc": {"cluster_name": CLUSTER}}
    if name:
        service["initial_metadata"] = [{"key": "cookiewarden-policy", "value": name}]
    read = {field for each in policies for field in (*request_fields(each), *response_fields(each))}
    patterns = [{"exact": field} for field in sorted(read)]
    config: dict[str, Any] = {
        "@type": f"{_TYPES}.filters.http.ext_proc.v3.ExternalProcessor",
        "grpc_service": service,
        "failure_mode_allow": fails_open(policy, observe),
        "message_timeout": MESSAGE_TIMEOUT,
        "processing_mode": {
            "request_header_mode": "SEND",
            "response_header_mode": "SEND",
            "request_body_mode": "NONE",
            "response_body_mode": "NONE",
            "request_trailer_mode": "SKIP",
            "response_trailer_mode": "SKIP",
        },
        "forward_rules": {"allowed_headers": {"patterns": patterns}},
        "mutation_rules": {"disallow_all": True, "allow_expression": {"regex": changed_fields(policies)}},
        "metadata_options": {"receiving_namespaces": {"untyped": [NAMESPACE]}},
    }
    if observe:
        config["observability_mode"] = True
        config["deferred_close_timeout"] = OBSERVED_CALL
    return {"name": FILTER, "typed_config": config}


def cluster(processor: Processor) -> dict[str, Any]:
    """Return the cluster of the processor: HTTP/2, and more requests than the default."""
    return {
        "name": CLUSTER,
        "type": "STATIC" if processor.socket else "STRICT_DNS",
        "connect_timeout": "1s",
        "circuit_breakers": {
            "thresholds": [
                {"max_connections": 1024, "max_pending_requests": MAX_STREAMS, "max_requests": MAX_STREAMS},
            ]
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_TYPES}.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": CLUSTER,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": processor.endpoint}}]}],
        },
    }
