"""Invariants of the engine, for any policy and any bytes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiewarden.core.cookies.cookie import CONTROL, is_deletion, parse_set_cookie
from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.engine.decision import Decision, Exchange, Reason
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.judge import Judge, Situation
from cookiewarden.core.engine.memo import OFTEN, SetCookieLines
from cookiewarden.core.policy.policy import Mode
from tests.support.policies import entries, policy

NOW = 1_700_000_000
DATES = [
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Wed, 15 Nov 2023 00:00:00 GMT",
    "Tue, 19-Jan-2038 03:14:07 GMT",
    "-" * 1100 + "Thu, 01 Jan 1970 00:00:00 GMT",
    "never",
    "",
]
ATTRIBUTES = st.sampled_from(
    [
        "Secure", "secure=x", "HttpOnly", "SameSite=None", "SameSite=lax", "samesite", "Path=/", "Path=/app", "path=x",
        "Domain=shop.example", "Domain=.www.shop.example", "domain=", "Max-Age=0", "Max-Age=60", "max-age=9999999999",
        "Max-Age=x", "Partitioned", "Priority=Low", "foo=bar", "", " ", *(f"Expires={date}" for date in DATES),
    ]
)  # fmt: skip
NAMES = st.sampled_from(["a", "b", "g-1", "__Host-a", "__Secure-a", "undeclared", "", " a "])
LINES = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda name, equals, value, attributes, glue: (
            f"{name}{equals}".encode() + value + "".join(f";{glue}{a}" for a in attributes).encode()
        ),
        NAMES,
        st.sampled_from(["=", " = ", ""]),
        st.binary(max_size=8),
        st.lists(ATTRIBUTES, max_size=6),
        st.sampled_from(["", " ", "\t"]),
    ),
)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "secure": st.sampled_from(["true", "false", "https", "remove", "keep"]),
        "http_only": st.sampled_from(["true", "false", "remove", "keep"]),
        "partitioned": st.sampled_from(["true", "false", "remove", "keep"]),
        "same_site": st.sampled_from(["Lax", "None", "Strict", "{default: Lax}", "{at_least: Strict}", "keep"]),
        "path": st.sampled_from(["/", "/app", "keep"]),
        "domain": st.sampled_from(["host-only", "shop.example", "keep"]),
        "lifetime": st.sampled_from(["session", "1min", "400d"]),
        "priority": st.sampled_from(["High", "keep"]),
        "stage": st.sampled_from(["enforce", "report"]),
        "supersede": st.sampled_from(["true", "false"]),
    },
)


def build(rules: dict[str, str], response: str, mode: Mode) -> Engine:
    plain = ", ".join(f"{key}: {value}" for key, value in rules.items())
    # `check` refuses a rule that contradicts the prefix of the name
    text = entries(
        f"name: a, {plain}",
        f"name: g-*, {plain}",
        "name: __Host-a, secure: true, path: /",
        undeclared=f"{{response: {response}}}",
    )
    return Engine(policy(text), mode)


ENGINES = st.builds(build, RULES, st.sampled_from(["block", "report", "pass"]), st.sampled_from(list(Mode)))
EXCHANGES = st.sampled_from([Exchange(b"www.shop.example", b"/app/x"), Exchange(b"127.0.0.1", b"/", https=False)])


@settings(max_examples=200)
@pytest.mark.row(24)
@given(ENGINES, st.lists(LINES, max_size=5), EXCHANGES)
def test_output_lines_are_clean_in_order_and_stable(engine: Engine, lines: list[bytes], exchange: Exchange) -> None:
    outcome = engine.on_response([(b"Set-Cookie", line) for line in lines], exchange, NOW)
    assert [judged.before for judged in outcome.cookies] == lines
    after = [judged.after for judged in outcome.cookies if judged.after is not None]
    superseding = [judged.decision.supersedes for judged in outcome.cookies if judged.decision.supersedes]
    assert sorted(value for _, value in outcome.headers) == sorted([*after, *superseding])
    for _, value in outcome.headers:
        assert not CONTROL.search(value)
    for line in superseding:
        cookie = parse_set_cookie(line)
        assert cookie is not None and is_deletion(cookie, clock_at(NOW)) and cookie.value in (b"", b"deleted")
    again = engine.on_response([(b"Set-Cookie", value) for value in after], exchange, NOW)
    assert [value for _, value in again.headers] == after


@settings(max_examples=200)
@pytest.mark.row(24)
@given(ENGINES, LINES, EXCHANGES)
def test_name_and_value_are_kept_byte_for_byte(engine: Engine, line: bytes, exchange: Exchange) -> None:
    (judged,) = engine.on_response([(b"Set-Cookie", line)], exchange, NOW).cookies
    if judged.after is None:
        return
    before, after = parse_set_cookie(line), parse_set_cookie(judged.after)
    if before is None:  # report mode forwards a line that browsers ignore
        assert judged.after == line
        return
    assert after is not None
    assert is_deletion(after, clock_at(NOW)) == is_deletion(before, clock_at(NOW))
    if is_deletion(before, clock_at(NOW)) and Reason.DELETION in judged.decision.reasons and judged.decision.enforced:
        assert after.name == before.name and after.value in (b"", b"deleted")
    else:
        assert after.pair == before.pair


@settings(max_examples=150)
@given(
    RULES,
    st.sampled_from(["block", "pass"]),
    st.lists(st.tuples(LINES, st.integers(-(10**9), 10**9)), max_size=12),
    EXCHANGES,
)
def test_the_engine_decides_as_the_judge(
    rules: dict[str, str], response: str, sequence: list[tuple[bytes, int]], exchange: Exchange
) -> None:
    engine = build(rules, response, Mode.ENFORCE)
    scope = engine.scope(exchange)
    judge = Judge(engine.policy, engine.mode, engine.now, None, None)
    place = Situation(scope.site, scope.denied, scope.is_public)
    for line, shift in sequence * 2:
        now = NOW + shift
        after, decision = engine.on_set_cookie(line, scope, clock_at(now))
        expected, plainly = judge.judge_set_cookie(line, place, clock_at(now))
        assert (after, decision.action, decision.reasons) == (expected, plainly.action, plainly.reasons)
        for judged in engine.on_cookie(line, scope)[1]:
            reasons = [reason for reason in judged.decision.reasons if reason is not Reason.DUPLICATE_NAME]
            assert (judged.decision.action, reasons) == (
                judge.judge_name(judged.name, place).action,
                list(judge.judge_name(judged.name, place).reasons),
            )


def unexpected(error: Exception) -> Decision:
    raise AssertionError from error


@settings(max_examples=150)
@given(
    RULES,
    st.sampled_from(["block", "pass"]),
    st.lists(st.lists(LINES.filter(lambda line: not CONTROL.search(line)), max_size=6), max_size=4),
    EXCHANGES,
)
def test_all_lines_of_a_head_are_judged_as_each_of_them(
    rules: dict[str, str], response: str, responses: list[list[bytes]], exchange: Exchange
) -> None:
    loop, one = build(rules, response, Mode.ENFORCE), build(rules, response, Mode.ENFORCE)
    scope, other = loop.scope(exchange), one.scope(exchange)
    for lines in responses * 2:
        found, decisions = loop.on_set_cookies(together(lines), scope, lambda: clock_at(NOW), unexpected)
        expected = [one.on_set_cookie(line.rstrip(b" \t"), other, clock_at(NOW)) for line in lines]
        assert [(d.action, d.reasons, d.label) for d in decisions] == [
            (d.action, d.reasons, d.label) for _, d in expected
        ]
        assert b"".join(found) == b"".join(
            b"\r\nSet-Cookie: " + line for after, decision in expected for line in (decision.supersedes, after) if line
        )


def together(lines: list[bytes]) -> SetCookieLines:
    """Return lines cut as in a head: at their first `=`, except within an attribute."""
    shape: list[bytes] = []
    values = []
    for line in lines:
        pair, semicolon, tail = line.partition(b";")
        name, equals, value = pair.partition(b"=") if b"=" in pair else (b"", b"", pair)
        shape += (b"\r\nSet-Cookie: ", name + equals, semicolon + tail)
        values.append(value)
    return SetCookieLines(tuple(shape), values)


COOKIES = st.lists(
    st.one_of(st.sampled_from([b"a=1", b" a=2", b" b=3", b"c", b"", b" ", b" =x", b" g-1=;"]), st.binary(max_size=6)),
    max_size=8,
).map(b";".join)


@settings(max_examples=150)
@given(st.lists(COOKIES, max_size=6))
def test_cookie_headers_of_any_order_are_judged_alike_with_a_warm_memo_and_a_cold_one(
    headers: list[bytes],
) -> None:
    judging = policy(entries("name: a", "name: g-*", "name: b, forward: false"))
    warm = Engine(judging)
    for header in headers:
        cold = Engine(judging)
        for _ in range(OFTEN + 2):  # until the plan has a form, and is used by it
            after, decisions = warm.on_cookies(header, warm.scope(Exchange()))
        expected, judged = cold.on_cookie(header, cold.scope(Exchange()))
        assert (after, [d.reasons for d in decisions]) == (expected, [c.decision.reasons for c in judged])


@settings(max_examples=200)
@given(COOKIES)
def test_a_filtered_cookie_header_keeps_order_and_bytes_and_filtering_twice_is_once(header: bytes) -> None:
    engine = Engine(policy(entries("name: a", "name: g-*", "name: b, forward: false")))
    scope = engine.scope(Exchange())
    after, cookies = engine.on_cookie(header, scope)
    for _ in range(OFTEN + 2):  # new, remembered, and matched by its form
        again, decisions = engine.on_cookies(header, scope)
        assert again == after
        assert [(d.action, d.reasons, d.label) for d in decisions] == [
            (c.decision.action, c.decision.reasons, c.decision.label) for c in cookies
        ]
    if after is None:
        return
    assert engine.on_cookie(after, scope)[0] == after
    kept = [piece.strip(b" \t") for piece in after.split(b";")]
    came = [piece.strip(b" \t") for piece in header.split(b";")]
    position = -1
    for piece in filter(None, kept):
        position = came.index(piece, position + 1)
        assert re.match(rb"(a|g-[^=]*)[ \t]*=", piece)
