"""The most expensive heads within the default limits, each as a multiple of a request of the six-cookie workload.

    python -m tests.bench.heads [--only TEXT]

Each head is new to the proxy, so that its memos do not help. The bar is 200 (`BAR`), for any policy of 200 entries and
for 2,000 globs. A request and its response are two heads.

`steps` counts Python's bytecodes. It is the same on every machine, but does not count work inside a C function.
`make test` holds each head to its bar in steps (test_heads.py), and `live_heads.py` in the CPU time of a running proxy.
The times here are of the computation alone, in CPU seconds of this process, the least of several. They vary by a third,
and crafted responses of the application take up to 280."""

import argparse
import base64
import gc
import logging
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from types import FrameType
from typing import Any, TypeVar

import uvloop

from cookiewarden.core.engine.consent import MAX_VALUE
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.order import Order
from cookiewarden.core.formats.bits import MAX_RANGES, MAX_VENDOR
from cookiewarden.core.policy.policy import Policy
from cookiewarden.keys import keyring
from cookiewarden.serve.dataplane.origin import OriginConnection
from cookiewarden.serve.observe.metrics import Labels, Metrics
from cookiewarden.serve.own_pages.guard import Guard
from cookiewarden.serve.own_pages.in_force import Prepared
from cookiewarden.serve.own_pages.statement import StatementPages
from tests.bench.inprocess import Nowhere, driver_of, measured
from tests.support.bits import bit_field, gpp_header, ranges, tc
from tests.support.policies import policy as loaded

T = TypeVar("T")

BAR = 200
REPEATS = 5
ROOM = 15_800
"""Octets of a value that fits into a field of 16 KiB."""
NAVIGATION = b"Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nAccept: text/html\r\n"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n%b\r\n\r\n"


class Proxy:
    """One policy, one client connection and one to the origin, in this process. Needs a running loop."""

    def __init__(self, policy: Policy, keys: tuple[bytes, ...] = ()) -> None:
        metrics = Metrics(Labels(200))
        metrics.declare(entry.name for entry in policy.entries)
        engine = Engine(policy, None, time.time(), keyring(keys))
        guard = Guard(engine) if policy.inject_guard else None
        statement = StatementPages(engine) if policy.statement.path else None
        self.driver = driver_of(Prepared(engine, Order(), guard, statement), metrics)
        gc.collect()
        gc.freeze()  # as a proxy does after it has built a policy

    def exchange(self, ask: bytes, answer: bytes) -> None:
        """Run one request and its response, each on a new connection."""
        self.costs(ask, answer, lambda run: run())

    def costs(self, ask: bytes, answer: bytes, cost: Callable[[Callable[[], None]], T]) -> tuple[T, T]:
        """Run a request and its response, and return the cost of each head, which `cost` measures."""
        client, pool = self.driver.client(None), self.driver.pool
        origin = OriginConnection(self.driver.context, pool)
        client.connection_made(Nowhere())
        origin.connection_made(Nowhere())
        pool.open, pool.idle = 1, type(pool.idle)([origin])

        def respond() -> None:
            if origin.exchange is not None:  # otherwise the proxy has answered
                origin.data_received(answer)

        found = cost(lambda: client.data_received(ask)), cost(respond)
        client.connection_lost(None)
        return found


@dataclass(frozen=True)
class Case:
    """Heads of one kind, a new one for each number."""

    name: str
    policy: str
    heads: Callable[[int], tuple[bytes, bytes]]
    seals: bool = False


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def asked(*fields: bytes, target: bytes = b"/") -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: bench.example\r\n%b\r\n" % (
        target,
        b"".join(f + b"\r\n" for f in fields),
    )


def cookies(pairs: Iterator[bytes] | list[bytes]) -> tuple[bytes, bytes]:
    """Return two Cookie fields with as many of the pairs as a request may have."""
    pairs = list(pairs)[:300]
    half = len(pairs) // 2
    return b"Cookie: " + b"; ".join(pairs[:half]), b"Cookie: " + b"; ".join(pairs[half:])


def answered(*lines: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%b\r\n" % b"".join(b"Set-Cookie: %b\r\n" % x for x in lines)


def entries(*lines: str, top: str = "") -> str:
    return f"version: 1\n{top}cookies:\n" + "".join(f"  - {{{line}, lifetime: 1h, purpose: x}}\n" for line in lines)


def consent(form: str, word: str = "") -> str:
    top = f"consent: {{cookie: answer, format: {form}}}\ncategories:\n  need: {{basis: x}}\n"
    top += "".join(f"  c{n}: {{consent: required, granted_by: [{word or n % 24 + 1}]}}\n" for n in range(100))
    return entries("name: answer, category: need", *(f"name: x{n}, category: c{n}" for n in range(100)), top=top)


ONE = entries("name: sid")
GUARDED = entries("name: sid", top="inject_guard: true\n")
EVICTS = entries("name: sid", top="undeclared: {evict: domain}\n")
STATEMENT = ONE.replace("cookies:", "statement: {path: /s, languages: [en, nl], publisher: x}\ncookies:")


def of_value(prefix: bytes, unit: bytes) -> Callable[[int], tuple[bytes, bytes]]:
    """Return two fields that are full of a unit, the second with a number."""
    full = unit * (ROOM // len(unit))
    return lambda n: (asked(prefix + full, prefix + b"%d" % n + full[: ROOM - 10]), OK)


def connection(n: int) -> tuple[bytes, bytes]:
    options = b",".join(b"%x" % (n * 10000 + at) for at in range(3200))[:ROOM]
    return asked(b"Connection: " + options, b"Connection: " + options[::-1]), OK


def connection_of_a_response(n: int) -> tuple[bytes, bytes]:
    options = b",".join(b"%x" % (n * 10000 + at) for at in range(3200))[:ROOM]
    return asked(), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: %b\r\nConnection: %b\r\n\r\n" % (
        options,
        options[::-1],
    )


def named(form: str, size: int = 90) -> Callable[[int], tuple[bytes, bytes]]:
    """Return 300 cookies with new names."""

    def heads(n: int) -> tuple[bytes, bytes]:
        return asked(
            NAVIGATION.strip(),
            *cookies([(form % (n * 1000 + at)).encode().ljust(size, b"x") + b"=1" for at in range(300)]),
        ), PAGE % b"Content-Length: 0"

    return heads


def set_cookies(line: str, count: int = 120) -> Callable[[int], tuple[bytes, bytes]]:
    """Return heads with as many Set-Cookie lines as the limits allow."""

    def heads(n: int) -> tuple[bytes, bytes]:
        lines = [(line % (n * 1000 + at)).encode() for at in range(count)]
        room = 32_000 // (len(lines[0]) + 14)
        return asked(), answered(*lines[:room])

    return heads


def sealed(n: int) -> tuple[bytes, bytes]:
    values = (base64.urlsafe_b64encode(random.Random(n * 1000 + at).randbytes(60)).rstrip(b"=") for at in range(300))
    return asked(*cookies([b"k%d=s1.%b" % (at, value) for at, value in enumerate(values)])), OK


def ended(n: int) -> tuple[bytes, bytes]:
    """Return sealed values of three cookies, and a response that sets these cookies."""
    values = (base64.urlsafe_b64encode(random.Random(n * 1000 + at).randbytes(60)).rstrip(b"=") for at in range(300))
    return asked(*cookies([b"k%d=s2.%b" % (at % 3, value) for at, value in enumerate(values)])), answered(
        *(b"k%d=%d; Path=/; Max-Age=9" % (at, n) for at in range(3))
    )


def sealed_copies(n: int) -> tuple[bytes, bytes]:
    values = (base64.urlsafe_b64encode(random.Random(n * 1000 + at).randbytes(60)).rstrip(b"=") for at in range(300))
    return asked(*cookies([b"k1=s1." + value for value in values])), OK


def renamed(n: int) -> tuple[bytes, bytes]:
    return asked(*cookies([b"sid=%d" % (n * 1000 + at) for at in range(300)])), OK


def date(n: int, token: str) -> str:
    return f"c%d=1; Expires={n} " + (token * 1000)[:980]


EVERY_VERB = entries(
    "name: 'n*', same_site: None, partitioned: true, domain: a.example, path: /x, secure: true, http_only: true, priority: High",
    "name: '__Host-Http-n*', same_site: None, partitioned: true",
)
"""Policies of one glob with every verb, which changes every attribute of a line."""


CONSENTED = (
    EVERY_VERB.replace("name: 'n*'", "name: 'n*', category: c")
    .replace("name: '__Host", "category: c, name: '__Host")
    .replace(
        "cookies:",
        "consent: {cookie: answer, format: list}\ncategories: {need: {basis: x}, c: {consent: opt-out, granted_by: [a]}}\n"
        "cookies:\n  - {name: answer, category: need, lifetime: 1h, purpose: x}",
    )
)
"""The same policy in a category that asks for consent."""


def crowded(name: str, attributes: str, end: str) -> Callable[[int], tuple[bytes, bytes]]:
    """Return lines full of attributes, each with another tail."""

    def heads(n: int) -> tuple[bytes, bytes]:
        lines = [
            b"%b%x=1;%b;%b%d" % (name.encode(), n * 1000 + at, attributes.encode(), end.encode(), n * 1000 + at)
            for at in range(120)
        ]
        return asked(), answered(*lines[: 32_000 // (len(lines[0]) + 14)])

    return heads


def dated(dates: int, form: bytes) -> Callable[[int], tuple[bytes, bytes]]:
    """Return 120 lines with several Expires each, all different."""

    def heads(n: int) -> tuple[bytes, bytes]:
        numbers = iter(range(n * 1200, n * 1200 + 1200))
        clocks = (b"%d:%d:%d" % (at // 3600 % 24, at // 60 % 60, at % 60) for at in numbers)
        lines = [
            b"n%x=1" % (n * 1000 + at) + b"".join(b";Expires=" + form % next(clocks) for _ in range(dates))
            for at in range(120)
        ]
        return asked(), answered(*lines[: 32_000 // (len(lines[0]) + 14)])

    return heads


def aabb(n: int) -> tuple[bytes, bytes]:
    """Return 300 cookies that begin with many `a` and end with many `b`."""
    return asked(*cookies([b"a" * 45 + b"%d" % (n * 1000 + at) + b"b" * 45 + b"=1" for at in range(300)])), OK


def lines(attributes: bytes, name: bytes = b"n%x") -> Callable[[int], tuple[bytes, bytes]]:
    """Return 120 lines with these attributes, and another value and tail each. `name`: with the number of a line."""

    def heads(n: int) -> tuple[bytes, bytes]:
        numbers = range(n * 1000, n * 1000 + 120)
        found = [(name % (at % 1000)) + b"=%x;%b;a%x" % (at, attributes, at) for at in numbers]
        return asked(), answered(*found[: 32_000 // (len(found[0]) + 14)])

    return heads


def runs(between: bytes) -> Callable[[int], tuple[bytes, bytes]]:
    """Return 62 runs of Set-Cookie lines, with another field between two of them."""

    def heads(n: int) -> tuple[bytes, bytes]:
        line = b"Set-Cookie: n%x=1;Domain=bench.example;Max-Age=0x;Max-Age=x;Expires=%d:%d:1 2027 Jan 1" + b";a" * 58
        fields = [
            line % (n * 1000 + at, n % 24, at) + b"%d\r\n%b%02d\r\n" % (n * 1000 + at, between, at) for at in range(62)
        ]
        return asked(), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%b\r\n" % b"".join(fields)

    return heads


def in_runs(count: int, each: int, name: bytes = b"n%x", domain: bytes = b"bench.example") -> Callable[[int], bytes]:
    """Return a head with lines of unusual dates in runs of this length, with another field between two runs.

    `name` gets the number of a line, and `domain` may get it, too."""

    def head(n: int) -> bytes:
        found = []
        for at in range(count):
            number = n * 1000 + at
            where = domain % at if b"%" in domain else domain
            found.append(
                b"Set-Cookie: %b=1;Domain=%b;Max-Age=0x;Max-Age=x;Expires=%d:%d:1 2027 Jan 1%b%d\r\n"
                % (name % number, where, n % 24, at % 60, b";a" * 9, number)
            )
            if at % each == each - 1:
                found.append(b"X-Other: %d\r\n" % at)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%b\r\n" % b"".join(found)

    return head


def sources(n: int) -> bytes:
    """Return a Content-Security-Policy of 298 sources."""
    return b"Content-Security-Policy: script-src" + b" http://*:80/%d/" % n * 298 + b"\r\n"


def visited(n: int) -> bytes:
    """Return a navigation with 300 new names."""
    return asked(NAVIGATION.strip(), *cookies([b"q%x=1" % (n * 1000 + at) for at in range(300)]))


def elsewhere(n: int, ask: bytes) -> bytes:
    """Return a request to another host."""
    return ask.replace(b"bench.example", b"h%d.example" % n)


def of_paths(count: int, paths: int) -> str:
    """Return a policy of one glob in many entries, each for other paths."""
    return entries(
        *(f"name: 'p*', scope: {{paths: [{', '.join(f'/a/{k}/{at}' for at in range(paths))}]}}" for k in range(count))
    )


def nested_paths(unit: str, count: int, paths: int) -> str:
    """Return a policy of many paths, each the beginning of the next."""
    lengths = iter(range(1, count * paths + 1))
    return entries(
        *(
            f"name: p{k}, scope: {{paths: [{', '.join('/' + unit * next(lengths) for _ in range(paths))}]}}"
            for k in range(count)
        )
    )


def named_like(form: bytes) -> Callable[[int], tuple[bytes, bytes]]:
    """Return 300 cookies with new names of a form with a number."""
    return lambda n: (asked(*cookies([form % (n * 1000 + at) + b"=1" for at in range(300)])), OK)


def nested(glob: Callable[[int], str], count: int, paths: int) -> str:
    """Return a policy of globs, each for another pair of nested hosts and paths."""
    return entries(
        *(
            f"name: '{glob(k)}', scope: {{hosts: ['*{'.a' * (k // paths + 1)}'], paths: ['{'/a' * (k % paths + 1)}']}}"
            for k in range(count)
        )
    )


def below(n: int, ask: bytes) -> bytes:
    """Return a request to a host below all of these hosts."""
    return ask.replace(b"bench.example", b"x" + b".a" * 120)


def words(more: str = "") -> list[str]:
    """Return eight globs of nested beginnings and one text."""
    return [f"name: '{'_'.join('abcdefgh'[:i])}*_id_*'{more}" for i in range(1, 9)]


def values_of(answer: bytes) -> list[bytes]:
    """Return the Set-Cookie values of an answer."""
    return answer.removesuffix(b"\r\n\r\n").split(b"\r\nSet-Cookie: ")[1:]


def aligned(size: int, text: str) -> list[str]:
    """Return globs with nested beginnings, nested ends and one text."""
    return [f"name: '{'a' * i}*{text}*{'d' * j}'" for i in range(1, size + 1) for j in range(1, size + 1)]


def with_answer(attributes: bytes) -> Callable[[int], bytes]:
    """Return a page that changes the visitor's answer and sets other cookies in 119 lines."""

    def answer(n: int) -> bytes:
        return as_page(answered(b"answer=%d; Path=/; Max-Age=9" % n, *values_of(lines(attributes)(n)[1])[1:]))

    return answer


def as_page(answer: bytes, fields: bytes = b"", body: bytes = b"") -> bytes:
    """Return an answer as a page of 64 KB, which comes at once, with further fields."""
    whole = (body * 65_000)[:65_000]
    head = answer.replace(
        b"Content-Length: 0\r\n", b"Content-Type: text/html\r\nContent-Length: %d\r\n%b" % (len(whole), fields), 1
    )
    return head + whole


def sealed_before(n: int) -> tuple[bytes, ...]:
    """Return 300 cookies with invalid sealed values, for 120 names."""
    values = (base64.urlsafe_b64encode(random.Random(n * 1000 + at).randbytes(60)).rstrip(b"=") for at in range(300))
    return cookies([b"__Host-Http-m%d=s2.%b" % (at % 120, value) for at, value in enumerate(values)])


def sealed_values(name: bytes, count: int = 298) -> Callable[[int], bytes]:
    """Return a Cookie field of new names, with values that look sealed."""

    def field(n: int) -> bytes:
        values = (
            base64.urlsafe_b64encode(random.Random(n * 1000 + at).randbytes(28)).rstrip(b"=") for at in range(count)
        )
        return b"Cookie: " + b"; ".join(name % (n * 1000 + at) + b"=s1." + value for at, value in enumerate(values))

    return field


def held(n: int) -> tuple[bytes, bytes]:
    """Return 100 cookies that are sealed and valid, 200 others, and a page that sets the sealed ones to new values."""
    ring, context = keyring(KEYS), b"policy " + loaded(ONE).name.encode()
    born = int(time.time()) - 20
    valid = [b"__Host-Http-m%d=" % at + ring.seal(b"old%d" % n, b"n%x" % at, context, born) for at in range(100)]
    answer = lines(b"Path=/; Max-Age=9999999; Secure; HttpOnly")(n)[1]
    return asked(NAVIGATION.strip(), *cookies([*valid, *(b"q%d=1" % (n * 1000 + at) for at in range(200))])), as_page(
        answer
    )


def tcf_answer(n: int) -> bytes:
    """Return a consent cookie with as many single vendors as are read."""
    single = ranges(MAX_VENDOR, *range(1 + n, 1 + n + MAX_RANGES))
    return b"answer=" + tc(single, disclosed=single).encode()


def gpp_answer(n: int, canadian: str) -> bytes:
    """Return a GPP string with a TC string, a section for Canada, which is skipped, and all sections of the US."""
    single = ranges(MAX_VENDOR, *range(1 + n, 1 + n + MAX_RANGES))
    sections = [tc(single, disclosed=single), canadian, "1YNN", *["BAAAAAAAAA"] * 17]
    return "~".join([gpp_header(2, (3, 18)), *sections]).encode()


def filled(begin: bytes, unit: bytes, end: bytes = b"", size: int = MAX_VALUE) -> Callable[[int], bytes]:
    """Return answers of the largest size. `begin` gets a number, so that they differ, and `unit` may get one."""

    def answer(n: int) -> bytes:
        found = begin % n
        units = (unit % at if b"%x" in unit else unit for at in count())
        while len(found) + len(one := next(units)) + len(end) <= size:
            found += one
        return found + end

    return answer


def ended_on_deep_hosts(name: str, count: int) -> str:
    """Return a policy of two entries for each name: one that has ended, on 119 nested hosts, and one on any host."""
    hosts = ", ".join(f"'*{'.a' * depth}'" for depth in range(1, 120))
    both = (f"until: 2020-01-01, scope: {{hosts: [{hosts}]}}", "secure: true")
    return entries(*(f"name: '{name % number}', {one}" for number in range(count) for one in both))


def deep(n: int, ask: bytes) -> bytes:
    """Return a request to one of these hosts."""
    return ask.replace(b"bench.example", b"x" + b".a" * (119 - n))


KEYS = (bytes(range(32)),)
HEX = [f"{number * 2654435761 % (1 << 32):08x}" for number in range(2000)]
DIGITS = b"_".join(b"%d" % number for number in range(99, 69, -1))


MOVES = ", ".join(f"{{from: /a/{at}, to: /}}" for at in range(64))
DOMAIN_MOVES = ", ".join(f"{{from: h{at}.example, to: host-only}}" for at in range(64))
VERBS = "same_site: None, partitioned: true, domain: host-only, path: /, secure: true, http_only: true, priority: High"
TABS = b"Domain=bench.example\t;Max-Age\t=0;Max-Age=x;Expires=x;Path\t=/;Secure\t;\tHttpOnly;a\tb"
UNUSUAL = b"Domain=bench.example;Max-Age=9999999;Max-Age=x;Expires=x;Path=/x" + b";a" * 40


def page(unit: bytes, begin: bytes = b"") -> Callable[[int], tuple[bytes, bytes]]:
    """64 KB of a page that come at once."""
    body = (begin + unit * (65_536 // len(unit)))[:65_536]
    return lambda n: (asked(NAVIGATION.strip()), PAGE % b"Content-Length: 65536" + body)


ASKS = """consent: {cookie: answer, format: list}
categories: {need: {basis: x}, c: {consent: opt-out, granted_by: [a]}}
public_hosts: ['*.example']
"""
"""A policy that asks for consent."""
OTHERS = VERBS.replace("host-only, path: /", "a.example, path: /x")
EVERYTHING = CONSENTED.replace(
    "cookies:", "inject_guard: true\nundeclared: {evict: domain}\npublic_hosts: ['*.example']\ncookies:", 1
)
PREFIXED = entries(
    "name: __Host-Http-n, category: need",
    "name: '__Host-Http-n_*', category: c1, same_site: None, partitioned: true, supersede: true, priority: High",
    top="inject_guard: true\nundeclared: {evict: domain}\npublic_hosts: ['*.example']\nconsent: {cookie: __Host-Http-n, format: list}\ncategories:\n  need: {basis: x}\n"
    + "".join(f"  c{n}: {{consent: opt-out, granted_by: [a]}}\n" for n in range(255)),
)
SEALED = entries(*(f"name: n{k:x}, rename_to: __Host-Http-m{k}, seal: true, renew: false, {VERBS}" for k in range(120)))

CASES = [
    Case("Connection, 2 fields of 3,200 options", ONE, connection),
    Case("Connection of a response", ONE, connection_of_a_response),
    Case("TE, many codings", ONE, of_value(b"TE: ", b"a,")),
    Case("X-Forwarded-For, many addresses", ONE, of_value(b"X-Forwarded-For: ", b"1,")),
    Case("Forwarded", ONE, of_value(b"Forwarded: ", b"for=a;,")),
    Case("X-Forwarded-Proto, many schemes", ONE, of_value(b"X-Forwarded-Proto: ", b"a,")),
    Case("X-Forwarded-Host, many hosts", ONE, of_value(b"X-Forwarded-Host: ", b"A,")),
    Case("X-Forwarded-Host, many equal hosts", ONE, lambda n: (asked(*[b"X-Forwarded-Host: " + b"A," * (ROOM // 2)] * 2, target=b"/%d" % n), OK)),
    Case("X-Forwarded-Host, many equal hosts, and 130 cookies", ONE, lambda n: (asked(b"Cookie: " + b"; ".join(b"%x=1" % (n * 1000 + at) for at in range(130)), *[b"X-Forwarded-Host: " + b"A," * 7300] * 2), OK)),
    Case("X-Forwarded-Proto, many equal schemes", ONE, lambda n: (asked(*[b"X-Forwarded-Proto: " + b"http," * (ROOM // 5)] * 2, target=b"/%d" % n), OK)),
    Case("300 cookies, all evicted, a path without slashes", EVICTS, lambda n: (asked(NAVIGATION.strip(), *cookies([b"%x=1" % (n * 1000 + at) for at in range(300)]), target=b"/" + b"a" * 28_000), PAGE % b"Content-Length: 0")),
    Case("300 held copies, 120 equal lines that are not renewed", entries("name: n, renew: false"), lambda n: (asked(*cookies([b"n=%x" % (n * 1000 + at) for at in range(300)])), answered(*(b"n=%x; Path=/; Max-Age=9" % (n * 1000 + 299) for _ in range(120))))),
    Case("300 held copies that are not ASCII, every verb", EVERY_VERB.replace("path: /x", "path: /x, renew: false", 1), lambda n: (asked(*cookies([b"n=%x%b" % (n * 1000 + at, b"\xc3\xa9" * 35) for at in range(300)])), answered(*(b"n=%x%b; Path=/; Max-Age=%d" % (n * 1000 + 299, b"\xc3\xa9" * 35, n * 1000 + at) for at in range(120))))),
    Case("Accept-Language where a statement is served", STATEMENT, lambda n: (asked(*[b"Accept-Language: " + b"a,b;q=0.1," * (ROOM // 10)] * 2, target=b"/s?%d" % n), OK)),
    Case("If-None-Match where a statement is served", STATEMENT, lambda n: (asked(*[b"If-None-Match: " + b"a," * (ROOM // 2)] * 2, target=b"/s?%d" % n), OK)),
    Case("300 cookies, one glob each by its beginning", entries(*(f"name: '{'a' * n}*z'" for n in range(1, 200))), named("a" * 60 + "%d")),
    Case("300 cookies, 200 globs of one beginning", entries(*(f"name: 'p*{n}'" for n in range(200))), named("p%d-")),
    Case("300 cookies, 2,000 globs of one beginning", entries(*(f"name: 'p*x{n}x'" for n in range(2000))), named("p%d-")),
    Case("300 cookies, 200 globs of two stars", entries(*(f"name: 'p*y{n}y*q', scope: {{hosts: [h{n}.example]}}" for n in range(200))), named("p%d-", 88)),
    Case("300 cookies, 2,000 globs of two stars", entries(*(f"name: 'p*y{n}y*', scope: {{hosts: [h{n}.example]}}" for n in range(2000))), named("p%d-")),
    Case("300 cookies, one glob on 200 hosts", entries(*(f"name: 'p*', scope: {{hosts: [h{n}.example]}}" for n in range(200))), named("p%d-")),
    Case("300 cookies, all evicted, deep path", EVICTS, lambda n: (asked(NAVIGATION.strip(), *cookies([b"e%d=1" % (n * 1000 + at) for at in range(300)]), target=b"/" + b"a/" * 8000), PAGE % b"Content-Length: 0")),
    Case("300 new cookies", ONE, named("n%d")),
    Case("300 copies of one cookie", ONE, lambda n: (asked(*cookies([b"sid=%d" % (n + at) for at in range(300)])), OK)),
    Case("300 copies of a renamed cookie", entries("name: sid, rename_to: __Host-sid"), renamed),
    Case("300 sealed values", entries(*(f"name: k{n}, seal: true" for n in range(200))), sealed, True),
    Case("300 sealed values that are not renewed, 3 lines", entries(*(f"name: k{n}, seal: true, renew: false" for n in range(200))), ended, True),
    Case("300 held copies, 120 lines that are not renewed", entries("name: 'n*', renew: false"), lambda n: (asked(*cookies([b"n%x=%d" % (at % 120, n * 1000 + at) for at in range(300)])), answered(*(b"n%x=%d; Path=/; Max-Age=9" % (at, n) for at in range(120))))),
    Case("64 moves of a path, 120 lines", entries(f"name: 'n*', path: [{MOVES}]"), set_cookies("n%d=1; Path=/a/64/x")),
    Case("300 sealed copies", entries(*(f"name: k{n}, seal: true" for n in range(200))), sealed_copies, True),
    *(
        Case(f"3 answers, {name}, 290 names", consent(form, "ad_storage" if form == "consent_mode" else ""), lambda n, answer=answer: (asked(*(b"Cookie: answer=" + answer(3 * n + at) for at in range(3)), *cookies([b"q%x=1" % (n * 1000 + at) for at in range(290)])), OK))
        for name, form, answer in (
            ("list", "list", filled(b"%d,", b"a,")),
            ("list in percent", "list", filled(b"%d%%2C", b"%61%2C")),
            ("list, read twice", "list", filled(b"%d%%2C+", b"%2C+")),
            ("octal escapes", "list", filled(b'"%d', b"\\054\\141", b'"')),
            ("quotes and an escape that is none", "list", filled(b'"%d', b"\\054a", b'\\z"')),
            ("signatures", "list", filled(b"s:%d", b"." + b"a" * 42)),
            ("json", "json", filled(b'{"n%d":1', b',"%x":1', b"}")),
            ("json, read twice", "json", filled(b'{"%%41+%d":1', b',"%x":1', b"}")),
            ("json list, read twice", "json", filled(b'["%%41+%d"', b',""', b"]")),
            ("json, deep", "json", filled(b"[%d", b"[")),
            ("klaro", "klaro", filled(b'{"n%d":true', b',"%x":true', b"}")),
            ("klaro in quotes", "klaro", filled(b'"{\\"n%d\\":true', b'\\054\\"%x\\":true', b'}"')),
            ("cookiebot", "cookiebot", filled(b"{n%d:true,", b"necessary:true,", b"}")),
            ("cookiebot, read twice", "cookiebot", filled(b"%%7B+n%d:true,", b"necessary:true,", b"}")),
            ("onetrust", "onetrust", filled(b"%d&", b"&")),
            ("onetrust in percent", "onetrust", filled(b"%d&", b"%26&")),
            ("onetrust, groups", "onetrust", filled(b"x=%d&groups=", b"a:1,")),
            ("onetrust, encoded as a whole", "onetrust", filled(b"%d%%2526", b"%2526%26")),
            ("cookieyes", "cookieyes", filled(b"action:yes,z%d:", b",%x:")),
            ("cookieyes, read twice", "cookieyes", filled(b"action:yes,+:%%41x%d", b",a:")),
            ("axeptio, read twice", "axeptio", filled(b'{"$$completed":true,"%%41+%d":true', b',"%x":true', b"}")),
            ("cookieconsent, read twice", "cookieconsent", filled(b'{"categories":["%%41+%d"],"services":{"m":["a"', b',"%x"', b"]}}")),
            ("consent_mode", "consent_mode", filled(b'{"n%d":1', b',"ad_storage":"denied"', b"}")),
            ("didomi", "didomi", lambda n: base64.b64encode(filled(b'{"vendors":{"enabled":["%d"', b',"%x"', b"]}}", 3060)(n))),
            ("tcf, vendors as bits", "tcf", lambda n: tc(bit_field(MAX_VENDOR, range(n + 1, MAX_VENDOR + 1)), disclosed=bit_field(MAX_VENDOR, range(1, MAX_VENDOR + 1))).encode()),
            ("tcf, vendors as ranges", "tcf", lambda n: tc(ranges(MAX_VENDOR, *[(1 + n, MAX_VENDOR)] * MAX_RANGES), disclosed=ranges(MAX_VENDOR, *[(1, MAX_VENDOR)] * MAX_RANGES)).encode()),
            ("tcf, single vendors", "tcf", lambda n: tcf_answer(n)[7:]),
            ("tcf, segments", "tcf", filled(b"C%d" + b"A" * 50, b".A")),
            ("gpp", "gpp", lambda n: gpp_answer(n, "A")),
            ("gpp, with a blank and an escape", "gpp", lambda n: gpp_answer(n, "%41+")),
            ("gpp, a header", "gpp", filled(b"DBA_" + b"V" * 96 + b"~%d", b"~1YNN")),
        )
    ),
    Case("consent, 200 copies", consent("list"), lambda n: (asked(*cookies([b"answer=%d" % (n * 1000 + at) for at in range(300)])), OK)),
    Case("consent, 200 opt-out categories and 300 answers", "version: 1\nconsent: {cookie: answer, format: list}\ncategories:\n  need: {basis: x}\n" + "".join(f"  c{n}: {{consent: opt-out, granted_by: [a]}}\n" for n in range(200)) + "cookies:\n  - {name: answer, category: need, lifetime: 1h, purpose: x}\n" + "".join(f"  - {{name: x{n}, category: c{n}, lifetime: 1h, purpose: x}}\n" for n in range(199)), lambda n: (asked(*cookies([b"answer=a,%x" % (n * 1000 + at) for at in range(300)])), OK)),
    Case("a consent cookie set 100 times", consent("json"), set_cookies("answer={\"a%d\":true}; Path=/", 120)),
    Case("120 new Set-Cookie", ONE, set_cookies("n%d=1; Path=/; Max-Age=99999999; Secure; SameSite=None")),
    Case("120 declared Set-Cookie, edited", entries("name: 'n*', secure: true, http_only: true, same_site: Strict, path: /x, partitioned: true, priority: Low"), set_cookies("n%d=1; Path=/; Max-Age=99999999; Domain=bench.example; Expires=Fri, 31 Dec 2027 23:59:59 GMT")),
    Case("120 deletions", entries("name: '__Host-n*', secure: true"), set_cookies("__Host-n%d=1; Path=/; Max-Age=0; Expires=Thu, 01-Jan-1970 00:00:00 GMT")),
    Case("Set-Cookie of semicolons", entries("name: 'n*'"), set_cookies("n%d=1" + ";" * ROOM)),
    Case("Set-Cookie of semicolons, undeclared", ONE, set_cookies("n%d=1" + ";" * ROOM)),
    Case("Set-Cookie of attributes", entries("name: 'n*', secure: true"), set_cookies("n%d=1" + ";a=b" * (ROOM // 4))),
    Case("Set-Cookie of 1,700 Max-Age", entries("name: 'n*'"), set_cookies("n%d=1" + ";max-age=9" * (ROOM // 10))),
    Case("Set-Cookie of 1,700 Expires", entries("name: 'n*'"), set_cookies("n%d=1" + ";expires=9" * (ROOM // 10))),
    Case("Set-Cookie of 1,300 Path", entries("name: 'n*', path: /x"), set_cookies("n%d=1" + ";Path=/a" * (ROOM // 8))),
    Case("120 lines, every verb", EVERY_VERB, crowded("n", "Domain=bench.example;Max-Age=0;Max-Age=x;Expires=x", "a")),
    Case("120 lines, every verb, many attributes", EVERY_VERB, crowded("n", "Domain=bench.example;Max-Age=0;Max-Age=x;Expires=x" + ";a" * 58, "a")),
    Case("lines of four Path and gaps", EVERY_VERB, crowded("n", ";x".join(f";Path=/{at}" for at in range(4)), "a")),
    Case("lines of four Max-Age", EVERY_VERB, crowded("n", ";".join(f"Max-Age={at}" for at in range(4)), "a")),
    Case("lines of two Expires", EVERY_VERB, crowded("n", "Expires=0;Expires=1", "a")),
    Case("lines of four Expires", EVERY_VERB, crowded("n", ";".join(f"Expires={at}" for at in range(4)), "a")),
    Case("120 deletions, every verb", EVERY_VERB, crowded("n", "Max-Age=0;Domain=bench.example;Expires=x" + ";Path" * 4, "a")),
    Case("120 lines, every verb, many attributes, consent", CONSENTED, crowded("n", "Domain=bench.example;Max-Age=0;Max-Age=x;Expires=x" + ";a" * 58, "a")),
    Case("120 deletions, every verb, consent", CONSENTED, crowded("n", "Max-Age=0;Domain=bench.example;Expires=x" + ";Path" * 4, "a")),
    Case("120 deletions with a prefix", EVERY_VERB, crowded("__Host-Http-n", "Max-Age=0" + ";Path" * 4, "a")),
    Case("120 deletions, undeclared", ONE, crowded("n", "Max-Age=0;Domain=bench.example;Expires=x" + ";Path" * 4, "a")),
    Case("120 lines of two Expires, every verb", EVERY_VERB, dated(2, b"1 Jan 2027 %b")),
    Case("120 lines of two dates in words", EVERY_VERB, dated(2, b"Fri, 31 Dec 2027 %b GMT")),
    Case("120 lines of two dates in another order", EVERY_VERB, dated(2, b"%b 2027 Jan 1")),
    Case("120 lines of four Expires, every verb", EVERY_VERB, dated(4, b"1 Jan 2027 %b")),
    Case("dates of letters", entries("name: 'c*'"), set_cookies(date(1, "a "))),
    Case("dates of digits", entries("name: 'c*'"), set_cookies(date(2, "1 "))),
    Case("dates of years", entries("name: 'c*'"), set_cookies(date(3, "2027 "))),
    Case("dates of times", entries("name: 'c*'"), set_cookies(date(4, "1:1:1 "))),
    Case("dates of months", entries("name: 'c*'"), set_cookies(date(5, "Jan "))),
    Case("Cache-Control of directives", EVICTS, lambda n: (asked(NAVIGATION.strip(), b"Cookie: e%d=1" % n), PAGE % (b"Content-Length: 0\r\nCache-Control: " + b'a="' * (ROOM // 3)))),
    Case("a host of 16,000 octets", EVICTS, lambda n: (b"GET / HTTP/1.1\r\nHost: %b\r\n%bCookie: e=1\r\n\r\n" % (b"a." * 7800 + b"%d" % n, NAVIGATION), PAGE % b"Content-Length: 0")),
    Case("200 paths", entries(*(f"name: 'p*', scope: {{paths: [/a/{n}]}}" for n in range(200))), lambda n: (asked(target=b"/a/" + b"9" * ROOM), answered(*(b"p%d=1; Path=/" % (n * 1000 + at) for at in range(100))))),
    Case("a target of slashes", ONE, lambda n: (asked(b"Cookie: e%d=1" % n, target=b"/" * 16_000), OK)),
    Case("300 cookies, 15 globs of one middle that match", entries(*(f"name: '{'a' * i}*zz*'" for i in range(1, 16))), lambda n: (asked(*cookies([b"a" * 15 + b"zz%d=1" % (n * 1000 + at) for at in range(300)])), OK)),
    Case("300 cookies, 8 globs of one middle that match", entries(*(f"name: '{'a' * i}*zz*'" for i in range(1, 9))), lambda n: (asked(*cookies([b"a" * 15 + b"zz%d=1" % (n * 1000 + at) for at in range(300)])), OK)),
    Case("300 cookies, 196 globs of one middle that match", entries(*(f"name: '{'a' * i}*zz*{'d' * j}'" for i in range(1, 15) for j in range(1, 15))), lambda n: (asked(*cookies([b"a" * 15 + b"zz%d" % (n * 1000 + at) + b"d" * 15 + b"=1" for at in range(300)])), OK)),
    Case("300 cookies, 196 globs of 8 middles that match", entries(*(f"name: '{'a' * i}*{'*'.join('bc' * 4)}*{'d' * j}'" for i in range(1, 15) for j in range(1, 15))), lambda n: (asked(*cookies([b"a" * 15 + b"bc" * 4 + b"%d" % (n * 1000 + at) + b"d" * 15 + b"=1" for at in range(300)])), OK)),
    Case("120 lines, 196 globs of one middle that match", entries(*(f"name: '{'a' * i}*zz*{'d' * j}'" for i in range(1, 15) for j in range(1, 15))), lambda n: (asked(), answered(*(b"a" * 15 + b"zz%d" % (n * 1000 + at) + b"d" * 15 + b"=1;a" for at in range(120))))),
    Case("300 cookies, 200 globs of middles in common", entries(*(f"name: 'p*zzzz*{n:03d}*', scope: {{hosts: [h{n}.example]}}" for n in range(200))), named("pzzzz%d", 95)),
    Case("300 cookies, 200 globs a^i*b^j for other places", entries(*(f"name: '{'a' * i}*{'b' * j}', scope: {{hosts: [h{i}.example]}}" for i in range(1, 15) for j in range(1, 15))), aabb),
    Case("300 cookies, 2,000 globs a^i*b^j for other places", entries(*(f"name: '{'a' * i}*{'b' * j}', scope: {{hosts: [h{i}.example]}}" for i in range(1, 46) for j in range(1, 45))), aabb),
    Case("300 cookies, 200 globs a^i*b^j that overlap", entries(*(f"name: '{'a' * i}*{'a' * j}'" for i in range(1, 15) for j in range(15 - i, 30, 2))), lambda n: named("%d")(n) if n % 2 else (asked(*cookies([b"a" * (1 + at % 14) + b"=1" for at in range(300)])), OK)),
    Case("300 cookies, 200 ends of ends", entries(*(f"name: 'q*{'b' * j}'" for j in range(1, 201))), lambda n: (asked(*cookies([b"q%d" % (n * 1000 + at) + b"b" * 90 + b"c=1" for at in range(300)])), OK)),
    Case("300 cookies, 200 beginnings of beginnings", entries("name: 'a*ey'", *(f"name: '{'a' * i}*z{i}'" for i in range(1, 200))), lambda n: (asked(*cookies([b"a" * 90 + b"%dey=1" % (n * 1000 + at) for at in range(300)])), OK)),
    Case("300 cookies, 200 globs in 25 cells", entries(*(f"name: '{'a' * i}*{m}{m}{m}*', scope: {{hosts: [{m}.example]}}" for i in range(1, 26) for m in "hijklmno")), lambda n: (asked(*cookies([b"a" * 30 + b"%d" % (n * 1000 + at) + b"hiijkllmno" * 5 + b"=1" for at in range(300)])), OK)),
    Case("300 cookies, 200 globs whose middles come in the other order", entries(*(f"name: 'a*{m}{k}{m}*{k}{m}{k}*', scope: {{hosts: [{m}{k}.example]}}" for m in "abcdefghijklmn" for k in "opqrstuvwxyzab" if m != k)), lambda n: (asked(*cookies([b"a%d" % (n * 1000 + at) + b"o%cop%cpq%cqr%crs%cst%ctu%cuv%cvw%cwx%cx-%co%cp%cq%cr%cs%c" % (*[97 + at % 14] * 16,) + b"=1" for at in range(300)])), OK)),
    Case("300 cookies, 200 globs that have ended", entries(*(f"name: '{'a' * i}*', until: 2020-01-01" for i in range(1, 201))), lambda n: (asked(*cookies([b"a" * 90 + b"%d=1" % (n * 1000 + at) for at in range(300)])), OK)),
    Case("300 cookies, 200 names of 20 hosts, a host of labels", entries(*(f"name: k{n}, scope: {{hosts: [{', '.join(f'h{at}.example' for at in range(20))}]}}" for n in range(200))), lambda n: (asked(*cookies([b"k%d=1" % at for at in range(200)])).replace(b"bench.example", b"a." * 120 + b"%d" % n), OK)),
    Case("200 entries of 64 paths", entries(*(f"name: p{n}, scope: {{paths: [{', '.join(f'/a/{n}/{at}' for at in range(64))}]}}" for n in range(200))), lambda n: (asked(target=b"/"), OK)),
    Case("one name on 256 hosts and 64 paths", entries(f"name: 'p*', scope: {{hosts: [{', '.join(f'h{at}.example' for at in range(256))}], paths: [{', '.join(f'/a/{at}' for at in range(64))}]}}"), named("p%d")),
    Case("200 public hosts", entries("name: 'n*'", top="public_hosts: [" + ", ".join(f"'*.h{n}.example'" for n in range(200)) + "]\n"), set_cookies("n%d=1; Path=/; Max-Age=9")),
    Case("300 cookies, one glob of 200 paths", of_paths(200, 1), named("p%d", 1)),
    Case("300 cookies, one glob of 20 entries and 64 paths", of_paths(20, 64), named("p%d", 20)),
    Case("10 cookies, one glob of 200 entries and 64 paths", of_paths(200, 64), lambda n: (asked(*cookies([b"p%x=1" % (n * 1000 + at) for at in range(10)])), OK)),
    Case("1 cookie, one glob of 200 entries and 64 paths, a new host", of_paths(200, 64), lambda n: (elsewhere(n, asked(b"Cookie: p%d=1" % n)), answered(b"p%d=1; Path=/" % n))),
    Case("300 cookies, one glob of 199 paths that has ended", of_paths(199, 1).replace("name: 'p*'", "name: 'p*', until: 2020-01-01"), named("p%d", 1)),
    Case("120 lines, one glob of 200 nested paths", entries(*(f"name: 'p*', scope: {{paths: ['{'/a' * (k + 1)}']}}" for k in range(200))), lambda n: (asked(target=b"/a" * 250), answered(*(b"p%x=1;a" % (n * 1000 + at) for at in range(120))))),
    Case("7,680 lengths of paths", nested_paths("a", 120, 64), lambda n: (asked(target=b"/" + b"a" * 15_000 + b"%d" % n), OK)),
    Case("5,056 nested paths, a new one", nested_paths("a/", 79, 64), lambda n: (asked(target=b"/" + b"a/" * (7000 + n)), answered(b"p%d=1; Path=/" % n))),
    Case("1 cookie, 2,000 globs of two stars, a new host", entries(*(f"name: '{'a' * i}*yy*{'b' * j}'" for i in range(1, 46) for j in range(1, 45))), lambda n: (elsewhere(n, asked(b"Cookie: p%d=1" % n)), OK)),
    Case("300 cookies, 2,000 globs of one beginning and end for nested hosts", entries(*(f"name: 'p*{n % 1000:03d}*', scope: {{hosts: ['*{'.a' * (n // 20 + 1)}'], paths: ['{'/a' * (n % 20 + 1)}']}}" for n in range(2000))), lambda n: (asked(*cookies([b"p%03d%d=1" % (at, n) for at in range(300)]), target=b"/a" * 30).replace(b"bench.example", b"x" + b".a" * 120), OK)),
    Case("300 cookies, 1 glob of 40 texts", entries(f"name: 'a*{'*'.join('bc' * 20)}*d'"), lambda n: (asked(*cookies([b"a" + b"bc" * 20 + b"%dd=1" % (n * 1000 + at) for at in range(300)])), OK)),
    Case("300 cookies, 196 globs of 20 texts", entries(*(f"name: '{'a' * i}*{'*'.join('bc' * 10)}*{'d' * j}'" for i in range(1, 15) for j in range(1, 15))), lambda n: (asked(*cookies([b"a" * 15 + b"bc" * 10 + b"%d" % (n * 1000 + at) + b"d" * 15 + b"=1" for at in range(300)])), OK)),
    Case("300 cookies, 196 globs of a text of which names have the gram", entries(*aligned(14, "zzzz")), named_like(b"a" * 15 + b"zzz-%d" + b"d" * 15)),
    Case("300 cookies, 1,936 globs of a text of which names have the gram", entries(*aligned(44, "zzzz")), named_like(b"a" * 45 + b"zzz-%d" + b"d" * 45)),
    Case("300 cookies, 196 globs of such a text that have ended", entries(*(f"{line}, until: 2020-01-01" for line in aligned(14, "zzzz"))), named_like(b"a" * 15 + b"zzz-%d" + b"d" * 15)),
    Case("300 cookies, 196 globs of 70 texts, one of which is missing", entries(*aligned(14, "*".join(["bc"] * 35))), named_like(b"a" * 14 + b"bc" * 34 + b"%d" + b"d" * 14)),
    Case("300 cookies, 8 globs of 40 texts, one of which is missing", entries(*(f"name: '{'a' * i}*{'*'.join(['bc'] * 40)}*d'" for i in range(1, 9))), named_like(b"a" * 8 + b"bc" * 39 + b"%dd")),
    Case("300 cookies, 1 glob of 85 texts, one of which is missing", entries(f"name: 'a*{'*'.join('b' * 85)}*d'"), named_like(b"a" + b"b" * 84 + b"%dd")),
    Case("300 cookies, 8 globs of nested beginnings and one text", entries(*words()), named_like(b"a_b_c_d_e_f_g_h%d")),
    Case("300 cookies, 200 tenants on a host each", entries(*(f"name: 'p*{name}*', scope: {{hosts: [h{k}.example]}}" for k, name in enumerate(HEX[:200]))), named_like(b"p" + "".join(name[:4] for name in HEX[:20]).encode() + b"-%d")),
    Case("300 cookies, 2,000 tenants of numbers", entries(*(f"name: 'p*_{k}_*', scope: {{hosts: [h{k}.example]}}" for k in range(2000))), named_like(b"p_" + DIGITS[:85] + b"_%d")),
    Case("120 lines, 2,000 tenants of numbers", entries(*(f"name: 'p*_{k}_*', scope: {{hosts: [h{k}.example]}}" for k in range(2000))), lines(b"Path=/", b"p_" + DIGITS[:85] + b"_%x")),
    Case("300 cookies, 200 texts of two letters on nested hosts", nested(lambda k: f"p*{k:08b}*".replace("0", "a").replace("1", "b"), 200, 2), lambda n: (below(n, named_like(b"paaabbbabaa%d")(n)[0]), OK)),
    Case("300 cookies, 200 globs of stars only on nested hosts", nested(lambda k: "pqr" + "*" * (k + 1), 200, 2), lambda n: (below(n, named_like(b"pqr%d")(n)[0]), OK)),
    Case("300 cookies, 2,000 globs of stars only on nested hosts", nested(lambda k: "pqr" + "*" * (k + 1), 2000, 20), lambda n: (below(n, named_like(b"pqr%d")(n)[0]), OK)),
    Case("300 cookies, 100 globs that have ended here", entries(*(f"name: '{'a' * i}*{'b' * j}', {more}" for i in range(1, 11) for j in range(1, 11) for more in ("until: 2020-01-01, scope: {hosts: [bench.example]}", "scope: {hosts: [other.example]}"))), named_like(b"a" * 10 + b"%d" + b"b" * 10)),
    Case("120 lines, 100 globs whose host and path are of two entries", entries(*(f"name: '{'a' * i}*{'b' * j}', {more}" for i in range(1, 11) for j in range(1, 11) for more in ("scope: {hosts: [bench.example], paths: [/x]}", "scope: {hosts: [other.example], paths: [/y]}"))), lambda n: (asked(target=b"/y"), answered(*(b"a" * 10 + b"%d" % (n * 1000 + at) + b"b" * 10 + b"=1;a" for at in range(120))))),
    Case("300 cookies, 7 globs of nested beginnings and 3 texts", entries(*(f"name: '{'a' * i}*bcb*qq*bdb*'" for i in range(1, 8))), named_like(b"aaaaaaabcbbdb%d")),
    Case("300 cookies, 7 pairs of globs of equal beginnings and ends", entries(*(one for i in range(1, 8) for one in (f"name: '{'a' * i}*bcb*qq*bdb*'", f"name: '{'a' * i}*bqqq*', scope: {{hosts: [other.example]}}"))), named_like(b"aaaaaaabcbbdb%d")),
    Case("42 runs of 2 lines, 196 globs of a text of which names have the gram", entries(*aligned(14, "zzzz")), lambda n: (asked(), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%b\r\n" % b"".join(b"Set-Cookie: %bzzz-%x%b=1;a\r\n" % (b"a" * 15, n * 1000 + at, b"d" * 15) + b"X: 1\r\n" * (at % 2) for at in range(82)))),
    Case("the guard's report of a name, 1,936 globs of 60 texts", entries(*aligned(44, "*".join("b" * 60) + "*e*b"), top="inject_guard: true\n"), lambda n: (b"POST /.well-known/cookiewarden/report?%bb%b%d%b HTTP/1.1\r\nHost: bench.example\r\nContent-Length: 0\r\n\r\n" % (b"a" * 45 + b"e", b"b" * 64, n, b"d" * 45), OK)),
    Case("120 deletions with tabs, every verb, consent, public hosts", CONSENTED.replace("cookies:", "public_hosts: ['*.example']\ncookies:", 1), lines(TABS)),
    Case("120 lines of three Max-Age and two Expires, 64 moves, every other verb, consent, public hosts", entries("name: answer, category: need", f"name: 'n*', category: c, {VERBS}, supersede: true".replace("domain: host-only, path: /", f"path: [{MOVES}], domain: [{DOMAIN_MOVES}]"), top="public_hosts: ['*.example']\nconsent: {cookie: answer, format: list}\ncategories: {need: {basis: x}, c: {consent: opt-out, granted_by: [a]}}\n"), lines(b"Path=/a/63/x;Domain=bench.example;Max-Age=0x;Max-Age=x;Max-Age=999999999;Expires=x;Expires=1 Jan 2027 1:1:1")),
    Case("300 held copies, 64 moves, lines that are not renewed", entries(f"name: 'n*', renew: false, {VERBS}, supersede: true".replace("domain: host-only, path: /", f"path: [{MOVES}], domain: [{DOMAIN_MOVES}]")), lambda n: (asked(*cookies([b"n%x=%x" % (at % 120, n * 1000 + at) for at in range(300)])), lines(b"Path=/a/63/x;Domain=bench.example;Max-Age=0x;Max-Age=x;Expires=x" + b";a" * 40)(n)[1])),
    Case("120 deletions with tabs, every verb", EVERY_VERB, lines(TABS)),
    Case("120 deletions with tabs and a prefix, every verb", EVERY_VERB, lines(TABS, b"__Host-Http-n%x")),
    Case("120 deletions with tabs, every verb, consent", CONSENTED, lines(TABS)),
    Case("120 lines of tabs", EVERY_VERB, lines(b"\t;" * 80)),
    Case("62 runs, 62 dates", EVERY_VERB, runs(b"Date: Fri, 31 Dec 2027 23:59:")),
    Case("62 runs", EVERY_VERB, runs(b"X-Other: ")),
    Case("64 moves of path and domain, every other verb", entries(f"name: 'n*', {VERBS}, supersede: true".replace("domain: host-only, path: /", f"path: [{MOVES}], domain: [{DOMAIN_MOVES}]")), lines(b"Path=/a/63/x;Domain=bench.example;Max-Age=0x;Max-Age=x;Expires=x" + b";a" * 40)),
    Case("120 lines, every verb, public hosts", EVERY_VERB.replace("cookies:", "public_hosts: ['*.example']\ncookies:"), crowded("n", "Domain=bench.example;Max-Age=0;Max-Age=x;Expires=x" + ";a" * 58, "a")),
    Case("120 sealed lines that are not renewed", entries("name: 'n*', seal: true, renew: false"), lines(b"Path=/; Max-Age=9999999; Secure; HttpOnly"), True),
    Case("120 renamed and sealed lines that are not renewed", entries(*(f"name: n{k:x}, rename_to: __Host-Http-m{k}, seal: true, renew: false" for k in range(120))), lines(b"Path=/; Max-Age=9999999; Secure; HttpOnly"), True),
    Case("300 copies of a renamed, sealed and reported cookie", entries("name: sid, rename_to: __Host-sid, forward: false, stage: report, seal: true, reason: x, owner: x, until: 2999-01-01"), lambda n: (asked(*cookies([b"__Host-sid=s1.%x" % (n * 1000 + at) for at in range(300)])), OK), True),
    Case("300 held copies and 120 lines that are renamed and not renewed", entries("name: n, rename_to: __Host-n, renew: false"), lambda n: (asked(*cookies([b"__Host-n=%x" % (n * 1000 + at) for at in range(300)])), answered(*(b"n=%x; Path=/; Max-Age=9" % (n * 1000 + 299) for _ in range(120))))),
    Case("120 sealed lines, every verb", entries(f"name: 'n*', seal: true, renew: false, {VERBS}"), lines(UNUSUAL), True),
    Case("120 renamed lines, every verb", entries(*(f"name: n{k:x}, rename_to: __Host-Http-m{k}, {VERBS}" for k in range(120))), lines(UNUSUAL)),
    Case("120 renamed and sealed lines, every verb", entries(*(f"name: n{k:x}, rename_to: __Host-Http-m{k}, seal: true, renew: false, {VERBS}" for k in range(120))), lines(UNUSUAL), True),
    Case("120 renamed and sealed lines, every verb, consent, public hosts", entries("name: answer, category: need", *(f"name: n{k:x}, category: c, rename_to: __Host-Http-m{k}, seal: true, renew: false, {VERBS}" for k in range(120)), top="public_hosts: ['*.example']\nconsent: {cookie: answer, format: list}\ncategories: {need: {basis: x}, c: {consent: opt-out, granted_by: [a]}}\n"), lines(UNUSUAL), True),
    Case("300 names that are judged again after an answer, 119 deletions with tabs", entries("name: answer, category: need", f"name: 'n*', category: c, {OTHERS}", top="undeclared: {evict: domain}\n" + ASKS), lambda n: (asked(NAVIGATION.strip(), *cookies([b"q%x=1" % (n * 1000 + at) for at in range(300)])), with_answer(TABS)(n))),
    Case("300 names of 14 globs, 119 deletions with tabs", entries("name: answer, category: need", *(f"name: '{'n' * i}*', category: c, {OTHERS}" for i in range(1, 15)), top="undeclared: {evict: domain}\n" + ASKS), lambda n: (asked(NAVIGATION.strip(), *cookies([b"n" * 15 + b"%x=1" % (n * 1000 + at) for at in range(300)])), with_answer(TABS)(n))),
    Case("300 sealed copies, 120 sealed lines", SEALED, lambda n: (asked(*sealed_before(n)), lines(UNUSUAL)(n)[1]), True),
    Case("5,056 nested paths, 120 deletions with tabs", entries("name: answer, category: need", *(f"name: 'p*', category: c, {OTHERS}, scope: {{paths: [{', '.join('/' + 'a/' * (64 * k + at) for at in range(1, 65))}]}}" for k in range(79)), top=ASKS), lambda n: (asked(target=b"/" + b"a/" * (7000 + n)), lines(TABS, b"p%x")(n)[1])),
    Case("5,056 nested paths, 120 lines", nested_paths("a/", 79, 64), lambda n: (asked(target=b"/" + b"a/" * (7000 + n)), lines(b"Path=/", b"p%x")(n)[1])),
    Case("1 cookie, 2,000 globs of one beginning, a host of its own", entries(*(f"name: 'p*{'x' * (k % 20)}*{'*' * (k // 20)}', scope: {{hosts: ['*.example'{f', h{k}.example' if k < 256 else ''}], paths: [/a/{k}]}}" for k in range(2000))), lambda n: (elsewhere(n, asked(b"Cookie: p%dabcdefg=1" % n)), OK)),
    Case("1 cookie, 2,000 globs of one text, a host of its own", entries(*(f"name: 'p*xyz{k}*', scope: {{hosts: [h{k}.example, '*.example'], paths: [/a/{k}]}}" for k in range(2000))), lambda n: (elsewhere(n, asked(b"Cookie: pxyz%d=1" % n)), OK)),
    Case("1 cookie, 2,000 globs whose texts a name has, a host of its own", entries(*(f"name: 'p*x{'*x' * k}*', scope: {{hosts: [h{k}.example, '*.example'], paths: [/a/{k}]}}" for k in range(200))), lambda n: (elsewhere(n, asked(b"Cookie: p" + b"x" * 300 + b"%d=1" % n)), OK)),
    Case("2,000 entries of one glob, a new host", entries(*(f"name: 'pqr*', scope: {{hosts: ['*.example'{f', h{k}.example' if k < 256 else ''}], paths: [/a/{k}]}}" for k in range(2000))), lambda n: (elsewhere(n, asked(b"Cookie: pqr%d=1" % n)), answered(b"pqr%d=1;a" % n))),
    Case("200 globs on 117 hosts each, a deep host", entries(*(f"name: 'pqr{k}*', scope: {{hosts: [{', '.join([repr('*' + '.a' * (1 + (k + j) % 120)) for j in range(100)] + [f'h{k}x{j}.example' for j in range(17)])}]}}" for k in range(200))), lambda n: (asked(b"Cookie: pqr%d=1" % n).replace(b"bench.example", b"x%d" % n + b".a" * (121 - n)), OK)),
    Case("8 ended globs of nested beginnings and one text, 300 names", entries(*words(", until: 2020-01-01")), named_like(b"a_b_c_d_e_f_g_h%d")),
    Case("8 globs of nested beginnings, 300 names, many codings", entries(*words()), lambda n: (asked(b"TE: %d," % n + b"a," * 7800, *cookies([b"a_b_c_d_e_f_g_h%d=1" % (n * 1000 + at) for at in range(300)])), OK)),
    Case("8 ended globs, 298 names, consent, cookieyes", consent("cookieyes") + "".join(f"  - {{name: '{'_'.join('abcdefgh'[:i])}*_id_*', until: 2020-01-01, category: c1, lifetime: 1h, purpose: x}}\n" for i in range(1, 9)), lambda n: (asked((b"Cookie: answer=action:yes," + b",".join(b"%x:" % at for at in range(n, n + 2900)))[:13_000], b"Cookie: " + b"; ".join(b"a_b_c_d_e_f_g_h%d=1" % (n * 1000 + at) for at in range(298))), OK)),
    Case("8 ended globs, 299 names, a glob of 1,990 entries, a new host", entries(*(f"name: 'pqr*', scope: {{hosts: ['*.example'{f', h{k}.example' if k < 256 else ''}], paths: [/a/{k}]}}" for k in range(1990)), *words(", until: 2020-01-01")), lambda n: (elsewhere(n, asked(*cookies([b"pqr%d=1" % n, *(b"a_b_c_d_e_f_g_h%d=1" % (n * 1000 + at) for at in range(299))]))), OK)),
    Case("120 deletions with tabs and a prefix, 300 evicted names, a Connection field", EVERY_VERB.replace("cookies:", "undeclared: {evict: domain}\ncookies:"), lambda n: (asked(NAVIGATION.strip(), *cookies([b"q%x=1" % (n * 1000 + at) for at in range(300)])), as_page(lines(TABS, b"__Host-Http-n%x")(n)[1], b"Connection: " + b",".join(b"%x" % (n * 10_000 + at) for at in range(3200))[:15_000] + b"\r\n"))),
    Case("62 runs, 300 evicted names, a page of comments, consent, public hosts", EVERYTHING, lambda n: (asked(NAVIGATION.strip(), *cookies([b"q%x=1" % (n * 1000 + at) for at in range(300)])), as_page(runs(b"X-Other: ")(n)[1], body=b"\t<!>"))),
    Case("120 deletions with tabs and a prefix, 300 evicted names, a page of attributes, consent, public hosts", EVERYTHING, lambda n: (asked(NAVIGATION.strip(), *cookies([b"q%x=1" % (n * 1000 + at) for at in range(300)])), as_page(lines(TABS, b"__Host-Http-n%x")(n)[1], body=b"a "))),
    Case("120 deletions with tabs and a prefix, a page of comments and a policy of 298 sources", EVERYTHING, lambda n: (asked(NAVIGATION.strip()), as_page(lines(TABS, b"__Host-Http-n%x")(n)[1], sources(n), b"\t<!>"))),
    Case("298 sealed values of a glob, accepted plain", entries("name: 'a*_*', seal: {accept_plain_until: 2999-01-01, too_large: pass}, renew: false", "name: 'aa*ab*'"), lambda n: (asked(sealed_values(b"aa%d_")(n)), OK), True),
    Case("298 sealed values of a glob, consent, cookieyes", consent("cookieyes") + "  - {name: 'q*', seal: {accept_plain_until: 2999-01-01, too_large: pass}, renew: false, category: need, lifetime: 1h, purpose: x}\n", lambda n: (asked((b"Cookie: answer=action:yes," + b",".join(b"%x:" % at for at in range(n, n + 2900)))[:15_000], sealed_values(b"q%d", 250)(n)), OK), True),
    Case("100 held sealed cookies with new values, 300 evicted names", entries(*(f"name: n{k:x}, rename_to: __Host-Http-m{k}, seal: true, renew: false" for k in range(120)), top="undeclared: {evict: domain}\n"), held, True),
    Case("5 different answers, tcf", consent("tcf"), lambda n: (asked(*(b"Cookie: " + tcf_answer(n * 10 + at) for at in range(5))), OK)),
    Case("5 different answers of a response, tcf, 110 lines", consent("tcf"), lambda n: (asked(), answered(*(tcf_answer(n * 10 + at) + b"; Path=/" for at in range(5)), *(b"n%x=%d;a" % (at, n) for at in range(110))))),
    Case("3 different answers of a response, tcf, 115 deletions with tabs and a prefix", EVERYTHING.replace("format: list", "format: tcf").replace("granted_by: [a]", "granted_by: [2]"), lambda n: (asked(), answered(*(tcf_answer(n * 10 + at) + b"; Path=/" for at in range(3)), *values_of(lines(TABS, b"__Host-Http-n%x")(n)[1])[:115]))),
    Case("100 names that have ended on 119 nested hosts", ended_on_deep_hosts("g%d", 100), lambda n: (deep(n, asked(*cookies([b"g%d=%d" % (at, n) for at in range(100)]))), OK)),
    Case("300 globs that have ended on 119 nested hosts", ended_on_deep_hosts("g%d_*", 300), lambda n: (deep(n, asked(*cookies([b"g%d_%d=1" % (at, n) for at in range(300)]))), OK)),
    Case("100 lines of names that have ended on 119 nested hosts", ended_on_deep_hosts("g%d", 100), lambda n: (deep(n, asked()), answered(*(b"g%d=%d;a" % (at, n) for at in range(100))))),
    Case("120 names of 64 paths each that were not used before", entries("name: warm", *(f"name: g{k}, scope: {{paths: [{', '.join(f'/p/{at}/{k}' for at in range(64))}]}}" for k in range(120))), lambda n: (asked(target=b"/q"), answered(*([b"warm=1"] if n == 0 else [b"g%d=%d;a" % (at, n) for at in range(120)])))),
    Case("99 names on 256 hosts that were not used before", entries("name: warm", *(f"name: g{k}, scope: {{hosts: [{', '.join(f'h{at}.t{k}.example' for at in range(256))}], paths: [{path}]}}" for k in range(99) for path in ("/y", "/z"))), lambda n: (asked(*cookies([b"warm=1"] if n == 0 else [b"g%d=%d" % (at, n) for at in range(99)])), OK)),
    Case("256 categories, two answers of a response", entries("name: answer, category: need", "name: x, category: c1", top="consent: {cookie: answer, format: list}\ncategories:\n  need: {basis: x}\n" + "".join(f"  c{n}: {{consent: opt-out, granted_by: [a]}}\n" for n in range(255))), lambda n: (asked(), answered(b"answer=%d; Path=/" % n, b"answer=({; Path=/"))),
    Case("183 cookies renamed elsewhere and compared with ended globs, 100 sealed values", entries(*(f"name: '{'a' * i}*_id_*'{', until: 2020-01-01' if i % 2 else ''}" for i in range(1, 9)), "name: 'q*', seal: true", *(f"name: aaaaaaaa{k}, rename_to: __Host-aaaaaaaa{k}, scope: {{hosts: [other.example]}}" for k in range(183))), lambda n: (asked(sealed_values(b"q%d", 100)(n), b"Cookie: " + b"; ".join(b"__Host-aaaaaaaa%d=%d" % (at, n) for at in range(183))), OK), True),
    Case("66 If-Match fields of 100 entity-tags, 290 cookies", GUARDED, lambda n: (asked(NAVIGATION.strip(), *cookies([b"q%x=1" % (n * 1000 + at) for at in range(290)]), *[b"If-Match: " + b",".join([b'"--cw-"'] * 40)] * 66), OK)),
    Case("If-None-Match of commas where a statement is served", STATEMENT, lambda n: (asked(*[b"If-None-Match: " + b"," * ROOM] * 2, target=b"/s?%d" % n), OK)),
    Case("Cache-Control of short directives", EVICTS, lambda n: (asked(NAVIGATION.strip(), b"Cookie: e%d=1" % n), PAGE % (b"Content-Length: 0\r\nCache-Control: private," + b"a," * 7800))),
    Case("119 deletions that supersede and begin with the consent cookie's name, 255 categories, a page and a policy of 298 sources", PREFIXED, lambda n: (asked(NAVIGATION.strip(), *cookies([b"q%x=1" % (n * 1000 + at) for at in range(300)])), as_page(answered(b"__Host-Http-n=%d; Path=/" % n, *values_of(lines(TABS, b"__Host-Http-n_%x")(n)[1])[:118]), sources(n), b"\t<!>"))),
    Case("Forwarded of 680 pairs", ONE, lambda n: (asked(b"Forwarded: " + b"a=," * 678 + b"for=%d" % n), OK)),
    Case("119 deletions with the Domain above the host, moves, path, supersede, 255 categories, a page and a policy of 298 sources", PREFIXED.replace("__Host-Http-n", "__Secure-n").replace("same_site: None, partitioned: true, supersede: true, priority: High", "domain: [{from: zz.example, to: host-only}], path: /q, supersede: true"), lambda n: (asked(NAVIGATION.strip(), *cookies([b"q%x=1" % (n * 1000 + at) for at in range(300)])).replace(b"bench.example", b"b%d" % n + b".a" * 8 + b".bench.example"), as_page(answered(b"__Secure-n=%d; Path=/" % n, *(b"__Secure-n_%x=1;Domain=a.a.a.a.a.a.a.a.bench.example\t;Max-Age\t=0;Path\t=/;a\tb" % (n * 1000 + at) for at in range(118))), sources(n), b"\t<!>"))),
    Case("62 runs, 300 evicted names, a page and a policy of 298 sources", EVERYTHING, lambda n: (visited(n), as_page(runs(b"X-Other: ")(n)[1], sources(n), b"\t<!>"))),
    Case("6 runs of 20 undeclared lines, 300 evicted names, a page and a policy of 298 sources", EVERYTHING, lambda n: (visited(n), as_page(in_runs(110, 20, b"q%x")(n), sources(n), b"\t<!>"))),
    Case("110 lines that public_hosts refuses, 300 evicted names, consent", EVERYTHING.replace("inject_guard: true\n", ""), lambda n: (visited(n), as_page(in_runs(110, 110)(n)))),
    Case("110 lines that public_hosts refuses, 255 categories, 3 answers, a page and a policy of 298 sources", PREFIXED.replace("name: '__Host-Http-n_*'", f"name: 'n*', {VERBS.replace('host-only', 'a.example')}").replace(", same_site: None, partitioned: true, supersede: true, priority: High", "").replace("name: __Host-Http-n,", "name: answer,").replace("cookie: __Host-Http-n, format: list", "cookie: answer, format: gpp").replace("granted_by: [a]", "granted_by: [2]"), lambda n: (visited(n), as_page(in_runs(106, 20)(n).replace(b"Set-Cookie: ", b"".join(b"Set-Cookie: answer=%b; Path=/\r\n" % gpp_answer(3 * n + at, "A") for at in range(3)) + b"Set-Cookie: ", 1), sources(n), b"\t<!>"))),
    Case("6 runs of 20 lines refused by their prefix", entries(f"name: '_*', {VERBS}"), lambda n: (asked(), in_runs(116, 20, b"__Host-Http-n%x")(n))),
    Case("6 runs of 20 lines refused by SameSite=None without Secure", entries("name: 'n*', same_site: None, http_only: true, partitioned: true, secure: keep"), lambda n: (asked(), in_runs(116, 20)(n))),
    Case("6 runs of 20 lines with another Domain each, public_hosts, a page and a policy of 298 sources", entries("name: 'n*'", top="inject_guard: true\nundeclared: {evict: domain}\npublic_hosts: ['*.example']\n"), lambda n: (visited(n).replace(b"bench.example", b"a." * 110 + b"bench.example"), as_page(in_runs(100, 20, domain=b"%d.bench.example")(n), sources(n), b"\t<!>"))),
    Case("3 answers, gpp, 8 ended globs, 297 names", consent("gpp") + "".join(f"  - {{{one}, category: c1, lifetime: 1h, purpose: x}}\n" for one in words(", until: 2020-01-01")), lambda n: (asked(*(b"Cookie: answer=" + gpp_answer(3 * n + at, "%41+") for at in range(3)), b"Cookie: " + b"; ".join(b"a_b_c_d_e_f_g_h%d=1" % (n * 1000 + at) for at in range(297))), OK)),
    Case("298 sealed values of a glob that is reported and not forwarded, 37 If-Match fields, a new host", entries("name: 'a*_*', seal: {accept_plain_until: 2999-01-01, too_large: pass}, renew: false, forward: false, stage: report, reason: x, owner: x, until: 2999-01-01", "name: 'aa*ab*'", "name: 'aaa*ac*'", top="inject_guard: true\npublic_hosts: [" + ", ".join(f"'*.h{k}.example'" for k in range(256)) + "]\n"), lambda n: (elsewhere(n, asked(NAVIGATION.strip(), b"Connection: " + b",".join(b"%x" % (n * 1000 + at) for at in range(1000)), *[b"If-Match: " + b",".join([b'"--cw-"'] * 4)] * 25, *[b"If-Match: " + b",".join([b'"--cw-"'] * 40)] * 12, sealed_values(b"aa%d_")(n))), OK), True),
    *(
        Case(f"{count} entries of a glob with 4 paths each, a location of its own, 296 sealed values", entries(*(f"name: 'pqr*', scope: {{hosts: ['*.example'{f', h{k}.example' if k in (5, 6) else ''}], paths: [{', '.join(f'/a/{k}/{at}' for at in range(4))}]}}" for k in range(count)), "name: 'aa*_*', seal: {accept_plain_until: 2999-01-01, too_large: pass}, renew: false"), lambda n: (elsewhere(n + 4, asked(b"Cookie: pqr%d=1" % n, sealed_values(b"aa%d_", 296)(n), target=b"/a/7/1/x")), answered(b"pqr%d=1;a" % n)), True)
        for count in (197, 1990)
    ),
    *(
        Case(f"{count} lines of {dates} unusual dates{more}", policy, lambda n, count=count, dates=dates: (visited(n), as_page(answered(*(b"c%d=1" % (n * 1000 + at) + b"".join(b";Expires=%d " % (n * 1000 + at + k) + b"1 " * 475 for k in range(dates)) for at in range(count))), sources(n), b"\t<!>")))
        for count, dates in ((14, 2), (28, 1))
        for policy, more in ((ONE, ""), (entries("name: 'c*'", top="inject_guard: true\nundeclared: {evict: domain}\n"), ", 300 evicted names, a page and a policy of 298 sources"))
    ),
    Case("Sec-GPC of 22,000 commas, 300 names of ended globs", consent("list").replace("{consent: required,", "{consent: opt-out,") + "".join(f"  - {{{one}, category: c1, lifetime: 1h, purpose: x}}\n" for one in words(", until: 2020-01-01")), lambda n: (asked(b"Sec-GPC: " + b"," * 15_800, b"Sec-GPC: %d" % n + b"," * 6000, *cookies([b"a_b_c_d_e_f_g_h%d=1" % (n * 1000 + at) for at in range(297)])), OK)),
    *(
        Case(f"1 line and 1 cookie, {count} ended entries of one name on 119 nested hosts and nested paths", entries(*(f"name: p, until: 2020-01-01, scope: {{hosts: [{', '.join(repr('*' + '.a' * depth) for depth in range(1, 120))}], paths: ['{'/a' * (k + 1)}']}}" for k in range(count))), lambda n: (deep(n, asked(b"Cookie: p=%d" % n, target=b"/a" * 600)), answered(b"p=%d;a" % n)))
        for count in (199, 500)
    ),
    Case("1 line, 2,000 globs a^i*b^j for paths with a slash at the end", entries(*(f"name: '{'a' * (k % 44 + 1)}*{'b' * (k // 44 + 1)}', scope: {{paths: [/x1/, /x2/, /u{k}/, /v{k}/]}}" for k in range(2000))), lambda n: (asked(target=b"/x%d" % n), answered(b"a" * 45 + b"%d" % n + b"b" * 46 + b"=1"))),
    Case("1 cookie, 930 globs a^i*b^j of two entries, one of which has ended here", entries(*(one for k in range(930) for one in (f"name: '{'a' * (k % 31 + 1)}*{'b' * (k // 31 + 1)}', until: 2020-01-01, scope: {{hosts: [h0.example, h1.example]}}", f"name: '{'a' * (k % 31 + 1)}*{'b' * (k // 31 + 1)}', scope: {{hosts: [other.example]}}"))), lambda n: (elsewhere(n, asked(b"Cookie: " + b"a" * 40 + b"%d" % n + b"b" * 40 + b"=1")), OK)),
    *(
        Case(f"118 deletions of the consent cookie, 255 categories, a page{more}", PREFIXED.replace("name: __Host-Http-n,", "name: __Host-Http-n, same_site: None, partitioned: true, supersede: true, priority: High,").replace("  - {name: '__Host-Http-n_*', category: c1", "  - {name: r, category: need, renew: false, lifetime: 1h, purpose: x}\n  - {name: '__Host-Http-n_*', category: c1"), lambda n, first=first: (asked(NAVIGATION.strip(), *cookies([b"r=%d" % (n * 1000 + at) for at in range(300)])), as_page(answered(*([b"r=%d;Path=/" % n] * first), *(b"__Host-Http-n=%d;" % (n * 1000 + at) + TABS for at in range(118 - first))), sources(n), b"\t<!>")))
        for first, more in ((0, ""), (1, ", a line that is not renewed"))
    ),
    Case("3 answers, gpp, 168 names of ended globs, 129 renamed names that are not forwarded, 25 If-Match fields", consent("gpp").replace("{consent: required,", "{consent: opt-out,") + "".join(f"  - {{{one}, category: c1, lifetime: 1h, purpose: x}}\n" for one in words(", until: 2020-01-01")) + "".join(f"  - {{name: m{k}, rename_to: __Host-m{k}, forward: false, stage: report, reason: x, owner: x, until: 2999-01-01, category: c1, lifetime: 1h, purpose: x}}\n" for k in range(135)), lambda n: (asked(*(b"Cookie: answer=" + gpp_answer(3 * n + at, "A") for at in range(3)), *[b"If-Match: " + b",".join([b'"--cw-"'] * 4)] * 25, b"Cookie: " + b"; ".join([b"a_b_c_d_e_f_g_h%d=1" % (n * 1000 + at) for at in range(168)] + [b"__Host-m%d=%d" % (at, n) for at in range(129)])), OK)),
    Case("63 known runs of a line that is not renewed, Content-Encoding between them, 300 evicted names at ten domains", entries("name: r, renew: false", top="inject_guard: true\nundeclared: {evict: domain}\n"), lambda n: (asked(NAVIGATION.strip(), *cookies([b"q%x=" % (n * 1000 + at) + b"x" * 90 for at in range(300)])).replace(b"bench.example", b"a." * 9 + b"bench.example"), as_page(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + b"".join(b"Set-Cookie: r=%040d;Path=/\r\nContent-Encoding: %d\r\n" % (at, at) for at in range(63 if n else 1)) + b"\r\n", sources(n) * (n > 0)))),
    Case("55 deletions of the consent cookie, 60 Content-Encoding of 64 commas, a page and a policy of 298 sources", PREFIXED, lambda n: (visited(n), as_page(answered(*(b"__Host-Http-n=%d;" % (n * 1000 + at) + TABS for at in range(55))), b"".join(b"Content-Encoding: %d" % at + b"," * 64 + b"\r\n" for at in range(60)) + sources(n), b"\t<!>"))),
    Case("6 globs of 32 entries with 4 paths each, used for the first time, 3 answers, gpp, ended globs", consent("gpp") + "".join(f"  - {{{one}, category: c1, lifetime: 1h, purpose: x}}\n" for one in [*words(", until: 2020-01-01"), *(f"name: 'pqr{k}x*', scope: {{paths: [{', '.join(f'/{k}/{at}/{way}' for way in range(4))}]}}" for k in range(6) for at in range(32))]), lambda n: (asked(*(b"Cookie: answer=" + gpp_answer(3 * n + at, "A") for at in range(3)), b"Cookie: " + b"; ".join([b"pqr%dx%d=1" % (k, n) for k in range(6 if n else 0)] + [b"a_b_c_d_e_f_g_h%d=1" % (n * 1000 + at) for at in range(290)])), OK)),
    Case("1 line, 200 entries of one glob with 4 paths on many hosts", entries(*(f"name: 'pqr*', scope: {{hosts: [h{k % 256}.example, '*.x{k}.example', '*.example'], paths: [{', '.join('/' + 'a' * (k + 1) + '/' + 'b/' * way for way in range(4))}]}}" for k in range(200))), lambda n: (elsewhere(n, asked(target=b"/" + b"a" * 150 + b"/b/b/b/b")), answered(b"pqr%d=1;a" % n))),
    *(
        Case(f"1 {what}, {count} globs p*abc*q with 4 paths each, a name with all texts, 118 deletions of the consent cookie", PREFIXED.replace("cookies:", "cookies:\n" + "".join(f"  - {{name: 'p*{at:03d}*q', scope: {{hosts: ['*{'.a' * (at % 100 + 1)}.bench.example'], paths: [{'/a' * (at // 100 + 1)}, /x{at}/1, /x{at}/2, /x{at}/3]}}, category: need, lifetime: 1h, purpose: x}}" + "\n" for at in range(count)), 1).replace("\n\n", "\n"), lambda n, what=what, count=count: (asked(NAVIGATION.strip(), *([b"Cookie: " + b"p" + b"".join(b"%03d" % at for at in range(count)) + b"%d-q=1" % n] if what == "cookie" else [b"Cookie: z=1"]), target=b"/a" * 300 + b"/%d" % n).replace(b"bench.example", b"a." * 110 + b"bench.example"), as_page(answered(*([b"p" + b"".join(b"%03d" % at for at in range(count)) + b"%d-q=1;a" % n] if what == "line" else []), *(b"__Host-Http-n=%d;" % (n * 1000 + at) + TABS for at in range(110))), sources(n), b"\t<!>")))
        for what in ("line", "cookie")
        for count in (190, 990)
    ),
    Case("118 deletions of the consent cookie, 13,000 commas in Content-Type, a page", PREFIXED, lambda n: (visited(n), as_page(answered(*(b"__Host-Http-n=%d;" % (n * 1000 + at) + TABS for at in range(90))), b"Content-Type: text/html" + b"," * 13_000 + b"%d\r\n" % n + sources(n), b"\t<!>"))),
    Case("a page of comments", GUARDED, page(b"\t<!>")),
    Case("a page of start tags", GUARDED, page(b"<html a=>")),
    Case("a page of attributes", GUARDED, page(b"a ", b"<html ")),
    Case("a page of quoted attributes", GUARDED, page(b"a=''", b"<html ")),
    Case("a Content-Type of letters", GUARDED, lambda n: (asked(NAVIGATION.strip()), b"HTTP/1.1 200 OK\r\nContent-Type: " + b"a" * 15_800 + b"\r\nContent-Length: 6\r\n\r\n<html>")),
    Case("128 fields", ONE, lambda n: (asked(*(b"X-%d-%d: %b" % (n, at, b"x" * 200) for at in range(120))), OK)),
]  # fmt: skip


def seconds(proxy: Proxy, heads: Callable[[int], tuple[bytes, bytes]], repeats: int) -> float:
    """Return the CPU seconds of the more expensive head: the least of several, because other load only adds time."""
    found = [proxy.costs(*heads(number), cpu) for number in range(repeats)]
    return max(min(ask for ask, _ in found), min(answer for _, answer in found))


def cpu(run: Callable[[], None]) -> float:
    """Return the CPU seconds of a call."""
    began = time.process_time()
    run()
    return time.process_time() - began


def steps_of(run: Callable[[], None]) -> int:
    """Return the number of Python's bytecodes that a call takes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def steps(proxy: Proxy, ask: bytes, answer: bytes) -> int:
    """Return the number of Python's bytecodes that the more expensive of two heads takes."""
    return max(proxy.costs(ask, answer, steps_of))


def proxy_of(case: Case, keys: tuple[bytes, ...]) -> Proxy:
    return Proxy(loaded(case.policy), keys if case.seals else ())


async def main(only: str) -> None:
    logging.getLogger("cookiewarden").setLevel(logging.ERROR)
    one = await measured("a")
    print(f"a request of the six-cookie workload: {one * 1e6:.1f} us; bar {BAR}\n")
    found = []
    for case in CASES:
        if only in case.name:
            proxy = proxy_of(case, KEYS)
            found.append((seconds(proxy, case.heads, REPEATS) / one, case.name))
            proxy.driver.stop()
    for ratio, name in sorted(found, reverse=True):
        print(f"{ratio:8.1f}  {name}{f'  OVER {BAR}' if ratio > BAR else ''}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="run the cases whose name has this text")
    uvloop.run(main(parser.parse_args().only))
