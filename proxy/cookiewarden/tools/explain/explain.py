"""Explanation of decisions: action, reasons, and the line of the policy behind each reason.

The engine of the proxy decides. Explanations have no cookie values, because they are pasted into tickets.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cookiewarden.core.cookies.cookie import parse_set_cookie
from cookiewarden.core.cookies.date import parse_cookie_date
from cookiewarden.core.cookies.scope import canonical_host, path_of
from cookiewarden.core.engine.decision import MEANINGS, Action, Decision, Exchange, Header, Judged, Reason
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.matcher import Matcher
from cookiewarden.core.engine.verbs import Site, is_refused_at, takes_secure
from cookiewarden.core.policy.policy import Entry, Mode, Policy
from cookiewarden.core.policy.problem import Place, printable, printable_octets, shown_url
from cookiewarden.core.policy.source import Source
from cookiewarden.core.report.evidence import Values
from cookiewarden.core.report.forecast import Forecast, Verdict, forecast
from cookiewarden.core.report.inventory import Inventory, Keeper
from cookiewarden.core.report.judge import judge_all
from cookiewarden.core.report.record import add_exchange, bind
from cookiewarden.tools.recordings.recorded import Recorded
from cookiewarden.tools.redact import without_value

if TYPE_CHECKING:
    from cookiewarden.core.engine.seal import Keyring

KEYS = {
    Reason.DOMAIN_CHANGED: "domain",
    Reason.PATH_CHANGED: "path",
    Reason.PARTITIONED_CHANGED: "partitioned",
    Reason.SUPERSEDED: "supersede",
    Reason.SECURE_ADDED: "secure",
    Reason.SECURE_REMOVED: "secure",
    Reason.NONE_WITHOUT_SECURE: "secure",
    Reason.SAME_SITE_CHANGED: "same_site",
    Reason.HTTP_ONLY_ADDED: "http_only",
    Reason.HTTP_ONLY_REMOVED: "http_only",
    Reason.PRIORITY_CHANGED: "priority",
    Reason.LIFETIME_CAPPED: "lifetime",
    Reason.LIFETIME_UNREADABLE: "lifetime",
    Reason.LIFETIME_NORMALIZED: "lifetime",
    Reason.RENAMED: "rename_to",
    Reason.PLAIN_NAME: "rename_to",
    Reason.SEALED: "seal",
    Reason.OPENED: "seal",
    Reason.SEAL_INVALID: "seal",
    Reason.SEALED_TOO_LARGE: "seal",
    Reason.SEAL_EXPIRED: "renew",
    Reason.NOT_RENEWED: "renew",
    Reason.SET_BY_SERVER: "set_by",
    Reason.NOT_FORWARDED: "forward",
    Reason.NO_CONSENT: "category",
    Reason.CONSENT_UNREADABLE: "category",
    Reason.OBJECTED: "category",
    Reason.GPC: "category",
}
"""Key of an entry that causes a reason."""


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """A line of the policy."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Why:
    """Reason with its meaning and the policy line that caused it (None for a default, or without a rule)."""

    code: str
    meaning: str
    line: PolicyLine | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Decision on one cookie of a header. `before` and `after` are redacted. `before` is empty if the proxy adds the
    line; `after` is None if it removes the line."""

    header: str
    name: str
    action: str
    enforced: bool
    entry: str
    declared_at: PolicyLine | None
    whys: tuple[Why, ...]
    before: str
    after: str | None
    first: str = ""
    """Line that the proxy adds before it, to expire the cookie that it replaces."""


class NoHeader(ValueError):
    """Text without a cookie header. `is_head`: the text is the head of a request or a response."""

    def __init__(self, message: str, is_head: bool) -> None:
        super().__init__(message)
        self.is_head = is_head


DEFAULT_URL = "https://localhost/"


def exchange_of(url: str) -> Exchange:
    """Return an exchange for a URL. Raises ValueError if it is not a valid HTTP URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f'"{printable(shown_url(url))}" is not a valid URL, such as https://shop.example/account')
    host = parts.netloc.rpartition("@")[2]
    if not host.isascii():
        raise ValueError(f'"{printable(host)}" is not a valid host; write it in its xn--… form')
    return Exchange(host.encode(), (parts.path or "/").encode(), parts.scheme == "https")


_REQUEST = re.compile(rb"(?:> )?[A-Z]+ (/[^ ]*) HTTP/")
_HEAD = re.compile(rb"(?:[<>] )?HTTP/|" + _REQUEST.pattern)
_HOST = re.compile(rb"(?:> )?host[ \t]*:[ \t]*(.*?)[ \t]*", re.IGNORECASE)
_DATE = re.compile(rb"(?:< )?date[ \t]*:[ \t]*(.*?)[ \t]*", re.IGNORECASE)
RESPONSE = frozenset({b"set-cookie", b"content-type", b"cache-control", b"expires"})
"""Header fields that are read from a response."""
REQUEST = frozenset({b"cookie", b"sec-gpc", b"accept", b"sec-fetch-dest", b"sec-fetch-mode"})
# `curl -v` prefixes each line with "< " or "> "
_HEADER = re.compile(rb"(?:[<>] )?([a-z-]+)[ \t]*:[ \t]*(.*)", re.IGNORECASE | re.DOTALL)


def lines_of(text: bytes) -> list[bytes]:
    """Split text at LF or CRLF."""
    return re.split(rb"\r?\n", text) if b"\n" in text else [text]


def headers_of(text: bytes) -> list[Header]:
    """Parse the cookie headers, and the other headers that decisions depend on, of a line or of heads. Raises
    NoHeader."""
    lines = lines_of(text)
    found = [(m[1], m[2]) for line in lines if (m := _HEADER.fullmatch(line)) and m[1].lower() in REQUEST | RESPONSE]
    if not any(name.lower() in (b"cookie", b"set-cookie") for name, _ in found):
        raise NoHeader(
            "the input has no Set-Cookie or Cookie header; give a line such as 'Set-Cookie: sid=1; Path=/'",
            any(map(_HEAD.match, lines)),
        )
    return found


def url_of(text: bytes) -> str:
    """Return the URL of a request head with the scheme https, or "" for other text."""
    lines = lines_of(text)
    targets = [m[1] for line in lines if (m := _REQUEST.match(line))]
    hosts = [m[1] for line in lines if (m := _HOST.fullmatch(line))]
    return f"https://{printable_octets(hosts[0])}{printable_octets(targets[0])}" if targets and hosts else ""


def moment_of(text: bytes) -> float | None:
    """Return the Date of a response head in seconds since the epoch, to evaluate its Expires at that time."""
    found = (_DATE.fullmatch(line) for line in lines_of(text))
    return next((float(at) for m in found if m and (at := parse_cookie_date(m[1])) is not None), None)


def explain(
    policy: Policy,
    sources: Mapping[str, Source],
    headers: list[Header],
    exchange: Exchange,
    now: float,
    keyring: "Keyring | None" = None,
) -> list[Explanation]:
    """Evaluate the headers of a request, of a response, or of both as the proxy would, and explain each decision."""
    engine = Engine(policy, now=now, keyring=keyring)
    teller = _Teller(policy, sources)
    asked = [header for header in headers if header[0].lower() not in RESPONSE]
    said = [header for header in headers if header[0].lower() in RESPONSE]
    requested = engine.on_request(asked, exchange, now)
    answered = engine.on_response(said, dataclasses.replace(exchange, headers=asked), now)
    return [
        *(teller.tell("Cookie", judged, exchange) for judged in requested.cookies),
        *(teller.tell("Set-Cookie", judged, exchange) for judged in answered.cookies),
    ]


MAX_ROWS = 1000
"""Maximum rows of a table, because traffic can have any number of names."""


@dataclass(slots=True)
class TrafficRow:
    """Cookies with the same header, name and decision."""

    header: str
    name: str
    action: str
    enforced: bool
    reasons: tuple[str, ...]
    entry: str
    declared_at: PolicyLine | None
    count: int
    example: str
    """First URL, without its query."""
    explanation: Explanation
    """Explanation of the first cookie."""


@dataclass(slots=True)
class Table:
    """Decisions on all cookies of recorded traffic."""

    rows: list[TrafficRow]
    exchanges: int = 0
    left_out: int = 0
    """Number of cookies left out because the table is full."""
    unsafe: list[Forecast] = field(default_factory=list)
    """Cookies with edits that would or may break the application, although they pass."""


def explain_traffic(
    policy: Policy,
    sources: Mapping[str, Source],
    traffic: Iterable[Recorded],
    now: float,
    keyring: "Keyring | None" = None,
) -> Table:
    """Evaluate recorded traffic as the proxy would, and collect a row per cookie and decision. `now` is the time of
    exchanges without one."""
    engine = Engine(policy, now=now, keyring=keyring)
    teller = _Teller(policy, sources)
    table = Table([])
    inventory, values, enforcing = Inventory(now), Values(one_browser=False), engine.in_mode(Mode.ENFORCE, now)
    keeper, bound = Keeper(inventory), set[bytes]()
    rows: dict[tuple[str, str, str, bool, tuple[str, ...]], TrafficRow] = {}
    for one in traffic:
        table.exchanges += 1
        at = one.at or now
        asked = engine.on_request(one.asked, one.exchange, at).cookies
        answered = engine.on_response(one.answered, one.exchange, at).cookies
        for header, judged in (("Cookie", asked), ("Set-Cookie", answered)):
            for cookie in judged:
                _add_row(table, rows, teller.tell(header, cookie, one.exchange), one.url)
        add_exchange(keeper, enforcing, one.exchange, one.asked, one.answered, at, values)
        bound.update(one.bound)
    bind(inventory, bound)
    found = forecast(inventory, judge_all(inventory, enforcing, now), is_in_force=False)
    table.unsafe = [f for f in found if f.against or f.verdict is Verdict.MAY_BREAK]
    return table


def _add_row(
    table: Table,
    rows: dict[tuple[str, str, str, bool, tuple[str, ...]], TrafficRow],
    e: Explanation,
    url: str,
) -> None:
    reasons = tuple(why.code for why in e.whys)
    key = (e.header, e.name, e.action, e.enforced, reasons)
    if key not in rows:
        if len(rows) >= MAX_ROWS:
            table.left_out += 1
            return
        rows[key] = TrafficRow(*key, e.entry, e.declared_at, 0, printable(url), e)
        table.rows.append(rows[key])
    rows[key].count += 1


def _refusals(header: str, judged: Judged, exchange: Exchange) -> Iterator[Why]:
    """Yield the reasons for which some browser refuses a line, and which the proxy does not check in traffic."""
    cookie = parse_set_cookie(judged.after) if header == "Set-Cookie" and judged.after is not None else None
    if cookie is None:
        return
    site = Site(canonical_host(exchange.host), path_of(exchange.target), exchange.https)
    reason = Reason.BROWSER_WOULD_REFUSE
    if reason not in judged.decision.reasons and is_refused_at(cookie, site.host):
        yield Why(reason.value, f"{MEANINGS[reason]}, which is a public suffix", None)
    if cookie.has(b"secure") and not site.https and takes_secure(site):
        yield Why(
            "safari-would-refuse",
            "Safari refuses Secure cookies over plain HTTP on localhost too; other browsers accept them there",
            None,
        )


class _Teller:
    def __init__(self, policy: Policy, sources: Mapping[str, Source]) -> None:
        self.policy = policy
        self.sources = sources

    def tell(self, header: str, judged: Judged, exchange: Exchange) -> Explanation:
        decision = judged.decision
        return Explanation(
            header=header,
            name=printable_octets(judged.name),
            action=decision.action.value,
            enforced=decision.enforced,
            entry=decision.entry.name if decision.entry else "",
            declared_at=self.line(decision.entry.place) if decision.entry else None,
            whys=(*self.whys(header, decision, judged.name), *_refusals(header, judged, exchange)),
            before=without_value(judged.before) if judged.before else "",
            after=None if judged.after is None else without_value(judged.after),
            first=without_value(decision.supersedes) if decision.supersedes else "",
        )

    def whys(self, header: str, decision: Decision, name: bytes) -> Iterator[Why]:
        if Reason.OUT_OF_SCOPE in decision.reasons:
            for entry in self.named(name):
                places = ", ".join((*entry.hosts, *entry.paths))
                yield Why("declared elsewhere", f"for {printable(places)}", self.line(entry.place))
        if decision.entry is None and decision.action is Action.PASS and not decision.reasons:
            yield Why(
                "undeclared",
                "the register does not declare the cookie, and the policy passes undeclared cookies",
                self.undeclared(header),
            )
        for reason in decision.reasons:
            yield Why(reason.value, MEANINGS[reason], self.decided(header, decision, reason))

    def decided(self, header: str, decision: Decision, reason: Reason) -> PolicyLine | None:
        if reason in (Reason.UNDECLARED, Reason.OUT_OF_SCOPE, Reason.ENTRY_EXPIRED):
            return self.undeclared(header)
        entry = decision.entry
        if entry is None or reason not in KEYS:
            return None
        place = entry.places.get(KEYS[reason])
        if KEYS[reason] == "lifetime" and entry.rules.bound != entry.lifetime:
            place = self.policy.places.get("ceiling")
        return self.line(place) if place else None

    def named(self, name: bytes) -> list[Entry]:
        """Return the entries that declare `name` for any host and path."""
        return [
            entry
            for entry in self.policy.entries
            if Matcher([dataclasses.replace(entry, hosts=(), paths=())]).match(name, b"", None).entry
        ]

    def undeclared(self, header: str) -> PolicyLine | None:
        place = self.policy.places.get("response" if header == "Set-Cookie" else "request")
        return self.line(place) if place else None

    def line(self, place: Place) -> PolicyLine:
        source = self.sources.get(place.path)
        return PolicyLine(place, printable(source.line(place.pos).strip()) if source else "")
