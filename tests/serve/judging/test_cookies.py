"""Cookies of one exchange without a socket: decisions, counts, observations and the shadow policy."""

import logging
import time
from types import SimpleNamespace

import pytest

from cookiewarden.core.engine import engine
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Policy
from cookiewarden.serve.judging.cookies import ExchangeCookies, judge_script
from cookiewarden.serve.judging.policies import Policies
from cookiewarden.serve.observe.metrics import LABEL_SIZE, LABELS_AT, POLICY_ERRORS, Labels, Metrics
from cookiewarden.serve.observe.observations import Observations
from cookiewarden.serve.observe.role import Role
from cookiewarden.serve.wire.head import Limits
from cookiewarden.serve.wire.request_head import RequestHead, read_request
from cookiewarden.serve.wire.response_head import ResponseHead, read_response
from tests.support.policies import entries, policy

NAVIGATION = (b"Sec-Fetch-Dest: document", b"Sec-Fetch-Mode: navigate")
LIMITS = Limits(32768, 16384, 128)
DECLARED = entries("name: sid, purpose: x, lifetime: 1h, secure: true", "name: kept, forward: false")
CONSENT = """
version: 1
consent: {cookie: answer, format: list}
undeclared: {evict: host}
categories:
  need: {basis: x}
  extra: {consent: required}
cookies:
  - {name: answer, category: need}
  - {name: more, category: extra}
"""


def policies_of(text: str = DECLARED, shadow: str = "") -> Policies:
    metrics = Metrics(Labels(100, shadow != ""))

    def declared(found: Policy, role: Role) -> Engine:
        metrics.declare((entry.name for entry in found.entries), role)
        return Engine(found, now=time.time())

    found = Policies(declared(policy(text), Role.IN_FORCE), metrics, Observations())
    if shadow:
        found.shadow = declared(policy(shadow), Role.SHADOW)
    return found


def request(*fields: bytes, path: bytes = b"/") -> RequestHead:
    lines = (b"GET %b HTTP/1.1" % path, b"Host: shop.example", *fields)
    return read_request(b"\r\n".join(lines) + b"\r\n\r\n", LIMITS)


def response(*fields: bytes) -> ResponseHead:
    lines = (b"HTTP/1.1 200 OK", b"Content-Length: 0", *fields)
    return read_response(b"\r\n".join(lines) + b"\r\n\r\n", LIMITS, False)


def cookies_of(policies: Policies, *fields: bytes, https: bool = True) -> ExchangeCookies:
    return ExchangeCookies(policies, request(*fields), b"shop.example", https)


def counted(policies: Policies, role: Role = Role.IN_FORCE) -> int:
    """Return the number of cookies and violations that were counted for a role."""
    labels = policies.metrics.labels
    numbers = [number for label, number in labels.numbers.items() if label.role is role]
    begins = [LABELS_AT + LABEL_SIZE * number for number in numbers]
    return sum(sum(policies.metrics.counts[begin : begin + LABEL_SIZE]) for begin in begins)


REQUESTS = [
    (b"sid=1", b"sid=1"),
    (b"sid=1; other=2", b"sid=1"),
    (b"other=2", None),
    (b"kept=1; sid=2", b"sid=2"),
]


@pytest.mark.parametrize(("header", "expected"), REQUESTS)
def test_the_application_gets_what_is_declared(header: bytes, expected: bytes | None) -> None:
    policies = policies_of()
    assert cookies_of(policies, b"Cookie: " + header).cookie_field() == expected
    assert counted(policies) >= header.count(b"=")
    assert policies.observations is not None
    assert len(policies.observations.take().cookies) == header.count(b"=")


def test_a_request_without_cookies_has_no_field() -> None:
    assert cookies_of(policies_of()).cookie_field() is None


def test_kept_set_cookie_fields_stay_in_their_place() -> None:
    head = response(b"Set-Cookie: sid=1", b"X: y", b"Set-Cookie: other=2")
    cookies_of(policies_of()).judge(head)
    text = b"".join(head.parts)
    assert b"\r\nSet-Cookie: sid=1; Secure\r\nX: y" in text and b"other" not in text


def test_expiring_lines_stand_before_all_others() -> None:
    fields = (b"Cookie: other=1", b"Sec-Fetch-Dest: document", b"Sec-Fetch-Mode: navigate")
    head = response(b"Content-Type: text/html", b"Set-Cookie: answer=extra")
    cookies_of(policies_of(CONSENT), *fields).judge(head)
    text = b"".join(head.parts)
    assert text.index(b"Set-Cookie: other=; Path=/") < text.index(b"Set-Cookie: answer=extra")


def test_an_answer_that_is_withdrawn_counts_for_the_response_that_withdraws_it() -> None:
    head = response(b"Set-Cookie: answer=none", b"Set-Cookie: more=1")
    cookies_of(policies_of(CONSENT), b"Cookie: answer=extra").judge(head)
    assert b"more" not in b"".join(head.parts)


def test_a_shadow_policy_is_counted_separately_and_changes_nothing() -> None:
    policies = policies_of(shadow=entries("name: other"))
    cookies = cookies_of(policies, b"Cookie: sid=1")
    assert cookies.cookie_field() == b"sid=1"
    head = response(b"Set-Cookie: sid=1; Secure")
    cookies.judge(head)
    assert b"Set-Cookie: sid=1; Secure" in b"".join(head.parts)
    assert counted(policies, Role.SHADOW) == 4  # blocked and stripped, each with a violation


@pytest.mark.interpreted
@pytest.mark.parametrize(("on_error", "field", "lines"), [("closed", None, 0), ("open", b"sid=1", 1)])
def test_an_internal_fault_is_counted_logged_and_decided_by_on_error(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    on_error: str,
    field: bytes | None,
    lines: int,
) -> None:
    policies = policies_of(f"on_error: {on_error}\n{DECLARED}", shadow=DECLARED)

    def fails(*_: object) -> None:
        raise ZeroDivisionError("CANARY")

    for name in ("on_cookies", "on_set_cookie", "evictions"):
        monkeypatch.setattr(Engine, name, fails)
    cookies = cookies_of(policies, b"Cookie: sid=1")
    with caplog.at_level(logging.ERROR):
        assert cookies.cookie_field() == field
        head = response(b"Set-Cookie: sid=CANARY")
        cookies.judge(head)
    assert b"".join(head.parts).count(b"Set-Cookie") == lines
    assert policies.metrics.counts[POLICY_ERRORS] == 4  # of both policies
    assert "ZeroDivisionError" in caplog.text and "CANARY" not in caplog.text


OPEN_FAULT, CLOSED_FAULT = (b"answer=extra; more=1", 2), (None, 0)


@pytest.mark.interpreted
@pytest.mark.row(30)
@pytest.mark.parametrize(("on_error", "expected"), [("closed", CLOSED_FAULT), ("open", OPEN_FAULT)])
@pytest.mark.parametrize(
    ("failing", "faults"),
    [
        ("scope_of", 2),  # of the policy in force and of the shadow
        ("answer", 2),
        ("canonical_host", 2),
        ("after_response", 2),
    ],
)
def test_cookies_whose_scope_or_consent_cannot_be_found_out_are_decided_by_on_error(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failing: str,
    faults: int,
    on_error: str,
    expected: tuple[bytes | None, int],
) -> None:
    policies = policies_of(f"on_error: {on_error}\n{CONSENT}", shadow=CONSENT)

    def fails(*_: object) -> None:
        raise ZeroDivisionError("CANARY")

    monkeypatch.setattr(engine if failing == "canonical_host" else Engine, failing, fails)
    field, lines = expected
    with caplog.at_level(logging.ERROR):
        cookies = cookies_of(policies, b"Cookie: answer=extra; more=1", *NAVIGATION)
        is_known = failing == "after_response"  # then only the response is not judged
        assert cookies.cookie_field() == (b"answer=extra; more=1" if is_known else field)
        head = response(b"Content-Type: text/html", b"Set-Cookie: more=CANARY", b"X: y", b"Set-Cookie: other=1")
        cookies.judge(head)
    text = b"".join(head.parts)
    assert text.count(b"Set-Cookie") == lines and b"\r\nX: y" in text
    assert lines == 0 or b"\r\nSet-Cookie: more=CANARY\r\nX: y\r\nSet-Cookie: other=1" in text
    assert policies.metrics.counts[POLICY_ERRORS] == faults
    assert "finding out a cookie's scope failed (ZeroDivisionError)" in caplog.text and "CANARY" not in caplog.text


@pytest.mark.interpreted
def test_a_span_has_the_requested_host_if_the_scope_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Engine, "scope_of", fails)
    policies, hosts = policies_of(), []
    policies.tracing = SimpleNamespace(ended=lambda *told: hosts.append(told[2]))
    trace = b"traceparent: 00-%032x-%016x-01" % (1, 1)
    cookies_of(policies, trace).ended(200, 0.1, "")
    assert hosts == ["shop.example"] and policies.metrics.counts[POLICY_ERRORS] == 1


@pytest.mark.interpreted
def test_a_fault_in_judging_a_scripts_cookie_is_counted_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("CANARY")

    monkeypatch.setattr(Engine, "judge_script", fails)
    policies = policies_of()
    judge_script(policies, request(), b"other", b"shop.example", True, b"/page")
    assert policies.metrics.counts[POLICY_ERRORS] == 1 and counted(policies) == 0
    assert "judging a script's cookie failed (ZeroDivisionError)" in caplog.text and "CANARY" not in caplog.text


@pytest.mark.parametrize(("name", "is_counted"), [(b"sid", False), (b"other", True)])
def test_a_blocked_cookie_of_a_script_is_counted(name: bytes, is_counted: bool) -> None:
    policies = policies_of()
    judge_script(policies, request(), name, b"shop.example", True, b"/page")
    assert (counted(policies) > 0) is is_counted


def test_without_an_inventory_decisions_are_counted_and_names_are_not_kept() -> None:
    policies = policies_of(CONSENT)
    policies.observations = None
    fields = (b"Cookie: other=1", b"Sec-Fetch-Dest: document", b"Sec-Fetch-Mode: navigate")
    head = response(b"Content-Type: text/html", b"Set-Cookie: answer=extra")
    cookies = cookies_of(policies, *fields)
    assert cookies.cookie_field() is None
    cookies.judge(head)
    assert b"Set-Cookie: other=; Path=/" in b"".join(head.parts)
    before = counted(policies)
    judge_script(policies, request(), b"other", b"shop.example", True, b"/page")
    assert counted(policies) > before > 0


@pytest.mark.interpreted
def test_a_shadow_policy_that_fails_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    policies = policies_of(shadow=CONSENT)
    cookies = cookies_of(policies, b"Cookie: sid=1")

    def fails(*_: object) -> None:
        raise ZeroDivisionError("CANARY")

    monkeypatch.setattr(policies.shadow.__class__, "after_response", fails)
    head = response(b"Set-Cookie: sid=1; Secure")
    with caplog.at_level(logging.ERROR):
        cookies.judge(head)
    assert b"Set-Cookie: sid=1; Secure" in b"".join(head.parts)
    assert policies.metrics.counts[POLICY_ERRORS] == 1
    assert "trying the shadow policy failed (ZeroDivisionError)" in caplog.text and "CANARY" not in caplog.text
