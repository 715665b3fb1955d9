"""Headers by which an ingress controls scheme, host, path or address in applications. The proxy does not read them."""

SCHEME_FIELDS = (
    "cf-visitor",
    "cloudfront-forwarded-proto",
    "fastly-ssl",
    "front-end-https",
    "x-arr-ssl",
    "x-forwarded-protocol",
    "x-forwarded-scheme",
    "x-forwarded-ssl",
    "x-scheme",
    "x-url-scheme",
)
"""Headers that state the scheme of the browser in forms other than X-Forwarded-Proto."""
INGRESS_FIELDS = tuple(
    sorted(
        [
            *SCHEME_FIELDS,
            "cf-connecting-ip",
            "fastly-client-ip",
            "path_info",  # gunicorn reads it, and the next one
            "script_name",
            "true-client-ip",
            "x-client-ip",
            "x-cluster-client-ip",
            "x-forwarded-path",
            "x-forwarded-port",
            "x-forwarded-prefix",
            "x-forwarded-server",
            "x-original-host",
            "x-original-url",
            "x-real-ip",
            "x-rewrite-url",
            "x-script-name",
        ]
    )
)
