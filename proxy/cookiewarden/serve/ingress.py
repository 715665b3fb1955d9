"""Headers by which an ingress controls scheme, path or address in applications. The proxy does not read them."""

INGRESS_FIELDS = (
    "front-end-https",
    "true-client-ip",
    "x-forwarded-path",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
    "x-script-name",
)
