"""The configuration of Envoy and of its control planes. A comment names the settings that a host lacks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from cookiewarden.core.policy.policy import Policy
from cookiewarden.tools.envoy.names import Host
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


@dataclass(frozen=True, slots=True)
class Wish:
    """Policy and addresses of a configuration."""

    policy: Policy
    processor: Processor
    listen: tuple[str, int] = ("127.0.0.1", 8080)
    """Address for browsers, for Envoy itself."""
    upstream: tuple[str, int] = ("127.0.0.1", 3000)
    """Address of the application, for Envoy itself."""
    name: str = ""
    """Name of the policy in --extproc-policy, or empty."""
    others: tuple[Policy, ...] = ()
    """Further policies whose routes use the filter."""
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


def _filter(wish: Wish) -> dict[str, Any]:
    return ext_proc(wish.policy, wish.observe, wish.name, wish.others)


def _text(document: Document) -> str:
    comments = "".join(f"# {line}\n" if line else "#\n" for line in document.comments)
    return comments + yaml.safe_dump(document.value, sort_keys=False, width=1000)


def _title(host: str, wish: Wish) -> tuple[str, ...]:
    failing = (
        "Requests pass unjudged while the processor does not answer."
        if fails_open(wish.policy, wish.observe)
        else "Requests fail with a 5xx while the processor does not answer."
    )
    observing = ("Heads are judged and counted.",) if wish.observe else ()
    name = " ".join(wish.policy.name.split())  # a line break would end the comment
    return (f"{host} asks cookiewarden about cookies, by the policy {name}.", *observing, failing)


def _lost(*lines: str) -> tuple[str, ...]:
    return ("", *lines)


UNRULED = (
    "This host has no forward_rules, so the processor gets all header fields.",
    "It has no mutation_rules, so it trusts the processor to change only cookie and set-cookie.",
)


UNLOGGED = "It has no metadata_options for answers, so entries and reasons are not in the access log."


def _unobserved(wish: Wish) -> tuple[str, ...]:
    """Return comments for a host that cannot only observe."""
    if not wish.observe:
        return ()
    return (
        "It has no observability_mode, so heads wait for answers.",
        "Run the processor with --mode report; without it, cookies are changed.",
    )


def _resource(api: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "cookiewarden"}, "spec": spec}


def _unnamed(wish: Wish) -> tuple[str, ...]:
    """Return a comment for a host that cannot select a policy by name."""
    return ("It has no grpc_initial_metadata, so select the policy by --extproc-host.",) if wish.name else ()


# Envoy


def _envoy(wish: Wish) -> list[Document]:
    manager = {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "browsers",
        "access_log": [_access_log()],
        "http_filters": [
            _filter(wish),
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
            "patch": {
                "operation": "INSERT_BEFORE",
                "value": ext_proc(wish.policy, wish.observe, wish.name, wish.others),
            },
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
        "For sidecars, set context to SIDECAR_INBOUND for the filter and to ANY for the cluster.",
        "Select the workloads of the application.",
        "The gateway resolves the address of the processor. In another namespace, it is NAME.NAMESPACE.svc.",
        "For mutual TLS, add a transport_socket to the cluster; see deploy/envoy.md.",
        *_lost("If several EnvoyFilters insert before the router, the newest one is the last."),
    )
    return [Document(comments, value)]


# Envoy Gateway

GATEWAY_API = "gateway.envoyproxy.io/v1alpha1"


def _envoy_gateway(wish: Wish) -> list[Document]:
    extension = _resource(
        GATEWAY_API,
        "EnvoyExtensionPolicy",
        {
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
    )
    comments = (
        *_title("Envoy Gateway", wish),
        "For mutual TLS to the processor, add a Backend or BackendTLSPolicy with its authority, and a client",
        "certificate in the EnvoyProxy (backendTLS.clientCertificateRef).",
        *_lost(*UNRULED, *_unnamed(wish), *_unobserved(wish)),
    )
    return [Document(comments, extension), _filter_order()]


def _filter_order() -> Document:
    """Return the resource that puts the filter last."""
    value = _resource(
        GATEWAY_API, "EnvoyProxy", {"filterOrder": [{"name": FILTER, "after": "envoy.filters.http.ratelimit"}]}
    )
    comments = (
        "The filter goes after all others that act on requests. Name this resource in the Gateway's",
        "infrastructure.parametersRef, or copy filterOrder into the EnvoyProxy that you have.",
    )
    return Document(comments, value)


# kgateway

KGATEWAY_API = "gateway.kgateway.dev/v1alpha1"


def _kgateway(wish: Wish) -> list[Document]:
    extension = _resource(
        KGATEWAY_API,
        "GatewayExtension",
        {
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
    )
    traffic = _resource(
        KGATEWAY_API,
        "TrafficPolicy",
        {
            "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gateway"}],
            "extProc": {"extensionRef": {"name": "cookiewarden"}},
        },
    )
    breakers = _resource(
        KGATEWAY_API,
        "BackendConfigPolicy",
        {
            "targetRefs": [{"group": "", "kind": "Service", "name": wish.processor.host}],
            "circuitBreakers": {"maxPendingRequests": MAX_STREAMS, "maxRequests": MAX_STREAMS},
        },
    )
    comments = (
        *_title("kgateway", wish),
        "The Service needs appProtocol: kubernetes.io/h2c on its port.",
        *_lost(*UNRULED, *_unnamed(wish), UNLOGGED, *_unobserved(wish)),
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
        "Replace PROJECT, REGION and RULE.",
        "Import the file with gcloud service-extensions lb-traffic-extensions import cookiewarden.",
        "The load balancer calls by TLS without a client certificate. Run the processor with --tls-cert and",
        "--extproc-insecure, in a network that only the load balancer reaches.",
        *_lost(
            "This host has no mutation_rules, so it trusts the processor to change only cookie and set-cookie.",
            UNLOGGED,
            *_unnamed(wish),
            "Set the limit of requests in its backend service.",
            *(["Only regional load balancers have observabilityMode."] if wish.observe else []),
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
