"""The statement on the wire: served at its path in the reader's language; other paths reach the application."""

import re
import time

import pytest

from cookiewarden.core.engine.engine import Engine
from cookiewarden.serve.own_pages.statement import MAX_RANGES, StatementPages
from cookiewarden.serve.wire.head import Limits
from cookiewarden.serve.wire.request_head import read_request
from tests.support.client import Client, ask, get_once, status_of
from tests.support.origin import OK
from tests.support.policies import policy
from tests.support.proxy import Start, running

POLICY = """
version: 1
statement: {path: /cookies, languages: [en, nl, pt-BR], title: {en: Cookies of the shop, nl: Cookies van de winkel, pt-BR: Cookies da loja}}
cookies:
  - {name: sid, purpose: {en: The session., nl: De sessie., pt-BR: A sessão.}, lifetime: session}
"""


def field(answer: bytes, name: bytes) -> bytes:
    found = re.search(rb"\r\n" + name + rb": ([^\r]*)", answer)
    return found[1] if found else b""


def test_the_path_is_answered_and_never_reaches_the_application(start: Start) -> None:
    proxy, origin = start(OK, POLICY)
    answer = ask(proxy.port, get_once(path=b"/cookies?x=1"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert status_of(answer) == 200 and origin.requests == []
    assert int(field(answer, b"Content-Length")) == len(body) and b"<h1>Cookies of the shop</h1>" in body
    assert b"<code>sid</code>" in body and b"default-src 'none'" in field(answer, b"Content-Security-Policy")
    assert (field(answer, b"Cache-Control"), field(answer, b"Vary")) == (b"no-cache", b"Accept-Language")
    assert b"Set-Cookie" not in head


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        (b"POST", b"/cookies", (b"Content-Length: 0",)),
        (b"OPTIONS", b"/cookies", ()),
        (b"GET", b"/cookies/", ()),
        (b"GET", b"/cookies/1", ()),
        (b"GET", b"/Cookies", ()),
        (b"GET", b"/", ()),
    ],
)
def test_all_other_paths_reach_the_application(
    start: Start, method: bytes, path: bytes, fields: tuple[bytes, ...]
) -> None:
    proxy, origin = start(OK, POLICY)
    assert ask(proxy.port, get_once(*fields, method=method, path=path)).endswith(b"ok")
    assert len(origin.requests) == 1


def test_a_request_with_a_body_reaches_the_application(start: Start) -> None:
    proxy, origin = start(OK, POLICY)
    assert ask(proxy.port, get_once(b"Content-Length: 3", path=b"/cookies") + b"a=1").endswith(b"ok")
    assert len(origin.requests) == 1


@pytest.mark.parametrize(
    ("path", "asked", "language"),
    [
        (b"/cookies", b"", b"en"),
        (b"/cookies", b"Accept-Language: nl", b"nl"),
        (b"/cookies", b"Accept-Language: nl-BE, en;q=0.9", b"nl"),
        (b"/cookies", b"Accept-Language: de, nl;q=0.3, en;q=0.2", b"nl"),
        (b"/cookies", b"Accept-Language: fr", b"en"),
        (b"/cookies", b"Accept-Language: nl;q=0, *;q=0.1", b"en"),
        (b"/cookies", b"Accept-Language: nl;q=9, ;;;, =, nl;q=x", b"en"),
        (b"/cookies?language=nl", b"Accept-Language: en", b"nl"),
        (b"/cookies?a=b&language=NL", b"", b"nl"),
        (b"/cookies?language=xx", b"Accept-Language: nl", b"nl"),
    ],
)
def test_the_language_is_the_readers(start: Start, path: bytes, asked: bytes, language: bytes) -> None:
    proxy, _ = start(OK, POLICY)
    answer = ask(proxy.port, get_once(*([asked] if asked else []), path=path))
    assert field(answer, b"Content-Language") == language
    assert b'<html lang="' + language + b'">' in answer


@pytest.mark.parametrize(
    ("known", "status"),
    [(b"%b", 304), (b'"x", W/%b', 304), (b"*", 304), (b'"x"', 200), (b"", 200)],
)
def test_a_page_that_the_reader_has_is_a_304(start: Start, known: bytes, status: int) -> None:
    proxy, _ = start(OK, POLICY)
    etag = field(ask(proxy.port, get_once(path=b"/cookies")), b"ETag")
    asked = known.replace(b"%b", etag)
    answer = ask(proxy.port, get_once(b"If-None-Match: " + asked, path=b"/cookies"))
    assert status_of(answer) == status and field(answer, b"ETag") == etag
    if status == 304:
        assert answer.endswith(b"\r\n\r\n") and b"Content-Length" not in answer


def test_languages_have_their_own_etags(start: Start) -> None:
    proxy, _ = start(OK, POLICY)
    tags = {field(ask(proxy.port, get_once(path=b"/cookies?language=" + x)), b"ETag") for x in (b"en", b"nl")}
    assert len(tags) == 2


def test_head_is_answered_without_the_page_and_the_connection_is_kept(start: Start) -> None:
    proxy, origin = start(OK, POLICY)
    with Client(proxy.port) as client:
        client.send(b"HEAD /cookies HTTP/1.1\r\nHost: a\r\n\r\nGET /cookies HTTP/1.1\r\nHost: a\r\n\r\n")
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = client.read_all()
    heads = answer.split(b"HTTP/1.1 200 OK")
    assert len(heads) == 4 and heads[1].endswith(b"\r\n\r\n") and heads[2].endswith(b"</html>\n")
    assert len(origin.requests) == 1


def test_it_follows_the_policy_and_the_mode_with_each_reload() -> None:
    def page(port: int) -> bytes:
        return ask(port, get_once(path=b"/cookies"))

    with running(policy=POLICY) as proxy:
        first = page(proxy.port)
        assert b"This list is enforced" in first
        proxy.policy.write_text(POLICY.replace("version: 1", "version: 1\nmode: report") + "  - {name: lang, purpose: x, lifetime: 1y}\n")  # fmt: skip
        end = time.monotonic() + 10
        while b"<code>lang</code>" not in (second := page(proxy.port)) and time.monotonic() < end:
            time.sleep(0.1)
        assert b"This list is enforced" not in second and b"1 year" in second
        assert field(first, b"ETag") != field(second, b"ETag")


def test_every_worker_answers() -> None:
    with running("--workers", "2", policy=POLICY) as proxy:
        answers = {ask(proxy.port, get_once(path=b"/cookies")) for _ in range(8)}
        assert len(answers) == 1 and status_of(answers.pop()) == 200


def test_it_is_counted_as_a_request() -> None:
    with running(policy=POLICY) as proxy:
        ask(proxy.port, get_once(path=b"/cookies"))
        counted = [v for k, v in proxy.scrape().items() if k.startswith("cookiewarden_requests_total")]
        assert sum(counted) == 1


@pytest.mark.parametrize(("over", "language"), [(0, b"nl"), (1, b"en")])
def test_so_many_languages_of_a_reader_are_looked_at(over: int, language: bytes) -> None:
    pages = StatementPages(Engine(policy(POLICY)))
    assert pages.preferred([b"fr," * (MAX_RANGES - 1 + over) + b"nl"]) == language


@pytest.mark.parametrize(("mode", "status"), [("enforce", 503), ("report", 200)])
def test_only_pages_that_claim_enforcement_are_withdrawn(mode: str, status: int) -> None:
    pages = StatementPages(Engine(policy(f"{POLICY}mode: {mode}\n"), now=time.time()))
    request = read_request(get_once(path=b"/cookies"), Limits(32768, 16384, 128))
    assert pages.answer(request)[0] == 200
    assert pages.withdrawn().answer(request)[0] == status
