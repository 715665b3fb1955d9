"""The cookie statement over HTTP, at the path in the policy and in the language that the reader prefers."""

import base64
import copy
import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import repeat

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import SHIPPED_LANGUAGES, Mode, Policy
from cookiewarden.serve.wire.request_head import RequestHead, values_of

MAX_RANGES = 50
"""Maximum number of languages in Accept-Language that are examined. Browsers send at most a dozen."""
READS = frozenset({b"GET", b"HEAD"})
BEING_MADE = (
    b"Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nRetry-After: "
    b"5\r\nX-Content-Type-Options: nosniff\r\n"
)
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_QUERY = re.compile(rb"(?:[?&])language=([A-Za-z-]{2,20})(?:&|$)")
_RANGE = re.compile(rb"([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)(?:[ \t]*;[ \t]*q=([01](?:\.[0-9]{0,3})?))?")


@dataclass(frozen=True, slots=True)
class Page:
    """The page in one language."""

    body: bytes
    etag: bytes
    lines: bytes


class StatementPages:
    """The pages of a policy's statement, while the policy is in force. `make` or the first request makes them."""

    def __init__(self, engine: Engine) -> None:
        said = engine.policy.statement
        self.path = said.path.encode()
        languages = [x for x in said.languages if x.partition("-")[0] in SHIPPED_LANGUAGES] or ["en"]
        self._make = partial(_pages, engine.policy, languages, engine.mode, time.time())
        self._pages: Mapping[bytes, Page] | None = None
        self.first = languages[0].lower().encode()
        self.says_enforced = engine.mode is Mode.ENFORCE

    @property
    def is_made(self) -> bool:
        """Check whether the pages exist."""
        return self._pages is not None

    @property
    def pages(self) -> Mapping[bytes, Page]:
        """The page in each language."""
        return self.make() if self._pages is None else self._pages

    def make(self) -> Mapping[bytes, Page]:
        """Make the pages and return them."""
        self._pages = self._make()
        return self._pages

    def withdrawn(self) -> "StatementPages":
        """Return a copy without pages, if they state that the policy is enforced. It answers 503 until new pages are
        made."""
        if not self.says_enforced:
            return self
        withdrawn = copy.copy(self)
        withdrawn._pages = {}
        return withdrawn

    def answers(self, request: RequestHead) -> bool:
        """Check whether a request is for the statement. Other requests are forwarded to the application."""
        return request.path.partition(b"?")[0] == self.path and request.method in READS and not request.has_body

    def answer(self, request: RequestHead) -> tuple[int, bytes, bytes]:
        """Return status, header lines and body."""
        pages = self.pages
        if not pages:
            return 503, BEING_MADE, b"This page is being updated. Please try again in a minute.\n"
        asked = _QUERY.search(request.path)
        page = pages.get(asked[1].lower()) if asked is not None else None
        page = page or pages[self.preferred(values_of(b"accept-language", request.fields))]
        if _is_known(page.etag, values_of(b"if-none-match", request.fields)):
            return 304, page.lines, b""
        return 200, page.lines, page.body

    def preferred(self, values: list[bytes]) -> bytes:
        """Return the best language for Accept-Language (RFC 9110 12.5.4, RFC 4647 3.4), or else the first one."""
        best, quality = self.first, 0.0
        for piece in b",".join(values).split(b",", MAX_RANGES)[:MAX_RANGES]:
            found = _RANGE.fullmatch(piece.strip(b" \t"))
            if found is None:
                continue
            given = float(found[2] or b"1")
            if given > quality and (language := self._match(found[1].lower())):
                best, quality = language, given
        return best

    def _match(self, asked: bytes) -> bytes:
        if asked == b"*":
            return self.first
        base = asked.partition(b"-")[0]
        return next((x for x in (asked, base) if x in self.pages), b"") or next(
            (x for x in self.pages if x.partition(b"-")[0] == base), b""
        )


def _pages(policy: Policy, languages: list[str], mode: Mode, now: float) -> Mapping[bytes, Page]:
    # Jinja and the templates take 60 ms, and a start need not wait for them.
    from cookiewarden.core.report.statement import statement
    from cookiewarden.pages.statement import statement_page

    return {
        language.lower().encode(): _page(
            statement_page(statement(policy, language, mode, now), "html", languages),
            language,
            len(languages) > 1,
        )
        for language in languages
    }


def _page(text: str, language: str, varies: bool) -> Page:
    body = text.encode()
    style = _STYLE.search(text)
    digest = base64.b64encode(hashlib.sha256(style[1].encode() if style else b"").digest())
    etag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'
    lines = [
        b"Content-Type: text/html; charset=utf-8",
        b"Content-Language: " + language.encode(),
        b"ETag: " + etag,
        b"Cache-Control: no-cache",  # browsers revalidate, so readers always see the policy in force
        b"Content-Security-Policy: default-src 'none'; img-src data:; style-src 'sha256-"
        + digest
        + b"'; base-uri 'none'; form-action 'none'",
        b"X-Content-Type-Options: nosniff",
        *([b"Vary: Accept-Language"] if varies else []),
    ]
    return Page(body, etag, b"\r\n".join(lines) + b"\r\n")


def _is_known(etag: bytes, values: list[bytes]) -> bool:
    """Check If-None-Match (RFC 9110 13.1.2)."""
    known = frozenset(map(bytes.strip, b",".join(values).split(b","), repeat(b" \t")))  # a field may have 16,000
    return not known.isdisjoint((etag, b"W/" + etag, b"*", b"W/*"))
