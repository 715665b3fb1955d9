"""A request under the script guard and its response: pages get the guard's tag, and each page is counted.

Each page request is counted once, by result of inserting the tag:

- `injected`, `sniffed`: the page has the tag. `sniffed`: it has no type, and browsers treat its body as HTML.
- `csp`: its Content-Security-Policy forbids the script. The tag is inserted nevertheless, because the policy may be
  changed on the way.
- `encoded`, `not-html`: the page is unchanged.

Redirects, downloads, partial responses and responses without a body are not counted and get no tag."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from cookiewarden.core.engine.decision import Header
from cookiewarden.core.engine.eviction import gets_a_page
from cookiewarden.serve.observe.metrics import Cells
from cookiewarden.serve.own_pages.guard import SCRIPT, Guard
from cookiewarden.serve.own_pages.injector import Injector, KnownPlaces
from cookiewarden.serve.wire.csp import PageAddress, nonce_for
from cookiewarden.serve.wire.head import Framing, fields_of, without
from cookiewarden.serve.wire.request_head import RequestHead
from cookiewarden.serve.wire.response_head import ResponseHead
from cookiewarden.serve.wire.sniff import PageKind, begins_as_html, kind_of
from cookiewarden.serve.wire.validators import MARK, Conditions

ENCODINGS = frozenset({b"accept-encoding"})
_OF_THE_BODY = re.compile(
    rb"\r\n(?=[acdlr])(?:content-length|content-digest|repr-digest|digest|content-md5|accept-ranges|last-modified):"
    rb"[^\r\n]*",
    re.IGNORECASE,
)
"""Fields that are no longer correct after a tag has been inserted."""
_OF_THE_PAGE = re.compile(
    rb"\r\n(?=[clx])(?:(content-(?:type|encoding|security-policy)|x-content-type-options):([^\r\n]*)"
    rb"|(content-disposition):([^;\r\n]*;?)|(location):[ \t]*([^\r\n]?))",
    re.IGNORECASE,
)
"""Fields that decide whether a response is a page, and whether it gets a tag. Names of files and addresses do not."""
MAX_REMEMBERED = 1024
"""Maximum octets of fields whose result is remembered."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NO_PAGE = frozenset({204, 205, 206})
_WIDE = re.compile(
    rb"charset[ \t]*=[ \t]*[\"']?(?:utf-?(?:16|32)|(?:iso-10646-)?ucs-2|(?:cs)?unicode|(?:cs)?iso-?2022)",
    re.IGNORECASE,
)
_PORT = re.compile(rb"(.*?)(?::([0-9]{1,5}))?")


class EditedBody:
    """The body of a response that is not forwarded as it comes. This one is dropped, because the proxy has replaced
    it."""

    def feed(self, data: bytes) -> bytes:
        """Return the octets to forward now."""
        return b""

    def end(self) -> bytes:
        """Return the octets to forward at the end."""
        return b""


class GuardedPage(EditedBody):
    """A page that gets the guard's tag while it is forwarded."""

    def __init__(self, tag: bytes, result: str, kind: PageKind, counted: "Cells[str]") -> None:
        self._injector = Injector(tag, _PLACES)
        self._result = result
        self._counted: Cells[str] | None = counted
        self._is_sniffed = kind is PageKind.UNKNOWN
        self._held = b""
        """The beginning of a page without a type, until it shows whether it is HTML."""

    @property
    def is_settled(self) -> bool:
        """True if the tag is placed, or will not be, so that all further octets pass unchanged."""
        return self._counted is None

    def feed(self, data: bytes) -> bytes:
        """Return the octets to forward now."""
        if self._counted is None:
            return data
        if self._is_sniffed:
            self._held += data
            verdict = begins_as_html(self._held)
            if verdict is None:
                return b""
            data = self._sniffed(verdict)
            if not verdict:
                return data
        return self._count(self._injector.feed(data))

    def end(self) -> bytes:
        """Return the octets to forward at the end."""
        held = self._sniffed(False) if self._held else b""
        return held + (self._count(self._injector.end()) if self._counted is not None else b"")

    def _sniffed(self, verdict: bool) -> bytes:
        """Return the octets that were held."""
        held, self._held, self._is_sniffed = self._held, b"", False
        if not verdict and self._counted is not None:
            self._counted.add("not-html")
            self._counted = None
        return held

    def _count(self, data: bytes) -> bytes:
        if self._injector.done and self._counted is not None:
            self._counted.add(self._result if self._injector.placed else "not-html")
            self._counted = None
        return data


_PLACES = KnownPlaces()


@dataclass(frozen=True, slots=True)
class Asked:
    """The guard's reading of a request. It has no state, so that the next request with the same fields can use it."""

    method: bytes
    received: bytes
    """Fields of the request."""
    is_page: bool
    concerns: bool
    """False if the guard does not affect the request."""
    fields: bytes | None
    """Fields for the application; None if the response must be 412."""
    conditions: Conditions

    def is_of(self, request: RequestHead, revision: bytes) -> bool:
        """Check that it was read from the same fields, for the same revision of the guard."""
        is_same = self.received is request.fields and self.method == request.method
        return is_same and self.conditions.revision == revision


def _read_request(method: bytes, fields: bytes, revision: bytes) -> Asked:
    is_page = gets_a_page(method, fields_of(fields))
    conditions = Conditions(revision, is_page)
    if not is_page and MARK not in fields:
        return Asked(method, fields, False, False, fields, conditions)
    edited = conditions.towards_application(fields)
    if edited is not None and is_page:  # encoded pages cannot get a tag
        edited = without(edited, ENCODINGS) + b"\r\nAccept-Encoding: identity"
    return Asked(method, fields, is_page, True, edited, conditions)


@dataclass(frozen=True, slots=True)
class Shown:
    """The part of a response that decides on its tag, apart from the body."""

    is_shown: bool
    kind: PageKind
    unwritten: str
    """Reason why it gets no tag, or ""."""
    policies: tuple[bytes, ...]


def _read_response(status: int, found: tuple[tuple[bytes, ...], ...]) -> Shown:
    parted = ((one[at].lower(), one[at + 1].strip(b" \t")) for one in found for at in (0, 2, 4) if one[at])
    fields = list(parted)
    kind = kind_of(fields)
    policies = tuple(value for name, value in fields if name == b"content-security-policy")
    return Shown(_is_shown(status, fields), kind, _unwritten(kind, fields), policies)


_read_response_again = lru_cache(maxsize=256)(_read_response)
"""Applications repeat these fields, which have no data of a visitor. A nonce is not remembered."""


class Visit:
    """A page request, or a request with an entity-tag of a page that has a tag."""

    def __init__(self, guard: Guard, asked: Asked, counted: "Cells[str]") -> None:
        self._guard = guard
        self._asked = asked
        self.is_page = asked.is_page
        self._counted = counted
        self._writes = False
        self._status = 0

    def request_fields(self) -> bytes | None:
        """Return the request's fields for the application; None if the response must be 412."""
        return self._asked.fields

    def page(self, response: ResponseHead, body: bytes, host: bytes, https: bool) -> GuardedPage | None:
        """Return the page if the response gets a tag. `body`: the part that has arrived. `host`: as browsers see
        it."""
        self._status = response.status
        if not self.is_page or response.framing is Framing.NONE:
            return None
        found = tuple(_OF_THE_PAGE.findall(b"".join(response.parts)))
        is_repeated = _size_of(found) <= MAX_REMEMBERED and not any([b"nonce-" in one[1] for one in found])
        shown = (_read_response_again if is_repeated else _read_response)(response.status, found)
        if not shown.is_shown:
            return None
        kind = shown.kind
        unwritten = shown.unwritten
        if kind is PageKind.UNKNOWN and not unwritten and begins_as_html(body) is False:
            unwritten = "not-html"
        if unwritten:
            self._counted.add(unwritten)
            return None
        nonce = nonce_for(shown.policies, _address(host, https)) if shown.policies else b""
        result = "csp" if nonce is None else "sniffed" if kind is PageKind.UNKNOWN else "injected"
        self._writes = True
        return GuardedPage(self._guard.tag(nonce or b""), result, kind, self._counted)

    def head(self, head: bytes) -> bytes:
        """Return the head of the response."""
        if self._writes:
            return self._asked.conditions.marked(_OF_THE_BODY.sub(b"", head))
        return self._asked.conditions.marked_again(head) if self._status == 304 else head


def visit_of(guard: Guard, request: RequestHead, counted: "Cells[str]") -> Visit | None:
    """Return the visit, or None if the guard does not affect the request."""
    asked = request.asked
    if not isinstance(asked, Asked) or not asked.is_of(request, guard.revision):
        asked = request.asked = _read_request(request.method, request.fields, guard.revision)
    return Visit(guard, asked, counted) if asked.concerns else None


def _size_of(found: tuple[tuple[bytes, ...], ...]) -> int:
    return sum([len(text) for one in found for text in one])


_DOWNLOAD = re.compile(rb"[ \t]*attachment[ \t]*(?:;|\Z)", re.IGNORECASE)
"""A Content-Disposition for which browsers show no page. Chromium shows one for `attachment=x`."""
_CODED = re.compile(
    rb"(?:^|,)[ \t]*+(?:x-gzip|x-compress|gzip|deflate|br|zstd|dcb|dcz|compress)[ \t]*+(?:,|$)", re.IGNORECASE
)
"""Codings of a body that browsers know. They show a body with another coding unchanged."""


def _is_shown(status: int, fields: Iterable[Header]) -> bool:
    """Check whether browsers show a response as a page."""
    if status < 200 or status in _NO_PAGE:
        return False
    names = {
        name
        for name, value in fields
        if (name == b"location" and value) or (name == b"content-disposition" and _DOWNLOAD.match(value))
    }
    return b"content-disposition" not in names and not (status in _REDIRECTS and b"location" in names)


def _unwritten(kind: PageKind, fields: Iterable[Header]) -> str:
    """Return the reason why a page gets no tag, or "" if it gets one. The body decides, too, if the kind is unknown."""
    if kind is PageKind.OTHER or any(name == b"content-type" and _WIDE.search(value) for name, value in fields):
        return "not-html"
    if any(name == b"content-encoding" and _CODED.search(value) for name, value in fields):
        return "encoded"
    return ""


def _address(host: bytes, https: bool) -> PageAddress:
    """Return the address of the script as browsers see it."""
    found = _PORT.fullmatch(host.lower())
    name, port = (found[1], found[2]) if found else (b"", None)
    return PageAddress(b"https" if https else b"http", name, int(port) if port else 443 if https else 80, SCRIPT)
