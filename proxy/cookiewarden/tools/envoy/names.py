"""Programs that run Envoy."""

from enum import StrEnum


class Host(StrEnum):
    """Envoy itself, and programs that configure it."""

    ENVOY = "envoy"
    ENVOY_GATEWAY = "envoy-gateway"
    ISTIO = "istio"
    KGATEWAY = "kgateway"
    GCP = "gcp"
