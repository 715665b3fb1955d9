"""Recorded traffic: HAR files, text, and files that are invalid, truncated, enormous or hostile."""

import base64
import json
import sys
from pathlib import Path

import pytest

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.tools.learn.catalog import NoCatalog, read_catalog
from cookiewarden.tools.recordings.reader import recorded
from cookiewarden.tools.recordings.recorded import NoTraffic, Recorded
from tests.support.conformance import CONFORMANCE
from tests.support.process import ended

ENTRY = {
    "startedDateTime": "2026-06-01T12:00:00.000Z",
    "request": {
        "method": "POST", "url": "https://shop.example:8443/login?next=/a",
        "headers": [{"name": ":authority", "value": "x"}, {"name": "cookie", "value": "a=1; b=2"}], "postData": {"text": "Cookie: c=3"},
    },
    "response": {
        "headers": [{"name": "Set-Cookie", "value": "sid=1; Path=/\nt=2"}, {"name": "set-cookie", "value": "u=\u00e93"}],
        "content": {"text": "x" * 100, "encoding": "base64"}, "cookies": [{"name": "sid", "value": "read from the headers"}],
    },
}  # fmt: skip


def har(*entries: object) -> str:
    return json.dumps({"log": {"version": "1.2", "pages": [{"id": "1"}], "entries": entries}})


def read(tmp_path: Path, text: str | bytes) -> tuple[list[Recorded], str]:
    """Return the exchanges of a text, and the message about its fault."""
    path = tmp_path / "file"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found: list[Recorded] = []
    try:
        for one in recorded(path):
            found.append(one)
    except NoTraffic as error:
        return found, str(error).replace(str(path), "FILE")
    return found, ""


def test_a_har_has_requests_and_responses_with_their_time(tmp_path: Path) -> None:
    (one,), wrong = read(tmp_path, har(ENTRY))
    assert wrong == "" and one.at == 1780315200.0
    assert (one.exchange.host, one.exchange.target, one.exchange.https, one.exchange.method) == (b"shop.example:8443", b"/login?next=/a", True, b"POST")  # fmt: skip
    assert one.asked == [(b"cookie", b"a=1; b=2")]
    assert one.answered == [
        (b"Set-Cookie", b"sid=1; Path=/"),
        (b"Set-Cookie", b"t=2"),
        (b"set-cookie", "u=\u00e93".encode()),
    ]
    assert one.url == "https://shop.example:8443/login"


@pytest.mark.parametrize(
    ("text", "count", "wrong"),
    [
        (har(), 0, ""),
        (har(ENTRY, ENTRY)[:-30], 1, '"FILE" is truncated; using the exchanges before that place'),
        (har(ENTRY) + "}", 1, '"FILE" is not valid JSON; using the exchanges before that place'),
        ("{}", 0, '"FILE" has no Set-Cookie or Cookie header'),
        ('{"log": {}}', 0, '"FILE" is not a HAR file: log.entries is missing'),
        ('{"log": {"entries": {}}}', 0, '"FILE" is not a HAR file: log.entries is missing'),
        (har(ENTRY | {"startedDateTime": "soon"}, {"request": {"url": "data:x"}}, {"request": {"url": "http://[::1"}}, {}, 7, "x"), 1, ""),
        ("\ufeff" + har(ENTRY), 1, ""),
        (b'{"log": {"entries": [{"request": {"url": "http://a/\xff"}}]}}', 0, '"FILE" is not valid JSON'),
        ("", 0, '"FILE" has no Set-Cookie or Cookie header; give a HAR file, a flow file of mitmproxy, an access log with cookies, or text as from curl -i'),
        (b"\x00\x01\x02" * 1000, 0, '"FILE" is binary; give'),
        ("%PDF-1.7\nnothing\n", 0, '"FILE" has no Set-Cookie'),
        (b"4:abcd,", 0, '"FILE" looks like a flow file; to read it, install mitmproxy'),
    ],
)  # fmt: skip
def test_a_file_error_is_reported_and_earlier_entries_are_used(
    tmp_path: Path, text: str | bytes, count: int, wrong: str
) -> None:
    found, told = read(tmp_path, text)
    assert len(found) == count and (told.startswith(wrong) if wrong else told == "")


def test_a_deeply_nested_har_is_read(tmp_path: Path) -> None:
    found, _ = read(
        tmp_path, '{"log": {"entries": [' + json.dumps(ENTRY) + ', {"a": ' + "[" * 5000 + "]" * 5000 + "}]}}"
    )
    assert len(found) >= 1


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_a_value_nested_a_million_deep_is_skipped_cheaply_and_later_entries_are_read(
    tmp_path: Path, opens: str, closes: str
) -> None:
    one = json.dumps(ENTRY)
    deep = one[:-1] + f', "deep": {opens * 1_000_000}1{closes * 1_000_000}}}'
    found, told = read(tmp_path, f'{{"log": {{"entries": [{one},{deep},{one}]}}}}')
    assert (len(found), told) == (3, "")


def test_text_without_a_host_belongs_to_the_given_one(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("GET /a HTTP/1.1\nCookie: a=1\n\nGET /b HTTP/1.1\nHost: other.example\nCookie: a=1\n")
    found = [one.exchange for one in recorded(path, Exchange(b"shop.example", b"/", https=False))]
    assert [(x.host, x.target, x.https) for x in found] == [
        (b"shop.example", b"/a", False),
        (b"other.example", b"/b", False),
    ]


def test_a_har_of_two_hundred_megabytes_takes_no_more_memory_than_one_of_its_bodies(tmp_path: Path) -> None:
    path = tmp_path / "large.har"
    body = base64.b64encode(b"x" * 1_500_000).decode()
    large = json.dumps(
        ENTRY
        | {
            "response": {
                "headers": ENTRY["response"]["headers"],
                "content": {"text": body, "encoding": "base64"},
            }
        }
    )
    with path.open("w") as file:
        file.write('{"log": {"entries": [')
        file.write(",".join([large] * 100))
        file.write("]}}")
    assert path.stat().st_size > 190_000_000
    program = (
        "import resource, sys; from pathlib import Path; from cookiewarden.tools.recordings.reader import recorded; import ijson;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; n = sum(1 for _ in recorded(Path(sys.argv[1])));"
        "print(n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    ran = ended(sys.executable, "-c", program, path, check=True)  # its peak of memory must be its own
    count, kilobytes = map(int, ran.stdout.split())
    assert count == 100 and kilobytes < 60_000


@pytest.mark.parametrize(
    ("text", "asked", "answered"),
    [
        ("HTTP/1.1 200 OK\r\nSet-Cookie: sid=1; Path=/\r\nX: y\r\n\r\n<p>", [], [b"sid=1; Path=/"]),
        ("> GET /a HTTP/1.1\n> Host: shop.example\n> Cookie: a=1\n>\n< HTTP/1.1 200 OK\n< set-cookie: b=2\n", [b"a=1"], [b"b=2"]),
        ('1.2.3.4 - - [x] "GET / HTTP/1.1" 200 12 "-" "agent" cookie="a=1; b=2"', [b"a=1; b=2"], []),
        ('{"path": "/", "http_cookie": "a=1", "sent_http_set_cookie": "b=2; Path=/"}\n{"x": 1}', [b"a=1"], [b"b=2; Path=/"]),
        ('x http_cookie="a=1" sent_http_set_cookie="b=2; Path=/"', [b"a=1"], [b"b=2; Path=/"]),
    ],
)  # fmt: skip
def test_header_lines_are_found_in_text(tmp_path: Path, text: str, asked: list[bytes], answered: list[bytes]) -> None:
    found, wrong = read(tmp_path, text)
    assert wrong == ""
    assert [v for one in found for _, v in one.asked] == asked and [
        v for one in found for _, v in one.answered
    ] == answered


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(NoTraffic, match=r'cannot read ".*": no such file or directory'):
        list(recorded(tmp_path / "none"))
    with pytest.raises(NoTraffic, match=r'cannot read ".*": is a directory'):
        list(recorded(tmp_path))


# The catalog


def test_the_open_cookie_database_is_read() -> None:
    path = CONFORMANCE.parent / "catalog" / "open-cookie-database.csv"
    if not path.exists():
        pytest.skip("the catalog is not here: shared/catalog")
    catalog = read_catalog(path)
    found = catalog.find("_ga")
    assert found is not None and "Google" in found.platform and found.category == "Analytics"
    assert catalog.find("_hjSession_*") is not None and catalog.find("nobody-knows-this") is None
    assert len(catalog.exact) + len(catalog.beginnings) > 2000 and catalog.broken < 20


HEAD = "ID,Platform,Category,Cookie / Data Key name,Domain,Description,Retention period,Data Controller,Portals,Wildcard match\n"


def test_broken_rows_are_counted_and_the_others_used(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(
        (
            HEAD
            + '1,P,C,a,,"d\x1b[31m\u202e\nd",1y,,,0\n2,P,C,,,,,,,0\n3,P,C,b,,,,,,0,more,and more\n4,P,C,pre_,,x,,,,1\n5\n'
        ).encode()
        + b"6,\xff,C,c,,,,,,0\n"
    )
    catalog = read_catalog(path)
    assert catalog.broken == 3 and set(catalog.exact) == {"a", "c"}
    found = catalog.find("a")
    assert found is not None and found.description == "d\\x1b[31m\\u202e d"
    assert catalog.find("pre_x") is not None and catalog.find("pre") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [(b"", "is not a catalog"), (b"a,b\n1,2\n", 'the column "Cookie'), (b"\x00\xff", "is not a catalog")],
)
def test_an_invalid_catalog_is_reported(tmp_path: Path, text: bytes, told: str) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(text)
    with pytest.raises(NoCatalog, match=told):
        read_catalog(path)
    with pytest.raises(NoCatalog, match="no such file"):
        read_catalog(tmp_path / "none")


def test_text_is_combined_into_requests_and_responses_at_their_own_time(
    tmp_path: Path,
) -> None:
    text = (
        "> GET /a HTTP/1.1\n> Host: shop.example\n> Cookie: a=1\n>\n< HTTP/1.1 302 Found\n< Date: Mon, 01 Jun 2026 12:00:00 GMT\n< Set-Cookie: b=2\n< Set-Cookie: c=3\n"
        "> GET /b HTTP/1.1\n> Host: shop.example\n< HTTP/1.1 200 OK\n< Set-Cookie: d=4\n\nHTTP/1.1 200 OK\nSet-Cookie: e=5\nDate: nonsense\n"
    )
    found, wrong = read(tmp_path, text)
    assert wrong == "" and [(one.url, len(one.asked), len(one.answered), one.at) for one in found] == [
        ("https://shop.example/a", 1, 2, 1780315200.0),
        ("https://shop.example/b", 0, 1, 0.0),
        ("https://shop.example/b", 0, 1, 0.0),
    ]
    assert found[0].exchange.headers == [(b"cookie", b"a=1")]


@pytest.mark.parametrize("digits", [4301, 5000, 100_000, 3_000_000])
def test_a_number_of_any_length_neither_ends_nor_breaks_the_reading_of_a_har(tmp_path: Path, digits: int) -> None:
    value = "7" * 5000
    har = tmp_path / "long.har"
    har.write_text(
        '{"log": {"entries": [{"time": ' + "9" * digits + ', "startedDateTime": "2026-01-01T00:00:00Z", "x": "\\\\\\"' + "1" * digits + '",'
        '"request": {"method": "GET", "url": "http://a.example/", "headers": []},'
        '"response": {"headers": [{"name": "Set-Cookie", "value": "sid=' + value + '"}]}}]}}'
    )  # fmt: skip
    (found,) = recorded(har)
    assert found.answered == [(b"Set-Cookie", b"sid=" + value.encode())]
