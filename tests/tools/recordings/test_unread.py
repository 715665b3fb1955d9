"""Cookie headers in forms that no reader knows. They are counted, and prose, settings and bodies are not."""

import json
from contextlib import suppress
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.tools.recordings.json_shapes import MAX_DEPTH
from cookiewarden.tools.recordings.logs import Logs
from cookiewarden.tools.recordings.mentions import is_named
from cookiewarden.tools.recordings.reader import recorded
from cookiewarden.tools.recordings.recorded import Account, Note, NoTraffic

HEAD = "HTTP/1.1 200 OK\nSet-Cookie: sid=1; Path=/\n"
READ = 'host=a.example cookie="a=1"\n'
CANARY = "CANARY"


def read(path: Path, text: str | bytes) -> tuple[list[str], Account]:
    """Return the cookie headers of a text, and the account."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    account = Account()
    found: list[str] = []
    for one in recorded(path, account=account):
        headers = [*one.asked, *one.answered]
        found += [value.decode() for name, value in headers if name.lower() in (b"cookie", b"set-cookie")]
    return found, account


LOST = [
    # form, its text, cookie headers that are read, the first line or record
    ("tuples of Python", "INFO [('Host', 'x'), ('Cookie', 'a=CANARY')]\n", [], 1),
    ("tuples of Envoy", "':status', '200'\n'set-cookie', 'a=CANARY; Path=/'\n", [], 2),
    ("a literal of Go", 'x http.Header{"Set-Cookie":[]string{"a=CANARY; Path=/"}}\n', [], 1),
    ("values of Go, which blanks separate", "x headers: map[Set-Cookie:[a=CANARY; Path=/; HttpOnly b=2; Max-Age=60]]\n", [], 1),
    ("values of Go without attributes", "x headers: map[Set-Cookie:[a=CANARY b=2]]\n", [], 1),
    ("a value of Rust", 'headers: {"set-cookie": HeaderValue("a=CANARY")}\n', [], 1),
    ("a list of Scala", "Set-Cookie -> List(a=CANARY; Path=/, b=2)\n", [], 1),
    ("binaries of Erlang", '{<<"set-cookie">>,<<"a=CANARY">>}\n', [], 1),
    ("a list of JavaScript on one line", "x [ 'Set-Cookie', 'a=CANARY; Path=/' ]\n", [], 1),
    ("a value of JavaScript", "x\n  'set-cookie': 'a=CANARY; Path=/',\n", [], 2),
    ("an element of XML", "x\n<Set-Cookie>a=CANARY; Path=/</Set-Cookie>\n", [], 2),
    ("lists of YAML", "headers:\n  Set-Cookie:\n  - a=CANARY; Path=/\n  - b=2\n", [], 3),
    ("values of YAML", "headers:\n  Set-Cookie: 'a=CANARY; Path=/'\n", [], 2),
    ("headers that Chrome copies, with the value on the next line", "Request URL: https://a.example/\nset-cookie:\na=CANARY; Path=/\n", [], 3),
    ("headers that Chrome copies, without a colon", "set-cookie\na=CANARY; Path=/\n", [], 2),
    ("a table of PowerShell", "Set-Cookie : {a=CANARY; Path=/, b=2}\n", [], 1),
    ("the forensic log of Apache", "+4a2|GET / HTTP/1.1|Host:a.example|Cookie:a=CANARY; b=2\n", [], 1),
    ("a command that Chrome copies", "curl 'https://a.example/' -H 'cookie: a=CANARY'\n", [], 1),
    ("a header with the prefix of a logger", HEAD.replace("200 OK", "204 No Content") + "\nworker says Set-Cookie: a=CANARY; Path=/\n", ["sid=1; Path=/"], 4),
    ("a line after the body of curl -v", HEAD + "\n<p>\n* Connection #0 to host a.example left intact\nworker says Set-Cookie: a=CANARY\n", ["sid=1; Path=/"], 6),
    ("a line of a logger after a body", HEAD + "\nok\n2026-06-01 10:00:00 INFO Set-Cookie => a=CANARY\n", ["sid=1; Path=/"], 5),
    ("ngrep without lines", "T 10.0.0.2:80 -> 10.0.0.1:5000 [AP]\nHTTP/1.1 200 OK..Date: x..Set-Cookie: a=CANARY; Path=/..\n", [], 2),
    ("a dump of octets", READ + "|00000010| 0a 53 65 74 2d 43 6f 6f 6b 69 65 3a 20 73 69 64 |.Set-Cookie: sid|\n|00000020| 3d 31 |=1|\n", ["a=1"], 2),
    ("a dump whose rows cut the name", READ + "0000  53 65 74 2d 43 6f 6f 6b  Set-Cook\n0008  69 65 3a 20 73 3d 31 3b  ie: s=1;\n", ["a=1"], 3),
    ("a header that is redacted, in an unknown form", "x proxy -> Cookie: [redacted]\n" + READ, ["a=1"], 1),
    ("binary text", b"\0\0 Set-Cookie: a=CANARY\n" + READ.encode(), ["a=1"], 1),
    ("CSV without its columns", 'x,"10.0.0.1 cookie=""a=CANARY; theme=dark"""\n', [], 1),
    ("cookies of REST Assured", "Headers:\tAccept=*/*\nCookies:\ta=CANARY\n\t\ttheme=dark\n", [], 2),
    ("a list of cookies of Dart", " cookie: [a=CANARY, b=2]\n", [], 1),
    ("a folded line without a semicolon", "HTTP/1.1 200 OK\nSet-Cookie: a=CANARY; Path=/\n HttpOnly\n\n", [], 3),
    ("a header that is folded within an attribute", "HTTP/1.1 200 OK\nSet-Cookie: a=CANARY; Path=/;\n Max-Age\n =60\n\n", [], 4),
    ("a table of HTML", READ + "<tr><td>Set-Cookie</td><td>a=CANARY; Path=/</td></tr>\n", ["a=1"], 2),
    ("a comma before a pair without attributes", "HTTP/1.1 200 OK\nSet-Cookie: a=CANARY; HttpOnly, b=2\n\n", [], 2),
    ("a matcher of WireMock", '{"x": 1}\n' + json.dumps({"request": {"headers": {"Cookie": {"equalTo": "a=CANARY"}}}}), [], 2),
    ("a matcher of Hoverfly", json.dumps({"Cookie": [{"matcher": "glob", "value": "a=*; b=CANARY"}]}), [], 1),
    ("cookies of WireMock", json.dumps({"cookies": {"a": {"equalTo": "CANARY"}}}), [], 1),
    ("cookies of Rails", json.dumps({"response_cookies": {"a": {"value": "CANARY", "path": "/"}}}), [], 1),
    ("one cookie as an object", json.dumps({"cookie": {"name": "a", "value": "CANARY"}}), [], 1),
    ("a header below another member", json.dumps({"Set-Cookie": {"v": "a=CANARY"}}), [], 1),
    ("cookies that are numbers", json.dumps({"cookies": {"a": 1}}), [], 1),
    ("a list of OpenTelemetry by key", json.dumps({"attributes": [{"key": "set-cookie", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"stringValue": "CANARY"}}]}}}]}), [], 1),
    ("a tag of Jaeger", json.dumps({"tags": [{"key": "http.response.header.set-cookie", "value": '["a=CANARY"]'}]}), [], 1),
    ("a header in a text", json.dumps({"note": "was Set-Cookie: a=CANARY"}), [], 1),
    ("a map of Java, as API Gateway of AWS writes it", "(0a1b) Method response headers: {Date=Mon, 01 Jun 2026 10:00:00 GMT, Set-Cookie=a=CANARY; Path=/, X-Amzn-Trace-Id=Root=1-x}\n", [], 1),
    ("a map of Java of a request", "(0a1b) Method request headers: {Accept=*/*, Cookie=a=CANARY; b=2, Host=a.example}\n", [], 1),
    ("a header as a pair of a field", '"GET / HTTP/1.1" "Date=x; Set-Cookie=a=CANARY; Path=/"\n', [], 1),
    ("cookies of curl without a URL", "$ curl -i -b 'a=CANARY' a.example\n", [], 1),
    ("cookies of curl with quotes of bash", "curl 'https://a.example/' \\\n  -b $'a=CANARY\\u0021'\n", [], 1),
    ("cookies of curl after the prefix of a logger", "'x' ran: curl -b 'a=CANARY' https://a.example/\n", [], 1),
    ("cookies of curl that its output does not have", "$ curl -v -b a=CANARY https://a.example/\n> GET / HTTP/1.1\n> Host: a.example\n> Cookie: b=1\n>\n", ["b=1"], 1),
    ("a header of curl beside cookies", "curl -b 'a=1' -H 'Cookie: b=CANARY' https://a.example/\n", ["a=1"], 1),
    ("cookies of a second curl", "curl https://a.example/ && curl -b 'a=CANARY' https://a.example/\n", [], 1),
    ("cookies of a command that does not end", "curl a.example \\\n -b 'a=CANARY' \\\n", [], 1),
    ("two headers in one text", json.dumps({"reqHost": "a.example", "customField": "Cookie:q=1|Set-Cookie:a=CANARY"}), [], 1),
    ("a header beside other members", json.dumps({"h": "Set-Cookie", "v": "a=CANARY", "n": 1}), [], 1),
    ("a header that is too deep", "[\n" + '{"a":' * (MAX_DEPTH + 20) + '{"Set-Cookie":"a=CANARY"}' + "}" * (MAX_DEPTH + 20) + "]", [], 1),
    ("a line that is too deep", '{"a":' * (MAX_DEPTH + 20) + '{"Set-Cookie":"a=CANARY"}' + "}" * (MAX_DEPTH + 20), [], 1),
    ("a message beside cookies", json.dumps({"cookie": "a=1", "message": "was Set-Cookie: b=CANARY"}), ["a=1"], 1),
    ("a header beside a name", json.dumps({"name": "x", "Set-Cookie": {"v": "a=CANARY"}}), [], 1),
    ("a header with a longer name", json.dumps({"cookie": "a=1", "cookieHeader": "b=CANARY; c=2"}), ["a=1"], 1),
    ("a label of the machine", json.dumps({"cookie": "a=1", "labels": {"cookie": "b=CANARY"}}), ["a=1"], 1),
    ("a header in an option", READ + 'x "GET /home HTTP/1.1" 200 "--header=Cookie: b=CANARY; c=2"\n', ["a=1"], 2),
    ("a column of a W3C log", "#Fields: cs-method cs(Cookie) x-set-cookie\nGET a=1 b=CANARY\n", ["a=1"], 2),
]  # fmt: skip


@pytest.mark.parametrize(("form", "text", "kept", "first"), LOST, ids=[row[0] for row in LOST])
def test_a_header_in_an_unknown_form_is_counted_with_its_line(
    tmp_path: Path, form: str, text: str | bytes, kept: list[str], first: int
) -> None:
    found, account = read(tmp_path / "file", text)
    assert found == kept
    assert account.is_incomplete
    note = Note.REDACTED if "redacted" in form and not account.notes[Note.UNKNOWN_FORM] else Note.UNKNOWN_FORM
    assert account.notes[note] >= 1
    assert account.first[note] == first
    told = "\n".join([*account.lines(), account.why_no_cookies])
    assert f"; the first is {account.unit} {first}" in told
    assert CANARY not in told


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "Vary: Cookie\nAccess-Control-Allow-Headers: Cookie, X-A\nAccess-Control-Expose-Headers: Set-Cookie\n\n",
        HEAD + 'Accept-CH: Sec-CH-UA, Cookie\nClear-Site-Data: "cookies"\nNel: {"report_to":"a","max_age":1}\n\n',
        HEAD + "\n<script>document.cookie = 'a=1; path=/'; cookie = \"x=1\"</script>\nSet-Cookie: a=1\nCookie: a=1\n",
        HEAD + '\n{\n "headers": {\n  "Cookie": "a=1; b=2"\n }\n}\n',
        HEAD + '\n{"headers": {"Cookie": "a=1; b=2"}}\n',
        HEAD + "Transfer-Encoding: chunked\n\n42\nSet-Cookie: a=1\n<script>cookie = 'a=1'</script>\n",
        HEAD + "Set-Cookie: \nCookie:\nAccept: a=b\n\n",
        "GET / HTTP/1.1\nHost: a.example\nCookie: session_cookie=a=1; cookie=b=2\n\n",
        "POST / HTTP/1.1\nHost: a.example\nCookie: a=1\nContent-Length: 30\n\ncookie: x=1\n\n",
        READ + "The cookie a=1 is set.\nWe set cookie a=1 here.\nSee Set-Cookie for x=1.\nvary: cookie\ncookie:\n\nSet-Cookie\nis a header\n",
        READ + "cookie_domain=a=1 session_cookie_secure=true cookie_flags='httponly=1' document.cookie = a=1\n",
        'host=a.example "GET /?cookie=a=1&set-cookie=b=2 HTTP/1.1" cookie="a=1"\n',
        '> GET / HTTP/1.1\n> Cookie: a=1\n>\n* Added cookie sid="1" for domain a.example, path /, expire 0\n',
        json.dumps({"cookie": "a=1", "cookies": [], "set_cookie": None, "x_cookie": "", "cookie_domain": "a.b"}),
        json.dumps({"cookie": "a=1", "body": "<script>document.cookie='b=1'</script>Cookie: x=1"}),
        json.dumps({"cookie": "a=1", "res": {"vary": ["Cookie", "Accept"], "allow": "Cookie, Set-Cookie"}}),
        json.dumps({"cookie": "a=1", "session": {"cookie": {"path": "/", "originalMaxAge": None, "httpOnly": True}}}),
        json.dumps({"headers": {"cookie": "a=1; b=2"}, "message": 'GET / cookie="a=1; b=2"'}),
        json.dumps({"cookie": "a=1", "site_for_cookies": "SiteForCookies: {site=http://a.example}"}),
        "HTTP/1.1 200 All is well.\nHost: a.example\nSet-Cookie: a=1; Path=/\n\n",
        json.dumps({"cookie": "a=1", "notes": {"affinity": "cookie", "route": "a=1"}}),
        "HTTP/1.1 200 OK\nSet-Cookie: a=1, b=2; Path=/\nSet-Cookie: c=1; Path=/x, y; Secure\n\n",
        "HTTP/1.1 200 OK\nSet-Cookie: a=\"x, y=1\"; Path=/\nSet-Cookie: d=; expires=0; path=\n\n",
    ],
)  # fmt: skip
def test_prose_settings_empty_values_and_bodies_are_not_counted(tmp_path: Path, text: str) -> None:
    found, account = read(tmp_path / "file", text)
    assert found and not account.is_incomplete
    assert {note for note, count in account.notes.items() if count} <= {Note.NO_HOST}


def test_a_comma_on_the_wire_does_not_split_a_header(tmp_path: Path) -> None:
    lines = ["a=1, b=2; Path=/", "c=1; Path=/x, y; Secure", 'd="1, e=2; Path=/"; Path=/']
    found, _ = read(tmp_path / "file", "HTTP/1.1 200 OK\n" + "".join(f"Set-Cookie: {line}\n" for line in lines))
    assert found == lines


@pytest.mark.parametrize(
    "text",
    [
        "HTTP/1.1 200 OK\nSet-Cookie: a=1; SameSite=Lax.\n\n",
        "HTTP/1.1 200 OK\nSet-Cookie: a=1; Max-Age=60]\n\n",
        "HTTP/1.1 200 OK\nSet-Cookie: a=1; HttpOnly.\n\n",
        "HTTP/1.1 200 OK\nSet-Cookie: a=1; Path=/.\n\n",
        "HTTP/1.1 200 OK\nSet-Cookie: a=1; Expires=Tue, 01 Jun 2027 10:0\n\n",
        "GET / HTTP/1.1\nHost: a.example.\nCookie: a=1\n\n",
        "GET / HTTP/1.1.\nHost: a.example.\nCookie: a=1\n.\n",
        "GET / HTTP/1.1\nHost: a.example\nCookie: a=1..Set-Cookie: b=2\n\n",
        json.dumps({"set-cookie": "a=1; Domain=a.example."}),
        json.dumps({"set-cookie": "a=1; Path=/, Set-Cookie: b=2"}),
        json.dumps({"host": "a.example\\r\\n", "cookie": "a=1"}),
    ],
)
def test_a_sign_of_a_wrong_cut_is_reported(tmp_path: Path, text: str) -> None:
    _, account = read(tmp_path / "file", text)
    assert account.notes[Note.CUT] == 1 and account.is_incomplete


@pytest.mark.parametrize(
    ("log", "kept"),
    [
        ('10.0.0.1 - - [29/Nov/2026:10:00:00 +0000] "GET /pay HTTP/1.1" 200 5 set_cookie="pay=7; Path=/"', "pay=7; Path=/"),
        ('10.0.0.1 - - [29/Nov/2026:10:00:00 +0000] "GET /pay HTTP/1.1" 200 5 "-" "pay=7; Path=/"', "pay=7; Path=/"),
        ('{"time": "2026-06-01T10:00:00Z", "set_cookie": "pay=7; Path=/"}', "pay=7; Path=/"),
        ('{"request": {"uri": "/pay"}, "resp_headers": {"Set-Cookie": ["pay=7; Path=/"]}}', "pay=7; Path=/"),
        ('host=a.example status=200 set_cookie="pay=7; Path=/"', "pay=7; Path=/"),
        ('time=2026-06-01T10:00:00Z set_cookie="pay=7; Path=/"', "pay=7; Path=/"),
    ],
)  # fmt: skip
def test_lines_of_a_log_are_read_below_and_above_a_head(tmp_path: Path, log: str, kept: str) -> None:
    head = "> GET / HTTP/1.1\n> Host: a.example\n>\n< HTTP/1.1 200 OK\n< Set-Cookie: sid=1; Path=/\n<\nok\n"
    for text in (f"{head}{log}\n", f"{log}\n{head}", f"{head}{log}\n{head}{log}\n"):
        found, account = read(tmp_path / "file", text)
        assert set(found) == {"sid=1; Path=/", kept} and not account.is_incomplete


def test_a_file_that_has_the_words_in_no_known_form_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(NoTraffic) as told:
        read(tmp_path / "file", "x\nCookie: see the next page\n")
    assert "1 line contains Set-Cookie or Cookie in a form that is not known; the first is line 2" in str(told.value)


def test_empty_headers_are_not_exchanges(tmp_path: Path) -> None:
    found, account = read(tmp_path / "file", HEAD + "\nSet-Cookie:\n")
    assert (found, account.exchanges) == (["sid=1; Path=/"], 1)


def test_the_stored_cookies_of_chrome_are_not_headers(tmp_path: Path) -> None:
    cookie = {"name": "a", "value": "1", "domain": "a.example", "path": "/", "expires": -1, "httpOnly": True}
    params = {"associatedCookies": [{"cookie": cookie, "blockedReasons": []}], "headers": {"Host": "a.example"}}
    message = {"method": "Network.requestWillBeSentExtraInfo", "params": params}
    found, account = read(tmp_path / "file", json.dumps(message))
    assert found == [] and account.notes[Note.STORED] == 1
    found, account = read(tmp_path / "file", json.dumps(message).replace('"Host": ', '"Cookie": "a=1", "Host": '))
    assert found == ["a=1"] and not account.is_incomplete


TEXT = st.sampled_from(
    ["a", "labels", "payload", "text", "headers", "set", "value", "name", "x-cookie-y", "domain", "message"]
)


def placed(headers: list[tuple[str, str]]) -> st.SearchStrategy[object]:
    """Write headers in one of the forms of JSON logs, within other members."""
    lines = [f"{name}: {value}" for name, value in headers]
    forms: list[object] = [
        dict(headers),
        {name: [value] for name, value in headers},
        [{"name": name, "value": value} for name, value in headers],
        [{"key": name, "value": {"stringValue": value}} for name, value in headers],
        [{"header": name, "values": [value]} for name, value in headers],
        [{"k": name, "v": value, "n": 1} for name, value in headers],
        [text for pair in headers for text in pair],
        [list(pair) for pair in headers],
        lines,
        "\r\n".join(lines),
        "GET / HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n",
        [{name: {"matcher": "exact", "value": value}} for name, value in headers],
        [{name: {"regex": value}} for name, value in headers],
    ]
    return st.recursive(
        st.sampled_from(forms),
        lambda inner: st.one_of(
            inner.map(lambda one: [one]),
            st.tuples(TEXT, inner).map(lambda pair: {pair[0]: pair[1], "n": 1}),
            st.tuples(TEXT, inner).map(lambda pair: {"name": "x", pair[0]: pair[1]}),
            st.tuples(TEXT, inner).map(lambda pair: {"key": "x", "value": "y", pair[0]: pair[1]}),
        ),
        max_leaves=4,
    )


@given(st.data())
def test_each_header_of_a_record_is_read_or_the_record_is_counted(data: st.DataObject) -> None:
    headers = [("Set-Cookie", "a=1; Path=/"), ("Cookie", "b=2; c=3")]
    record = {"part": data.draw(placed(headers)), "other": data.draw(placed([("set-cookie", "d=4; Secure")]))}
    account = Account()
    account.place = 1
    made = list(Logs(Exchange(b"a.example"), account).record(record))
    found = {value for one in made for _, value in [*one.asked, *one.answered]}
    assert found <= {b"a=1; Path=/", b"b=2; c=3", b"d=4; Secure"}
    assert len(found) == 3 or account.is_incomplete


@pytest.mark.parametrize(
    "piece",
    ["cookie ", "set-cookie:", "cookie" + " " * 1000, "a=a=a ", "; HttpOnly x", '"cookie",', "[cookie: ", "=> ", "\\n", "ab "],
)  # fmt: skip
def test_names_are_searched_in_linear_time(tmp_path: Path, piece: str) -> None:
    size = 1 << 18
    for before, after in (("", ""), ("HTTP/1.1 200 OK\nSet-Cookie: a=1", ""), ("cookie=[ a=", "]"), ("cookie", "x")):
        text = f"{before}{(piece * size)[:size]}{after}\n"
        began = process_time()
        is_named(text.encode())
        with suppress(NoTraffic):
            read(tmp_path / "file", text)
        assert process_time() - began < 2, (before, piece)
