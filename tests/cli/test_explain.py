"""`cookiewarden explain` on recorded traffic and on pages: one row for each cookie with its decision."""

import json
from pathlib import Path

import pytest

from cookiewarden.keys import throw_away
from cookiewarden.tools.explain import explain as module
from cookiewarden.tools.explain.explain import explain_traffic
from cookiewarden.tools.recordings.reader import recorded
from tests.support.command import run
from tests.support.policies import entries, loaded
from tests.support.site import site

POLICY = entries("name: sid, secure: true", "name: 'i-*', forward: false")


def entry(url: str, cookie: str, *set_cookies: str) -> dict[str, object]:
    return {
        "startedDateTime": "2026-06-01T12:00:00Z",
        "request": {"method": "GET", "url": url, "headers": [{"name": "Cookie", "value": cookie}]},
        "response": {"headers": [{"name": "Set-Cookie", "value": line} for line in set_cookies]},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.yaml").write_text(POLICY)
    har = [
        entry("https://shop.example/a?q=CANARY", "sid=CANARY; i-1=CANARY", "sid=CANARY", "_fbp=CANARY"),
        entry("https://shop.example/b", "sid=CANARY", "sid=CANARY"),
        entry("https://shop.example/c", "sid=CANARY; \u202e=CANARY", "sid=CANARY; Secure"),
    ]
    (tmp_path / "t.har").write_text(json.dumps({"log": {"entries": har}}))
    return tmp_path


def test_traffic_becomes_a_table(folder: Path) -> None:
    code, out, err = run("explain", "--policy", "p.yaml", "--traffic", "t.har", cwd=folder)
    assert code == 0 and "CANARY" not in out + err
    rows = [line.split(maxsplit=3) for line in out.splitlines()[1:]]
    assert [(name, header, times) for name, header, times, _ in rows] == [
        ("sid", "Cookie", "3"),
        ("i-1", "Cookie", "1"),
        ("sid", "Set-Cookie", "2"),
        ("_fbp", "Set-Cookie", "1"),
        ("\\u202e", "Cookie", "1"),
        ("sid", "Set-Cookie", "1"),
    ]
    assert rows[2][3].split("  ") == ["sid p.yaml:3:6", "https://shop.example/a", "rewrite (secure-added)"]
    assert err == "3 exchanges, 6 rows\n"


def test_each_row_can_be_printed_in_full_and_as_json(folder: Path) -> None:
    code, out, _ = run("explain", "--policy", "p.yaml", "--traffic", "t.har", "--full", cwd=folder)
    assert code == 0 and "2 times, first at https://shop.example/a\nsid: rewrite\n" in out
    assert "  before  Set-Cookie: sid=<6 bytes>\n  after   Set-Cookie: sid=<6 bytes>; Secure\n" in out
    code, out, _ = run("explain", "--policy", "p.yaml", "--traffic", "t.har", "--format", "json", cwd=folder)
    document = json.loads(out)
    assert (document["exchanges"], document["left_out"], len(document["rows"])) == (3, 0, 6)
    assert document["rows"][2]["declared_at"]["place"] == "p.yaml:3:6" and "CANARY" not in out


def test_a_header_can_be_explained_as_json(folder: Path) -> None:
    code, out, _ = run("explain", "--policy", "p.yaml", "--format", "json", "Set-Cookie: sid=CANARY", cwd=folder)  # fmt: skip
    (found,) = json.loads(out)
    assert code == 0 and (found["action"], found["after"]) == ("rewrite", "sid=<6 bytes>; Secure")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "give one of HEADER, --traffic and --get"),
        (("--traffic", "t.har", "Cookie: a=1"), 2, "give one of HEADER, --traffic and --get"),
        (("--get", "http://127.0.0.1:1/", "--url", "http://a/"), 2, "--url has no effect with --get"),
        (("--get", "http://127.0.0.1:1/", "--cookie", "a=1"), 2, "--cookie has no effect with --traffic and --get"),
        (("Set-Cookie:", "sid=CANARY; Path=/"), 2, "HEADER must be one argument; use quotes"), (("",), 2, "HEADER is empty; expected a line such as"),
        (("--full", "Cookie: a=1"), 2, "--full has no effect with HEADER"),
        (("--traffic", "t.har", "--url", "shop"), 2, '"shop" is not a valid URL'),
        (("--get", "shop.example"), 2, '"shop.example" is not a valid URL, such as https://shop.example/account'),
        (("--get", "http://127.0.0.1:1/"), 3, "cannot connect to"),
        (("--traffic", "none.har"), 3, 'cannot read "none.har": no such file'),
        (("--traffic", "none.har", "--traffic", "t.har"), 3, "3 exchanges, 6 rows"),
    ],
)  # fmt: skip
def test_errors_are_reported(folder: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    found, _, err = run("explain", "--policy", "p.yaml", *arguments, cwd=folder)
    assert found == code and told in err


def test_a_page_is_fetched_and_its_redirects_count_too(folder: Path) -> None:
    pages = {
        "/": (302, {"Location": "/page?x=1", "Set-Cookie": "sid=CANARY"}, b""),
        "/page?x=1": (200, {"Set-Cookie": "_ga=CANARY; Path=/"}, b""),
    }
    with site(pages) as url:
        code, out, err = run("explain", "--policy", "p.yaml", "--get", f"{url}/", cwd=folder)
    assert code == 0 and "CANARY" not in out + err
    told = " ".join(out.split())
    assert f"{url}/ rewrite (secure-added, safari-would-refuse)" in told and f"{url}/page block (undeclared)" in told
    assert err.startswith("2 exchanges, 2 rows\n") and "scripts" in err


def test_rows_are_bounded_and_the_rest_is_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 2)
    found = loaded(POLICY)
    assert found.policy is not None
    table = explain_traffic(found.policy, found.sources, recorded(folder / "t.har"), 0.0, throw_away(found.policy))  # fmt: skip
    assert (len(table.rows), table.left_out, table.rows[0].count) == (2, 5, 3)


def test_a_saved_response_is_judged_by_its_own_date(folder: Path) -> None:
    """Judge an Expires one hour ahead as one hour, even if the file is years old."""
    head = b"HTTP/1.1 200 OK\r\nDate: Mon, 01 Jun 2015 10:00:00 GMT\r\nSet-Cookie: sid=CANARY; Expires=Mon, 01 Jun 2015 11:00:00 GMT\r\n\r\n"
    (folder / "old.txt").write_bytes(head)
    for arguments in (("-",), ("--traffic", "old.txt")):
        code, out, _ = run("explain", "--policy", "p.yaml", *arguments, stdin=head, cwd=folder)
        assert code == 0 and "deletion" not in out and "rewrite" in out


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("name: oidc_state", "oidc_state breaks: SameSite=Lax would stop requests from other sites; "),
        ("name: oidc_state, same_site: keep", ""),
    ],
)
def test_a_post_of_another_site_that_the_policy_would_stop_is_reported(folder: Path, entry: str, told: str) -> None:
    text = entries(entry, "name: sid", defaults="{http_only: true, same_site: {default: Lax}}")
    (folder / "f.yaml").write_text(text)
    traffic = str(Path(__file__).parents[1] / "data" / "recordings" / "formpost.har")
    code, out, _ = run("explain", "--policy", "f.yaml", "--traffic", traffic, cwd=folder)
    assert code == 0 and (told in out) and ("  against: sent with 1 POST from other sites" in out) is bool(told)
    document = json.loads(run("explain", "--policy", "f.yaml", "--traffic", traffic, "--format", "json", cwd=folder)[1])
    assert [one["verdict"] for one in document["unsafe"]] == (["breaks"] if told else [])


@pytest.mark.parametrize(
    ("url", "line", "told"),
    [
        ("https://me.github.io/", "sid=CANARY; Domain=github.io", "browser-would-refuse"),
        ("https://me.github.io/", "sid=CANARY; Domain=me.github.io", ""),
        ("http://localhost:3000/", "sid=CANARY; Secure", "safari-would-refuse"),
        ("http://127.0.0.1/", "sid=CANARY; Secure", "safari-would-refuse"),
        ("https://localhost/", "sid=CANARY; Secure", ""),
        ("http://shop.example/", "sid=CANARY; Secure", "secure-over-http"),
        ("http://localhost/", "other=CANARY; Secure", "undeclared"),
    ],
)
def test_refusals_of_browsers_are_explained(folder: Path, url: str, line: str, told: str) -> None:
    (folder / "f.yaml").write_text(entries("name: sid"))
    arguments = ("--policy", "f.yaml", "--format", "json", "--url", url, f"Set-Cookie: {line}")
    code, out, _ = run("explain", *arguments, cwd=folder)
    (found,) = json.loads(out)
    assert code == 0 and [why["code"] for why in found["whys"]] == ([told] if told else [])
