"""Draft of policy tests from an inventory. The tests record the present effect of the policy, for review."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cookiewarden.core.engine.decision import Exchange, Reason
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.problem import printable
from cookiewarden.core.report.drift import quoted, scalar
from cookiewarden.core.report.forecast import UNSAFE, Forecast, forecast
from cookiewarden.core.report.inventory import Inventory, Record
from cookiewarden.core.report.judge import judge_all, set_cookie_of
from cookiewarden.tools.test.cases import SEALED

NOBODYS = "not-in-the-register"


@dataclass(frozen=True, slots=True)
class SuiteDraft:
    """Text of a test file, and its number of cases."""

    text: str
    cases: int
    unsafe: int = 0
    """Number of cookies for which the policy breaks or may break the application; comments have the reasons."""


def draft_suite(
    inventory: Inventory, engine: Engine, policy: str, now: float, urls: Mapping[str, Exchange] = MappingProxyType({})
) -> SuiteDraft:
    """Draft a test file for the policy file `policy`.

    Args:
        engine: enforces the policy.
        now: seconds since the epoch.
        urls: requests by the name of their cookie; an inventory has only parts of paths.
    """
    records = sorted(
        (record for record in inventory.records.values() if record.name),
        key=lambda record: (not record.by_server, record.name),
    )
    lines = [
        "# Drafted from traffic: the present effect of the policy. Check that each result is right.",
        f"policy: {scalar(policy)}",
        "cases:",
    ]
    if engine.asks_consent:
        lines.insert(1, "# The visitor has not answered. To test with consent, add the consent cookie to `cookie`.")
    found = forecast(inventory, judge_all(inventory, engine, now), is_in_force=False)
    edits = {f.name: f for f in found if f.against or f.verdict in UNSAFE}
    if "" in edits:
        lines += ["  # a cookie without a name, which has no case:", *_warning(edits[""])]
    for record in records:
        lines += _warning(edits.get(record.name))
        lines += _case(record, engine, now, urls.get(record.name))
    lines += _nobodys(engine, now)
    return SuiteDraft("\n".join(lines) + "\n", len(records) + 1, len(edits))


def _warning(unsafe: Forecast | None) -> Iterator[str]:
    """Mark a case whose result may break the application, although the policy demands it."""
    if unsafe is not None:
        yield f"  # {unsafe.verdict.value.replace('-', ' ')}: {printable(unsafe.advice)}"
        yield from (f"  # against: {printable(told)}" for told in unsafe.against)
        yield from (f"  # for: {printable(told)}" for told in unsafe.in_favour)


_HOST = re.compile(r"[\w.:\[\]-]+", re.ASCII)
_URL = re.compile(rb"[\w.:\[\]-]+/[!-~]*")
"""Hosts that are valid in a URL; clients can send others."""


def _case(record: Record, engine: Engine, now: float, seen_at: Exchange | None) -> Iterator[str]:
    """Draft the case of one cookie: each form in which the application set it, and its return in a request."""
    name = record.name.replace("*", "x")
    exchange = _place(record, seen_at)
    yield from _head(record.name, exchange)
    if record.shapes:
        yield "    set_cookie:"
    for seen in record.shapes:
        yield _set_cookie(set_cookie_of(name, seen), engine, exchange, now)
    yield _cookie(f"{name}=x".encode(), engine, exchange, now)
    yield ""


def _place(record: Record, seen_at: Exchange | None) -> Exchange:
    """Return the request of a case: as it was seen, or made of the parts that the inventory has."""
    if seen_at is not None and _URL.fullmatch(seen_at.host + seen_at.target):
        return seen_at
    places = [place for place in record.places if _HOST.fullmatch(place[0])]
    host, path = places[0] if places else ("localhost", "/")
    return Exchange(host.encode(), path.replace("*", "x").encode())


def _nobodys(engine: Engine, now: float) -> Iterator[str]:
    exchange = Exchange()
    yield from _head("an undeclared cookie", exchange)
    yield "    set_cookie:"
    yield _set_cookie(f"{NOBODYS}=x; Path=/".encode(), engine, exchange, now)
    yield _cookie(f"{NOBODYS}=x".encode(), engine, exchange, now)


def _head(name: str, exchange: Exchange) -> Iterator[str]:
    scheme = "https" if exchange.https else "http"
    yield f"  - name: {scalar(name)}"
    yield f"    url: {scalar(f'{scheme}://{(exchange.host + exchange.target).decode()}')}"
    yield "    mode: enforce"


def _set_cookie(line: bytes, engine: Engine, exchange: Exchange, now: float) -> str:
    judged = engine.on_response([(b"Set-Cookie", line)], exchange, now).cookies[-1]
    after = None if judged.after is None else judged.after.decode()
    if after is not None and Reason.SEALED in judged.decision.reasons:
        after = re.sub(r"=[^;]*", f"={SEALED}", after, count=1)
    return f"      - {{in: {quoted(line.decode())}, out: {_out(after)}}}"


def _cookie(header: bytes, engine: Engine, exchange: Exchange, now: float) -> str:
    outcome = engine.on_request([(b"Cookie", header)], exchange, now)
    left = next((value.decode() for name, value in outcome.headers if name == b"Cookie"), None)
    return f"    cookie: {{in: {quoted(header.decode())}, out: {_out(left)}}}"


def _out(text: str | None) -> str:
    return "null" if text is None else quoted(text)
