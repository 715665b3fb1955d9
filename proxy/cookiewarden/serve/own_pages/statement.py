"""The cookie statement on the wire: the proxy answers at the path that the policy gives, in the language that its
reader prefers."""

import base64
import copy
import hashlib
import re
import time
from dataclasses import dataclass

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import SHIPPED_LANGUAGES, Mode
from cookiewarden.core.report.statement import statement
from cookiewarden.pages.statement import statement_page
from cookiewarden.serve.wire.request_head import RequestHead, values_of

MAX_RANGES = 50
"""Languages of an Accept-Language that are looked at: browsers send a dozen at most."""
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
    """In one language."""

    body: bytes
    etag: bytes
    lines: bytes


class StatementPages:
    """What one policy's statement is, while it is in force."""

    def __init__(self, engine: Engine) -> None:
        said = engine.policy.statement
        self.path = said.path.encode()
        languages = [x for x in said.languages if x.partition("-")[0] in SHIPPED_LANGUAGES] or ["en"]
        now = time.time()
        self.pages = {
            language.lower().encode(): _page(
                statement_page(statement(engine.policy, language, engine.mode, now), "html", languages),
                language,
                len(languages) > 1,
            )
            for language in languages
        }
        self.first = languages[0].lower().encode()
        self.says_enforced = engine.mode is Mode.ENFORCE

    def withdrawn(self) -> "StatementPages":
        """The same address, without pages that say that the policy is enforced: they are made again, and this answers
        until then."""
        if not self.says_enforced:
            return self
        withdrawn = copy.copy(self)
        withdrawn.pages = {}
        return withdrawn

    def answers(self, request: RequestHead) -> bool:
        """Whether a request is for it; all others are the application's."""
        return request.path.partition(b"?")[0] == self.path and request.method in READS and not request.has_body

    def answer(self, request: RequestHead) -> tuple[int, bytes, bytes]:
        """Status, header lines and body."""
        if not self.pages:
            return 503, BEING_MADE, b"This page is being made. Please try again in a minute.\n"
        asked = _QUERY.search(request.path)
        page = self.pages.get(asked[1].lower()) if asked is not None else None
        page = page or self.pages[self.preferred(values_of(b"accept-language", request.fields))]
        if _is_known(page.etag, values_of(b"if-none-match", request.fields)):
            return 304, page.lines, b""
        return 200, page.lines, page.body

    def preferred(self, values: list[bytes]) -> bytes:
        """The language that an Accept-Language asks for (RFC 9110 12.5.4, matched by RFC 4647 3.4), else the first."""
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


def _page(text: str, language: str, varies: bool) -> Page:
    body = text.encode()
    style = _STYLE.search(text)
    digest = base64.b64encode(hashlib.sha256(style[1].encode() if style else b"").digest())
    etag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'
    lines = [
        b"Content-Type: text/html; charset=utf-8",
        b"Content-Language: " + language.encode(),
        b"ETag: " + etag,
        b"Cache-Control: no-cache",  # what a reader has is what is in force, or is asked for anew
        b"Content-Security-Policy: default-src 'none'; img-src data:; style-src 'sha256-"
        + digest
        + b"'; base-uri 'none'; form-action 'none'",
        b"X-Content-Type-Options: nosniff",
        *([b"Vary: Accept-Language"] if varies else []),
    ]
    return Page(body, etag, b"\r\n".join(lines) + b"\r\n")


def _is_known(etag: bytes, values: list[bytes]) -> bool:
    """RFC 9110 13.1.2."""
    known = [tag.strip(b" \t").removeprefix(b"W/") for tag in b",".join(values).split(b",")]
    return etag in known or b"*" in known
