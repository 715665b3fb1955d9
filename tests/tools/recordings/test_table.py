"""Each tool that writes recordings or logs, and the cookies that are read of it.

The rows marked `real` have the output of that tool, saved from a run against an origin that sets three cookies.
The others follow the tool's documentation or a public report."""

import json
from pathlib import Path

import pytest

from cookiewarden.tools.recordings.cookie_lines import split_joined
from cookiewarden.tools.recordings.reader import recorded
from cookiewarden.tools.recordings.recorded import Account, Note

DATA = Path(__file__).parents[2] / "data" / "recordings"

SENT = ['sid=abc; prefs={"a":1}; name=o\'brien; a[0]=x; last=z']
FIRST, SECOND, THIRD = (
    "sid=abc; Path=/; HttpOnly",
    'prefs={"a":1}; Path=/; Expires=Tue, 01 Jun 2027 10:00:00 GMT',
    "name=o'brien; Path=/",
)
ALL = [FIRST, SECOND, THIRD]
HOME = "https://shop.example/home"


def har(headers: list[tuple[str, str]], cookies: list[dict[str, object]] = [], **entry: object) -> str:  # noqa: B006
    """Write a HAR of one response with these headers and cookies."""
    response = {"status": 200, "headers": [{"name": n, "value": v} for n, v in headers], "cookies": cookies}
    request = {"method": "GET", "url": HOME, "headers": [{"name": "Cookie", "value": SENT[0]}], "cookies": []}
    return json.dumps(
        {
            "log": {
                "entries": [
                    {"startedDateTime": "2026-06-01T10:00:00Z", "request": request, "response": response, **entry}
                ]
            }
        }
    )


W3C = (
    "#Software: Microsoft Internet Information Services 10.0\n"
    "#Fields: date time cs-method cs-uri-stem cs-host cs(Cookie) sc-status\n"
    "2026-06-01 10:00:00 GET /home shop.example {cookie} 200\n"
)

TABLE = [
    # tool, its version and source; the file or its text; Cookie; Set-Cookie; URL; notes
    ("nginx 1.22.1, log_format with names, real", DATA / "nginx-extended.log", SENT, [FIRST], "https://localhost/home", []),
    ("nginx 1.22.1, combined and two fields, real", DATA / "nginx-positional.log", SENT, [FIRST], "https://localhost/home", [Note.BY_FORM]),
    ("nginx 1.22.1, escape=json, real", DATA / "nginx-json.log", SENT, [FIRST], HOME, []),
    ("nginx 1.23, joined Set-Cookie (nginx.org/en/CHANGES, 1.23.0)", 'x "GET /home HTTP/1.1" 200 set_cookie="' + ", ".join(ALL).replace('"', "\\x22") + '"', [], ALL, "https://localhost/home", [Note.SPLIT]),
    ("Apache 2.4.71, combined and two fields, real", DATA / "apache.log", SENT, ALL, "https://localhost/home", [Note.BY_FORM, Note.SPLIT]),
    ("HAProxy 2.6.12, captures, real; it captures the last line of a name", DATA / "haproxy.log", SENT, [THIRD], HOME, [Note.BY_FORM]),
    ("Caddy 2.6.2, log_credentials, real", DATA / "caddy.log", SENT, ALL, HOME, []),
    ("Traefik, JSON (doc.traefik.io, access logs)", DATA / "traefik.log", ["sid=abc; _fbp=fb.1"], [FIRST], HOME, []),
    ("IIS 10, W3C (learn.microsoft.com, W3C logging)", W3C.format(cookie=SENT[0].replace(" ", "+")), SENT, [], HOME, []),
    ("curl 7.88.1 -v, real", DATA / "curl-v.txt", SENT, ALL, HOME, []),
    ("curl 7.88.1 -i, real", DATA / "curl-i.txt", [], ALL, "https://localhost/", []),
    ("wget 1.21.3 -S, real", DATA / "wget-S.txt", [], ALL, "http://127.0.0.1:21090/home", []),
    ("HTTPie 3.2.1 --print=Hh, real", DATA / "httpie.txt", SENT, ALL, "https://127.0.0.1:21090/home", []),
    ("Chrome's HAR with sensitive data (developer.chrome.com, HAR export)", har([("set-cookie", line) for line in ALL]), SENT, ALL, HOME, []),
    ("Firefox's HAR, lines joined by line feeds", har([("set-cookie", "\n".join(ALL))]), SENT, ALL, HOME, []),
    ("Safari's HAR, lines joined by commas (WebKit, Web Inspector)", har([("Set-Cookie", ", ".join(ALL))]), SENT, ALL, HOME, [Note.SPLIT]),
    ("Safari's HAR with cookies[]", har([("Set-Cookie", ", ".join(ALL))], [{"name": "sid"}, {"name": "prefs"}, {"name": "name"}]), SENT, ALL, HOME, [Note.SPLIT]),
    ("BrowserMob Proxy's HAR, arrays only", DATA / "cookies-arrays.har", ["seen=1"], ["sid=abc; Path=/; Expires=Tue, 01 Jun 2027 10:00:00 GMT; HttpOnly; Secure", "_trk=9; Path=/"], "https://shop.example/", [Note.FROM_ARRAYS]),
    ("a HAR that begins with a member of its own", DATA / "comment-first.har", [], ["sid=1; Path=/"], "https://shop.example/", []),
    ("a HAR in UTF-16 (PowerShell's Out-File)", har([("set-cookie", FIRST)]).encode("utf-16"), SENT, [FIRST], HOME, []),
    ("a HAR in UTF-16 without a mark", har([("set-cookie", FIRST)]).encode("utf-16-le"), SENT, [FIRST], HOME, []),
    ("a HAR with a byte order mark", b"\xef\xbb\xbf" + har([("set-cookie", FIRST)]).encode(), SENT, [FIRST], HOME, []),
    ("a log that quotes with apostrophes", DATA / "apostrophe.log", ["sid=abc; lastq=children's+books; theme=dark; arr=[1,2]; tail=z"], [], "https://localhost/home", []),
    ("a JSON log with arrays", json.dumps({"host": "shop.example", "path": "/home", "cookie": SENT, "set_cookie": ALL}), SENT, ALL, HOME, []),
    ("a JSON log with cookies by name", json.dumps({"url": HOME + "?a=1", "cookies": {"sid": "abc", "a": "b"}}), ["sid=abc; a=b"], [], HOME, []),
    ("a JSON log with headers as names and values", json.dumps({"host": "shop.example", "uri": "/home", "headers": [{"name": "Cookie", "value": "sid=1"}, {"name": "X", "value": "y"}]}), ["sid=1"], [], HOME, []),
    ("quotes within quotes that are not escaped", 'GET cookie="prefs={"a":1}; tail=z" status=200', ['prefs={"a":1}; tail=z'], [], "https://localhost/", []),
    ("a bracket within brackets", "cookie=[a[0]=x; b=1] status=200", ["a[0]=x; b=1"], [], "https://localhost/", []),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "source", "asked", "answered", "url", "notes"), TABLE, ids=[row[0] for row in TABLE])
def test_each_tool_is_read(
    tmp_path: Path,
    tool: str,
    source: Path | str | bytes,
    asked: list[str],
    answered: list[str],
    url: str,
    notes: list[Note],
) -> None:
    path = source if isinstance(source, Path) else tmp_path / "file"
    if not isinstance(source, Path):
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
    account = Account()
    (one,) = recorded(path, account=account)
    assert [v.decode() for n, v in one.asked if n.lower() == b"cookie"] == asked
    assert [v.decode() for n, v in one.answered if n.lower() == b"set-cookie"] == answered
    assert one.url == url
    assert {note for note, count in account.notes.items() if count} == set(notes)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (DATA / "sanitized.har", "Export HAR (with sensitive data)"),
        (DATA / "redacted.har", "redacted"),
        (DATA / "caddy-redacted.log", "log_credentials"),
        ('{"host": "shop.example", "cookie": "REDACTED"}', "redacted"),
        ('x "GET / HTTP/1.1" 200 cookie="[redacted]"', "redacted"),
    ],
)
def test_a_recording_without_cookies_has_a_reason(tmp_path: Path, source: Path | str, reason: str) -> None:
    path = source if isinstance(source, Path) else tmp_path / "file"
    if not isinstance(source, Path):
        path.write_text(source)
    account = Account()
    assert sum(bool(one.asked and one.exchange.headers == ()) for one in recorded(path, account=account)) == 0
    assert account.cookies == 0 and reason in account.why_no_cookies


def test_the_handshake_of_a_websocket_is_a_request() -> None:
    _, second = recorded(DATA / "websocket.har")
    assert (second.url, second.asked) == ("https://shop.example/live", [(b"Cookie", b"sid=1; wsroute=a1")])


@pytest.mark.parametrize(
    ("entry", "note"),
    [
        ({"request": {"url": "data:text/html,x"}}, Note.NOT_HTTP),
        ({"request": {"url": "chrome-extension://abc/x.js"}}, Note.NOT_HTTP),
        ({"request": {"url": "http://[::1"}}, Note.NOT_HTTP),
        ({"request": {}}, Note.NO_URL),
        ({"request": {"url": HOME}, "response": {"status": 0}}, Note.NO_RESPONSE),
        ({"request": {"url": HOME}}, Note.NO_RESPONSE),
    ],
)
def test_entries_that_are_left_out_are_counted_by_reason(tmp_path: Path, entry: object, note: Note) -> None:
    path = tmp_path / "site.har"
    path.write_text(json.dumps({"log": {"entries": [entry, entry]}}))
    account = Account()
    list(recorded(path, account=account))
    assert account.notes == {note: 2}
    assert account.lines() == [f"2 exchanges {note.value}"]


@pytest.mark.parametrize(
    ("value", "names", "lines"),
    [
        ("a=1, b=2", (), ["a=1", "b=2"]),
        ("a=1,b=2", (), ["a=1,b=2"]),
        ("a=1, 2; Path=/", (), ["a=1, 2; Path=/"]),
        ("a=1; Expires=Tue, 01 Jun 2027 10:00:00 GMT, b=2; Path=/", (), ["a=1; Expires=Tue, 01 Jun 2027 10:00:00 GMT", "b=2; Path=/"]),
        ("a=1, b=2", ("a",), ["a=1, b=2"]),
        ("a=1, b=2", ("a", "b"), ["a=1", "b=2"]),
        ('a="x, b=2"; Path=/', (), ['a="x, b=2"; Path=/']),
        ('a={"k": 1, "b": 2}; Path=/', (), ['a={"k": 1, "b": 2}; Path=/']),
    ],
)  # fmt: skip
def test_joined_lines_are_split_where_a_line_can_begin(value: str, names: tuple[str, ...], lines: list[str]) -> None:
    found = split_joined(value.encode(), [name.encode() for name in names])
    assert [line.decode() for line in found] == lines


def test_the_moment_of_a_response_is_its_date_or_the_start_and_the_time(tmp_path: Path) -> None:
    path = tmp_path / "site.har"
    path.write_text(har([("Date", "Mon, 01 Jun 2026 10:59:59 GMT"), ("set-cookie", FIRST)], time=5000))
    (one,) = recorded(path)
    assert one.at == 1780311599.0
    path.write_text(har([("set-cookie", FIRST)], time=5000))
    (one,) = recorded(path)
    assert one.at == 1780308005.0
