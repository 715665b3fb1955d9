"""The groups of the metrics, the meaning of their labels, and notes that are too long for a scrape."""

GROUPS = {
    "Cookies": ("cookiewarden_cookies_total", "cookiewarden_violations_total", "cookiewarden_policy_errors_total", "cookiewarden_guard_pages_total", "cookiewarden_gpc_requests_total"),
    "Policy and mode": (
        "cookiewarden_policy_info", "cookiewarden_policy_enforcing", "cookiewarden_mode_switch_end_timestamp_seconds",
        "cookiewarden_entry_expiry_timestamp_seconds", "cookiewarden_config_last_reload_successful",
        "cookiewarden_config_last_reload_success_timestamp_seconds", "cookiewarden_config_reloads_total",
    ),
    "Shadow policy": (
        "cookiewarden_shadow_cookies_total", "cookiewarden_shadow_violations_total", "cookiewarden_shadow_policy_info",
        "cookiewarden_shadow_last_reload_successful",
    ),
    "Requests": (
        "cookiewarden_requests_total", "cookiewarden_request_duration_seconds", "cookiewarden_overhead_seconds", "cookiewarden_requests_in_flight",
        "cookiewarden_upstream_errors_total", "cookiewarden_client_errors_total", "cookiewarden_forwarded_replaced_total",
        "cookiewarden_forwarded_unclear_total", "cookiewarden_ingress_headers_total", "cookiewarden_alt_svc_dropped_total",
    ),
    "Envoy": (
        "cookiewarden_envoy_calls", "cookiewarden_envoy_call_resets_total", "cookiewarden_envoy_unanswered_total",
        "cookiewarden_envoy_lines_left_out_total",
    ),
    "Processes": ("cookiewarden_build_info", "cookiewarden_connections", "cookiewarden_workers", "cookiewarden_workers_replaced_total"),
}  # fmt: skip

LABELS = {
    "version": "version of cookiewarden",
    "python": "version of Python",
    "compiled": "`true` if the engine and the data plane are machine code",
    "policy": "name of the policy",
    "sha256": "hash of the policy's files",
    "header": "name of the header",
    "method": "request method; unknown methods are `OTHER`",
    "code_class": "class of the status code",
    "direction": "origin of the cookie",
    "cookie": "entry of the policy",
    "action": "action of the proxy",
    "reason": "cause",
    "enforced": "`false` if the violation was only reported",
    "result": "outcome",
    "gpc": "`true` if the browser sent `Sec-GPC: 1`",
    "side": "other end of the connection: a client or the application",
    "state": "`active` while a request is in progress",
}
"""Meanings by label."""

NOTES = {
    "cookiewarden_cookies_total": "In report mode, `report` counts the cookies that enforce mode would change or remove.",
    "cookiewarden_violations_total": "A series appears when its violation first occurs. The [reference](../policies/reference.md#reasons) describes the reasons.",
    "cookiewarden_policy_errors_total": "The cookies are dropped, or pass if the policy has `on_error: open`. Each is a bug; the log has the place.",
    "cookiewarden_guard_pages_total": "Empty without `inject_guard`. Redirects, downloads, partial responses and responses without a body are not counted.",
    "cookiewarden_gpc_requests_total": "0 without a category whose `gpc` is `deny` or `default`.",
    "cookiewarden_policy_info": "The value is always 1. The hash covers the main file and its included files, one after the other. `cat main.yaml included.yaml | sha256sum` and `cookiewarden check` print the same hash.",
    "cookiewarden_entry_expiry_timestamp_seconds": "Only entries with `until` have a series.",
    "cookiewarden_config_last_reload_successful": "While the value is 0, the previous policy stays in force.",
    "cookiewarden_shadow_cookies_total": "The series exist with [shadow](settings.md#shadow) only.",
    "cookiewarden_shadow_violations_total": "The series exist with [shadow](settings.md#shadow) only.",
    "cookiewarden_shadow_policy_info": "The series exist with [shadow](settings.md#shadow) only. The value is always 1.",
    "cookiewarden_shadow_last_reload_successful": "The series exist with [shadow](settings.md#shadow) only. While the value is 0, the previous version of the file stays in use.",
    "cookiewarden_forwarded_replaced_total": "A rising value behind an ingress means that [trust_forwarded](settings.md#trust_forwarded) does not include it.",
    "cookiewarden_forwarded_unclear_total": "The first member of a list counts. Let the ingress overwrite these headers instead of appending to them.",
    "cookiewarden_ingress_headers_total": "[keep_client_header](settings.md#keep_client_header) keeps single headers. In report mode the headers are counted and forwarded.",
    "cookiewarden_alt_svc_dropped_total": "Alt-Svc would lead browsers past the proxy. [keep_alt_svc](settings.md#keep_alt_svc) keeps it.",
    "cookiewarden_envoy_calls": "0 without [extproc](settings.md#extproc). A call stays open until Envoy has sent the response, so that streams and WebSockets count.",
    "cookiewarden_envoy_call_resets_total": "Envoy resets a call when it needs no further answer.",
    "cookiewarden_envoy_unanswered_total": "The client left, or Envoy ended the request without a response head.",
    "cookiewarden_envoy_lines_left_out_total": "Envoy rejects an answer as a whole if the head then has more than 100 fields or 60 KiB. Lines that expire cookies are left out first.",
    "cookiewarden_build_info": "The value is always 1.",
    "cookiewarden_upstream_errors_total": "The log has an error for each reason, at most once per 10 seconds.",
}
"""Notes by metric."""

_ACTIONS = {
    "pass": "forwarded unchanged",
    "rewrite": "Set-Cookie line changed",
    "block": "Set-Cookie line removed, or cookie of a script refused",
    "strip": "removed from the request",
    "evict": "expired in the browser, by a line that the proxy added",
    "report": "unchanged, although the policy asks for another action: it is in report mode, or the rule has `report`",
}
_DIRECTIONS = {
    "response": "a Set-Cookie line of the application",
    "request": "a cookie that a browser sent",
    "script": "a cookie that a script set, reported by the script guard",
}

VALUES = {
    ("cookiewarden_cookies_total", "direction"): _DIRECTIONS,
    ("cookiewarden_cookies_total", "action"): _ACTIONS,
    ("cookiewarden_guard_pages_total", "result"): {
        "injected": "the page has the script",
        "encoded": "the application sent a compressed page, which does not get the script",
        "csp": "the Content-Security-Policy of the page forbids the script",
        "not-html": "the response is not HTML",
        "sniffed": "the page has the script; it came without a type, and browsers show it as HTML",
    },
    ("cookiewarden_upstream_errors_total", "reason"): {
        "connect": "connection refused, unreachable, or the name does not resolve (502)",
        "connect_timeout": "no connection within [connect_timeout](settings.md#connect_timeout) (504)",
        "tls": "TLS handshake failed, or the certificate is not valid (502)",
        "pool": "no free connection within [pool_timeout](settings.md#pool_timeout) (503)",
        "read_timeout": "no data within [read_timeout](settings.md#read_timeout) (504, or the response is cut)",
        "closed": "connection closed before the response began (502)",
        "stale": "reused connection closed while the request was sent, and the request cannot be repeated (502)",
        "truncated": "connection closed, or invalid chunk, in the middle of the response, which is cut",
        "surplus": "data after the end of the response; the connection is closed, and the response is complete",
        "bad_response": "invalid HTTP (502)",
        "bad_response_header": "invalid header field (502)",
        "head_too_large": "response head over [max_head](settings.md#max_head), [max_field](settings.md#max_field) or [max_fields](settings.md#max_fields) (502)",
    },
    ("cookiewarden_client_errors_total", "reason"): {
        "abort": "client closed the connection before the end of the response",
        "bad_request": "invalid HTTP (400)",
        "not_implemented": "unknown method, `CONNECT`, or a transfer coding other than `chunked` (501)",
        "version": "HTTP version other than 1.0 and 1.1 (505)",
        "head_too_large": "request head over a [limit](settings.md#limits) (431)",
        "header_timeout": "request head incomplete after [header_timeout](settings.md#header_timeout) (408)",
        "body_too_large": "request body over [max_request_body](settings.md#max_request_body) (413)",
        "client_timeout": "client stalled for [client_timeout](settings.md#client_timeout) (408, or the connection is cut)",
        "overload": "more than [max_connections](settings.md#max_connections) connections (503)",
        "proxy_protocol": "connection without the header that [proxy_protocol](settings.md#proxy_protocol) requires",
        "tls": "TLS handshake failed",
    },
}
"""Meanings of values, by metric and label."""
