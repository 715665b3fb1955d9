"""The groups of the settings, their types, and notes that are too long for `--help`."""

GROUPS = {
    "Policy and keys": ("policy", "mode", "shadow", "seal_key_file"),
    "Listeners": ("listen", "admin", "admin_host", "admin_token_file"),
    "Envoy": ("extproc", "extproc_insecure", "extproc_policy", "extproc_host"),
    "Application": (
        "upstream", "upstream_host", "upstream_ca", "upstream_server_name", "upstream_verify", "upstream_cert",
        "upstream_key", "upgrade_protocols",
    ),
    "Ingress and load balancer": ("trust_forwarded", "keep_client_header", "proxy_protocol", "scheme", "keep_alt_svc", "via"),
    "TLS": ("tls_cert", "tls_key", "tls_client_ca"),
    "Timeouts": (
        "header_timeout", "keepalive_timeout", "client_timeout", "connect_timeout", "read_timeout", "pool_timeout",
        "upstream_idle_timeout", "tunnel_timeout", "drain_delay", "drain_timeout",
    ),
    "Limits": (
        "max_head", "max_field", "max_fields", "max_cookies", "max_request_body", "max_connections",
        "max_upstream_connections",
    ),
    "Processes": ("workers",),
    "Logs, metrics and inventory": (
        "access_log", "tracing", "inventory", "inventory_file", "metrics_max_entries",
    ),
}  # fmt: skip

TYPES = {
    "FILE": "The path of a file.",
    "URL": "`http://HOST:PORT`, `https://HOST:PORT` or `unix:/PATH`, without a path.",
    "HOST:PORT": "An address to listen on: `127.0.0.1:8080`, `:8080` for all IPv4 addresses, `[::]:8080` for all IPv6 addresses, or `8080` for 127.0.0.1.",
    "ADDRESS": "`HOST:PORT` as above, or `unix:/PATH`.",
    "HOST": "A host name, with an optional port.",
    "MODE": "`enforce` or `report`.",
    "SCHEME": "`http` or `https`.",
    "CIDR,...": "Networks with commas between them, for example `10.0.0.0/8,fd00::/8`.",
    "NAME": "A word of letters, digits and `.`, `_`, `:`, `-`.",
    "NAME=FILE,...": "Names and files with commas between them, for example `shop=shop.yaml,jobs=jobs.yaml`.",
    "HOST=NAME,...": "Hosts and names with commas between them.",
    "NAME,...": "Host names with commas between them.",
    "LIST": "Words with commas between them.",
    "on|off": "`on` or `off`; `true` and `false` are also accepted. The option without a value means `on`.",
    "off|on|query": "`off`, `on` or `query`.",
    "SECONDS": "A number of seconds, for example `30` or `0.5`.",
    "N": "A whole number.",
    "BYTES": "A whole number of bytes.",
}

SETTING_NOTES = {
    "mode": "The [emergency switch](admin.md#emergency-switch) takes precedence over this setting while it is active.",
    "shadow": "The shadow policy does not try eviction and the script guard. The proxy does not start if the file has errors. If a later version has errors, the previous version stays in use. The log, the status page and `cookiewarden reload` show the errors.",
    "seal_key_file": "The file is read again at each reload. All instances need the same keys.",
    "admin": "[The admin listener](admin.md) describes the paths and the access rules.",
    "admin_token_file": "The file must have mode 0600 or 0640, and at least 16 bytes.",
    "extproc": "[Envoy](envoy.md) describes the set-up. Each worker has the same unix socket; its owner and group may connect (mode 0660).",
    "extproc_policy": "All policies reload together; if one has errors, the previous ones stay in force. Metrics count the cookies of every policy; the inventory, forecast and drift are of [policy](#policy). A call with an unknown name follows `on_error` of [policy](#policy).",
    "extproc_host": "An exact host comes before a pattern, and a longer pattern before a shorter one.",
    "extproc_insecure": "Without it, an address beyond loopback needs [tls_cert](#tls_cert) and [tls_client_ca](#tls_client_ca).",
    "trust_forwarded": "From these networks, X-Forwarded-For, -Host and -Proto are believed, and the policy sees their scheme and host. From all others, the proxy replaces these headers and counts the request in [cookiewarden_forwarded_replaced_total](metrics.md#cookiewarden_forwarded_replaced_total).",
    "proxy_protocol": "Each connection from these networks must begin with the header, before TLS. The address in the header becomes the client's address, also for [trust_forwarded](#trust_forwarded). Connections from other networks must not send the header.",
    "keep_alt_svc": "Dropped fields are counted in [cookiewarden_alt_svc_dropped_total](metrics.md#cookiewarden_alt_svc_dropped_total).",
    "tls_cert": "The listener speaks TLS 1.2 and 1.3, and HTTP/1.1 (HTTP/2 with [extproc](#extproc)). Renewed files are loaded automatically within two seconds; open connections keep the old certificate.",
    "workers": "A supervisor runs the workers and replaces any that dies. A reload reaches all of them. SIGUSR2 replaces them one after the other without refusing a connection.",
    "access_log": "A line has the client, method, host, path, status, duration and, for a failed request, the reason as in the metrics.",
    "tracing": "The exporter reads `OTEL_EXPORTER_OTLP_ENDPOINT`.",
    "inventory": "The inventory holds names, never values; see [the inventory](admin.md#inventory).",
    "inventory_file": "The file is also written at the end, and always replaced as a whole.",
    "metrics_max_entries": "Further entries are counted together as `__declared__`.",
}
"""Notes by setting."""
