"""The configuration of each host: Envoy itself, and control planes of Envoy. A comment names what a host cannot say."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml

from cookiewarden.core.policy.policy import Policy
from cookiewarden.tools.envoy.processor import (
    FILTER,
    MAX_STREAMS,
    MESSAGE_TIMEOUT,
    NAMESPACE,
    Processor,
    cluster,
    ext_proc,
    fails_open,
)

_TYPES = "type.googleapis.com/envoy.extensions"


class Host(StrEnum):
    """Programs that run Envoy."""

    ENVOY = "envoy"
    ENVOY_GATEWAY = "envoy-gateway"
    ISTIO = "istio"
    KGATEWAY = "kgateway"
    GCP = "gcp"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a configuration is made for."""

    policy: Policy
    processor: Processor
    listen: tuple[str, int] = ("127.0.0.1", 8080)
    """Address for browsers, for Envoy itself."""
    upstream: tuple[str, int] = ("127.0.0.1", 3000)
    """Address of the application, for Envoy itself."""
    observe: bool = False
    """True if heads are only judged and counted."""


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document with comments before it."""

    comments: tuple[str, ...]
    value: dict[str, Any]


def configuration(host: Host, wish: Wish) -> str:
    """Return the configuration of a host as YAML."""
    documents = _HOSTS[host](wish)
    return "---\n".join(_text(document) for document in documents)


def _text(document: Document) -> str:
    comments = "".join(f"# {line}\n" if line else "#\n" for line in document.comments)
    return comments + yaml.safe_dump(document.value, sort_keys=False, width=1000)


def _title(host: str, wish: Wish) -> tuple[str, ...]:
    failing = (
        "Requests pass unjudged while the processor does not answer."
        if fails_open(wish.policy, wish.observe)
        else "Requests fail with a 5xx while the processor does not answer."
    )
    observing = ("Heads are judged and counted, and nothing changes.",) if wish.observe else ()
    return (f"{host} asks cookiewarden about cookies, by the policy {wish.policy.name}.", *observing, failing)


def _lost(*lines: str) -> tuple[str, ...]:
    return ("", "This host cannot say:", *(f"- {line}" for line in lines))


# Envoy


def _envoy(wish: Wish) -> list[Document]:
    manager = {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "browsers",
        "access_log": [_access_log()],
        "http_filters": [
            ext_proc(wish.policy, wish.observe),
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPES}.filters.http.router.v3.Router"},
            },
        ],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "application",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "application", "timeout": "0s"}}],
                }
            ]
        },
        "upgrade_configs": [{"upgrade_type": "websocket"}],
    }
    application = {
        "name": "application",
        "type": "STRICT_DNS",
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": "application",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(*wish.upstream)}}]}],
        },
    }
    value = {
        "static_resources": {
            "listeners": [
                {
                    "name": "browsers",
                    "address": _address(*wish.listen),
                    "filter_chains": [
                        {
                            "filters": [
                                {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
                            ]
                        }
                    ],
                }
            ],
            "clusters": [application, cluster(wish.processor)],
        },
    }
    comments = (
        *_title("Envoy", wish),
        "The filter is the last one before the router, so that it judges what the application gets and sends.",
        "Envoy decides whose X-Forwarded-Proto it trusts (use_remote_address, xff_num_trusted_hops).",
    )
    return [Document(comments, value)]


def _access_log() -> dict[str, Any]:
    line = (
        "%START_TIME% %REQ(:METHOD)% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %DURATION%ms "
        f"%DYNAMIC_METADATA({NAMESPACE})%\n"
    )
    return {
        "name": "envoy.access_loggers.stdout",
        "typed_config": {
            "@type": f"{_TYPES}.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": {"text_format_source": {"inline_string": line}},
        },
    }


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


# Istio


def _istio(wish: Wish) -> list[Document]:
    router = {
        "name": "envoy.filters.network.http_connection_manager",
        "subFilter": {"name": "envoy.filters.http.router"},
    }
    patches = [
        {
            "applyTo": "HTTP_FILTER",
            "match": {"context": "GATEWAY", "listener": {"filterChain": {"filter": router}}},
            "patch": {"operation": "INSERT_BEFORE", "value": ext_proc(wish.policy, wish.observe)},
        },
        {
            "applyTo": "CLUSTER",
            "match": {"context": "GATEWAY"},
            "patch": {"operation": "ADD", "value": cluster(wish.processor)},
        },
    ]
    value = {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": "cookiewarden", "namespace": "istio-system"},
        "spec": {"workloadSelector": {"labels": {"istio": "ingressgateway"}}, "configPatches": patches},
    }
    comments = (
        *_title("Istio", wish),
        "For sidecars instead of the gateway, set context to SIDECAR_INBOUND for the filter and to ANY for the",
        "cluster, and select the workloads of the application.",
        *_lost("the order among several EnvoyFilters that insert before the router: the newest one is the last"),
    )
    return [Document(comments, value)]


# Envoy Gateway


def _envoy_gateway(wish: Wish) -> list[Document]:
    extension = {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "EnvoyExtensionPolicy",
        "metadata": {"name": "cookiewarden"},
        "spec": {
            "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gateway"}],
            "extProc": [
                {
                    "backendRefs": [{"name": wish.processor.host, "port": wish.processor.port}],
                    "failOpen": fails_open(wish.policy, wish.observe),
                    "messageTimeout": MESSAGE_TIMEOUT,
                    "processingMode": {"request": {}, "response": {}},
                    "metadata": {"writableNamespaces": [NAMESPACE]},
                    "backendSettings": {
                        "circuitBreaker": {
                            "maxConnections": 1024,
                            "maxPendingRequests": MAX_STREAMS,
                            "maxParallelRequests": MAX_STREAMS,
                        }
                    },
                }
            ],
        },
    }
    lost = [
        "forward_rules: all header fields are sent to the processor",
        "mutation_rules: the processor is trusted to change only cookie and set-cookie",
        "a policy by route (grpc_initial_metadata)",
    ]
    if wish.observe:
        lost.append("observability_mode: heads wait for the answer; run the processor with --mode report")
    comments = (
        *_title("Envoy Gateway", wish),
        "For mutual TLS to the processor, add a Backend or BackendTLSPolicy with its authority, and a client",
        "certificate in the EnvoyProxy (backendTLS.clientCertificateRef).",
        *_lost(*lost),
    )
    return [Document(comments, extension), _filter_order()]


def _filter_order() -> Document:
    """Return the resource that puts the filter last."""
    value = {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "EnvoyProxy",
        "metadata": {"name": "cookiewarden"},
        "spec": {"filterOrder": [{"name": FILTER, "after": "envoy.filters.http.ratelimit"}]},
    }
    comments = (
        "The filter goes after all others that act on requests. Name this resource in the Gateway's",
        "infrastructure.parametersRef, or copy filterOrder into the EnvoyProxy that you have.",
    )
    return Document(comments, value)


# kgateway


def _kgateway(wish: Wish) -> list[Document]:
    extension = {
        "apiVersion": "gateway.kgateway.dev/v1alpha1",
        "kind": "GatewayExtension",
        "metadata": {"name": "cookiewarden"},
        "spec": {
            "extProc": {
                "grpcService": {"backendRef": {"name": wish.processor.host, "port": wish.processor.port}},
                "failOpen": fails_open(wish.policy, wish.observe),
                "messageTimeout": MESSAGE_TIMEOUT,
                "processingMode": {
                    "requestHeaderMode": "SEND",
                    "responseHeaderMode": "SEND",
                    "requestBodyMode": "NONE",
                    "responseBodyMode": "NONE",
                    "requestTrailerMode": "SKIP",
                    "responseTrailerMode": "SKIP",
                },
                "filterStage": {"stage": "Route", "predicate": "After"},
            }
        },
    }
    traffic = {
        "apiVersion": "gateway.kgateway.dev/v1alpha1",
        "kind": "TrafficPolicy",
        "metadata": {"name": "cookiewarden"},
        "spec": {
            "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gateway"}],
            "extProc": {"extensionRef": {"name": "cookiewarden"}},
        },
    }
    breakers = {
        "apiVersion": "gateway.kgateway.dev/v1alpha1",
        "kind": "BackendConfigPolicy",
        "metadata": {"name": "cookiewarden"},
        "spec": {
            "targetRefs": [{"group": "", "kind": "Service", "name": wish.processor.host}],
            "circuitBreakers": {"maxPendingRequests": MAX_STREAMS, "maxRequests": MAX_STREAMS},
        },
    }
    lost = [
        "forward_rules: all header fields are sent to the processor",
        "mutation_rules: the processor is trusted to change only cookie and set-cookie",
        "metadata_options for answers: entries and reasons are not in the access log",
        "a policy by route (grpc_initial_metadata)",
    ]
    if wish.observe:
        lost.append("observability_mode: heads wait for the answer; run the processor with --mode report")
    comments = (
        *_title("kgateway", wish),
        "The Service needs appProtocol: kubernetes.io/h2c on its port.",
        *_lost(*lost),
    )
    return [Document(comments, extension), Document((), traffic), Document((), breakers)]


# Google Cloud


def _gcp(wish: Wish) -> list[Document]:
    extension: dict[str, Any] = {
        "name": "cookiewarden",
        "authority": wish.processor.host,
        "service": "https://www.googleapis.com/compute/v1/projects/PROJECT/regions/REGION/backendServices/cookiewarden",
        "timeout": MESSAGE_TIMEOUT,
        "failOpen": fails_open(wish.policy, wish.observe),
        "supportedEvents": ["REQUEST_HEADERS", "RESPONSE_HEADERS"],
    }
    if wish.observe:
        extension["observabilityMode"] = True
    value = {
        "name": "cookiewarden",
        "loadBalancingScheme": "EXTERNAL_MANAGED",
        "forwardingRules": [
            "https://www.googleapis.com/compute/v1/projects/PROJECT/regions/REGION/forwardingRules/RULE",
        ],
        "extensionChains": [
            {
                "name": "cookies",
                "matchCondition": {"celExpression": "true"},
                "extensions": [extension],
            }
        ],
    }
    comments = (
        *_title("The load balancer", wish),
        "Replace PROJECT, REGION and RULE, and import the file:",
        "gcloud service-extensions lb-traffic-extensions import cookiewarden --source=FILE --location=REGION",
        "The load balancer calls by TLS without a client certificate. Run the processor with --tls-cert and",
        "--extproc-insecure, in a network that only the load balancer reaches.",
        *_lost(
            "forward_rules: all header fields are sent; forwardHeaders has no pseudo-fields such as :path",
            "mutation_rules: the processor is trusted to change only cookie and set-cookie",
            "metadata_options: entries and reasons are not in the access log",
            "circuit breakers: the backend service has limits of its own",
            *(["observabilityMode at global load balancers: use a regional one"] if wish.observe else []),
        ),
    )
    return [Document(comments, value)]


_HOSTS: dict[Host, Callable[[Wish], list[Document]]] = {
    Host.ENVOY: _envoy,
    Host.ENVOY_GATEWAY: _envoy_gateway,
    Host.ISTIO: _istio,
    Host.KGATEWAY: _kgateway,
    Host.GCP: _gcp,
}
