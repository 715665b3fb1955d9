"""The inventory of a running proxy: its records, without values, kept over reloads and restarts."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cookiewarden.core.report.inventory import MAX_NAMES
from cookiewarden.serve.observe.inventory import MAX_FILE
from tests.support.client import CLOSE, ask, get
from tests.support.proxy import CANARY, Running, Start, running
from tests.support.wait import PATIENCE, eventually

SETS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: sid=CANARY; Max-Age=60; Path=/\r\n"
    b"Set-Cookie: tracker=CANARY; Expires=Fri, 31 Dec 2038 23:59:59 GMT\r\n\r\nok"
)
SAVES_OFTEN = "from cookiewarden.serve.observe import inventory; inventory.SAVE_SECONDS = 0.5"


def fetched(admin: str, path: str) -> bytes:
    with urllib.request.urlopen(f"{admin}{path}", timeout=PATIENCE) as answer:
        return answer.read()


def records(admin: str) -> dict[str, dict]:
    return json.loads(fetched(admin, "/inventory"))["inventory"]["records"]


def sides(admin: str) -> dict[str, dict[str, int]]:
    return {name: {s: t["count"] for s, t in r["sides"].items()} for name, r in records(admin).items()}


def of(proxy: Running) -> str:
    return f"http://127.0.0.1:{proxy.admin}"


def test_names_are_seen_on_both_sides_with_places_and_without_a_value(start: Start) -> None:
    proxy, _ = start(SETS)
    for _ in range(3):
        ask(proxy.port, get(b"/account/123/mail?token=CANARY", b"Cookie: sid=CANARY; other=CANARY", CLOSE))
    assert sides(proxy.admin) == {
        "sid": {"server": 3, "request": 3}, "tracker": {"server": 3}, "other": {"request": 3},
    }  # fmt: skip
    record = records(proxy.admin)["sid"]
    assert record["places"] == [["shop.example", "/account/*/…"]]
    assert [(s["longest"], s["count"]) for s in record["shapes"]] == [(60, 3)]
    for path in ("/inventory", "/forecast", "/drift", "/policy", "/"):
        assert CANARY.encode() not in fetched(proxy.admin, path)


def test_a_head_that_was_looked_at_is_counted_and_looked_at_again_after_the_next_taking(start: Start) -> None:
    proxy, _ = start(SETS)
    for path in (b"/a", b"/b"):
        ask(proxy.port, get(path, CLOSE))
        records(proxy.admin)
    ask(proxy.port, get(b"/c", CLOSE))
    ask(proxy.port, get(b"/never-looked-at", CLOSE))
    assert records(proxy.admin)["sid"]["places"] == [["shop.example", p] for p in ("/a", "/b", "/c")]
    assert sides(proxy.admin)["sid"] == {"server": 4}


def test_cross_site_requests_are_counted_except_links(start: Start) -> None:
    proxy, _ = start()
    cookie, cross = b"Cookie: sid=CANARY", b"Sec-Fetch-Site: cross-site"
    ask(proxy.port, get(b"/", cookie, cross, b"Sec-Fetch-Dest: document", CLOSE))
    ask(proxy.port, get(b"/", cookie, b"Sec-Fetch-Site: same-site", b"X-Note: cross-site", CLOSE))
    assert records(proxy.admin)["sid"]["cross_site"] == 0
    ask(proxy.port, get(b"/", cookie, cross, b"Sec-Fetch-Dest: iframe", CLOSE))
    post = get(b"/", cookie, cross, b"Sec-Fetch-Dest: document", b"Content-Length: 0", CLOSE, method=b"POST")
    ask(proxy.port, post)
    assert records(proxy.admin)["sid"]["cross_site"] == 2 and records(proxy.admin)["sid"]["cross_posts"] == 1


def test_a_reload_keeps_sightings_and_clears_decisions(start: Start) -> None:
    proxy, _ = start(SETS, scheme="https")
    ask(proxy.port, get(b"/", CLOSE))
    assert records(proxy.admin)["tracker"]["rows"][0]["reasons"] == ["undeclared"]
    proxy.policy.write_text(proxy.policy.read_text() + "  - {name: tracker, purpose: x, lifetime: 1h}\n")
    proxy.reload()
    assert records(proxy.admin)["tracker"]["rows"] == [] and sides(proxy.admin)["tracker"] == {"server": 1}
    forecast = {c["name"]: c["verdict"] for c in json.loads(fetched(proxy.admin, "/forecast"))["cookies"]}
    assert forecast == {"sid": "changes", "tracker": "changes"}


def test_the_page_shows_that_the_inventory_is_off(start: Start) -> None:
    proxy, _ = start(SETS, inventory=False)
    ask(proxy.port, get(b"/", b"Cookie: a=CANARY", CLOSE))
    for path in ("/inventory", "/forecast", "/drift"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            fetched(proxy.admin, path)
        assert refused.value.code == 404 and b"--inventory is off" in refused.value.read()
    assert b"The inventory is off" in fetched(proxy.admin, "/")
    proxy.reload()
    assert proxy.plane.status.successes == 1


def test_evicted_cookies_and_cookies_of_scripts_are_recorded(start: Start) -> None:
    policy = "version: 1\nundeclared: {evict: host}\ninject_guard: true\ncookies:\n  - {name: sid, purpose: x, lifetime: 1h}\n"
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"
    proxy, _ = start(page, policy=policy)
    ask(proxy.port, get(b"/page", b"Sec-Fetch-Dest: document", b"Cookie: old=CANARY", CLOSE))
    report = b"/.well-known/cookiewarden/report?fromscript"
    referer = b"Referer: https://shop.example/cart/99?x=CANARY"
    ask(proxy.port, get(report, referer, b"Content-Length: 0", CLOSE, method=b"POST"))
    seen = records(proxy.admin)
    assert [(r["direction"], r["action"]) for r in seen["old"]["rows"]] == [
        ("evict", "evict"),
        ("request", "strip"),
    ]
    assert sides(proxy.admin) == {"old": {"request": 1}, "fromscript": {"script": 1}}
    assert seen["fromscript"]["places"] == [["shop.example", "/cart/*"]]


def test_a_hundred_thousand_names_add_no_series_and_the_inventory_shows_its_limit(start: Start) -> None:
    proxy, _ = start(max_cookies=1000)
    before = len(proxy.scrape().splitlines())
    for at in range(0, 100_000, 500):
        names = b"; ".join(b"n%d=CANARY" % number for number in range(at, at + 500))
        ask(proxy.port, get(b"/", b"Cookie: " + names, CLOSE))
        if at % 1000 == 0:
            fetched(proxy.admin, "/inventory")
    assert len(proxy.scrape().splitlines()) == before + 1  # one violation, on first use
    document = json.loads(fetched(proxy.admin, "/inventory"))["inventory"]
    assert len(document["records"]) == MAX_NAMES
    assert document["left_out"]["request"] + MAX_NAMES == 100_000
    page = fetched(proxy.admin, "/").decode()
    assert "Inventory incomplete." in page and len(page) < 1_000_000


def test_the_page_states_the_limit_of_a_long_name(start: Start) -> None:
    proxy, _ = start()
    ask(proxy.port, get(b"/", b"Cookie: " + b"n" * 4000 + b"=CANARY", CLOSE))
    page = fetched(proxy.admin, "/").decode()
    assert "of at most 256 bytes. Other names were left out 1 time." in page


def test_more_names_at_once_than_are_looked_at_are_counted(start: Start) -> None:
    proxy, _ = start(max_cookies=1000)
    for at in range(0, 5000, 500):
        names = b"; ".join(b"n%d=CANARY" % number for number in range(at, at + 500))
        ask(proxy.port, get(b"/", b"Cookie: " + names, CLOSE))
    document = json.loads(fetched(proxy.admin, "/inventory"))["inventory"]
    assert document["left_out"]["request"] + len(document["records"]) == 5000


def test_workers_add_to_one_inventory_and_a_killed_one_takes_nothing_with_it() -> None:
    with running("--workers", "2", script=SETS) as proxy:
        for _ in range(20):
            ask(proxy.port, get(b"/", CLOSE))
        assert eventually(lambda: sides(of(proxy)).get("sid") == {"server": 20})
        victim = proxy.children()[0]
        os.kill(victim, signal.SIGKILL)
        assert eventually(lambda: victim not in proxy.children() and len(proxy.children()) == 2)
        for _ in range(20):
            ask(proxy.port, get(b"/", CLOSE))
        assert eventually(lambda: sides(of(proxy)).get("sid") == {"server": 40})


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_snapshot_brings_the_inventory_back_after_a_kill(tmp_path: Path, workers: str) -> None:
    kept = tmp_path / "inventory.json"
    flags = ("--inventory-file", str(kept), "--workers", workers)
    with running(*flags, script=SETS, before=SAVES_OFTEN) as proxy:
        ask(proxy.port, get(b"/", CLOSE))
        assert eventually(lambda: kept.exists() and b"tracker" in kept.read_bytes())
        assert kept.stat().st_mode & 0o777 == 0o600 and CANARY.encode() not in kept.read_bytes()
        pids = [proxy.process.pid, *proxy.children()]
        proxy.process.kill()
        proxy.process.wait(PATIENCE)
        proxy.process.returncode = 0  # as intended
        assert eventually(lambda: not any(Path(f"/proc/{pid}/fd").exists() for pid in pids[1:]))
    with running(*flags) as proxy:
        assert sides(of(proxy)) == {"sid": {"server": 1}, "tracker": {"server": 1}}
        ask(proxy.port, get(b"/", b"Cookie: sid=CANARY", CLOSE))
    with running(*flags) as proxy:  # an orderly end writes it at once
        assert sides(of(proxy))["sid"] == {"server": 1, "request": 1}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            b'{"cookiewarden":"inventory","format":1,"inventory":{"since":1,"records":{"a":{"na',
            "not valid JSON",
        ),
        (b'{"cookiewarden":"inventory","format":99,"inventory":{}}', "format"),
        (b"\x00" * 100, "not valid JSON"),
        (b"", "not valid JSON"),
    ],
)
def test_a_snapshot_that_cannot_be_used_is_put_aside_and_not_fatal(tmp_path: Path, content: bytes, told: str) -> None:
    kept = tmp_path / "inventory.json"
    kept.write_bytes(content)
    with running("--inventory-file", str(kept)) as proxy:
        assert records(of(proxy)) == {}
        assert "is not a valid inventory" in proxy.told and told in proxy.told
    assert (tmp_path / "inventory.json.unreadable").read_bytes() == content


def test_another_file_named_by_mistake_is_left_untouched(tmp_path: Path) -> None:
    other = tmp_path / "policy.yaml"
    other.write_text("cookies: []\n")
    with running("--inventory-file", str(other), script=SETS) as proxy:
        assert "is not an inventory file" in proxy.told
        assert b"200 OK" in ask(proxy.port, get(b"/", CLOSE))
    assert other.read_text() == "cookies: []\n" and list(tmp_path.iterdir()) == [other]


def test_a_snapshot_that_cannot_be_written_is_logged_and_traffic_continues(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with running("--inventory-file", str(tmp_path / "folder"), script=SETS) as proxy:
        assert "cannot read the inventory" in proxy.told
        assert b"200 OK" in ask(proxy.port, get(b"/", CLOSE))


def test_a_snapshot_in_a_missing_folder_is_logged_at_the_start(tmp_path: Path) -> None:
    with running("--inventory-file", str(tmp_path / "none" / "inventory.json")) as proxy:
        assert "the inventory will not be saved" in proxy.told


def test_names_with_control_characters_or_markup_are_shown_escaped(start: Start) -> None:
    proxy, _ = start()
    names = (b"<script>alert(1)</script>", b"\xe2\x80\xaereversed", b"\xff\xfe", b"\"'><img>", b"{{7*7}}")
    ask(proxy.port, get(b"/", b"Cookie: " + b"; ".join(name + b"=CANARY" for name in names), CLOSE))
    page = fetched(proxy.admin, "/").decode()
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "\u202e" not in page and "\\u202ereversed" in page and "<img>" not in page and "{{7*7}}" in page
    assert set(records(proxy.admin)) == {
        "<script>alert(1)</script>", "\u202ereversed", "\\xff\\xfe", "\"'><img>", "{{7*7}}",
    }  # fmt: skip


def test_the_page_is_there_under_load(start: Start) -> None:
    proxy, _ = start(SETS)
    began = time.monotonic()
    while time.monotonic() - began < 0.5:
        ask(proxy.port, get(b"/", CLOSE))
    assert b"Requests per second" in fetched(proxy.admin, "/")


def test_a_name_with_a_tab_is_shown_and_kept_as_any_other(tmp_path: Path) -> None:
    kept = tmp_path / "inventory.json"
    with running("--inventory-file", str(kept)) as proxy:
        ask(proxy.port, get(b"/", b"Cookie: x\ty=CANARY", CLOSE))
        assert eventually(lambda: "x\ty" in records(of(proxy)))
        for path in ("/", "/forecast", "/drift"):
            assert b"x\\ty" in fetched(f"http://127.0.0.1:{proxy.admin}", path)
    with running("--inventory-file", str(kept)) as proxy:
        assert "x\ty" in records(of(proxy))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_snapshot_with_more_names_than_are_kept_is_cut_to_the_bounds(tmp_path: Path, workers: str) -> None:
    times = {"count": 1, "first": 1, "last": time.time()}
    many = {f"n{i}": {"name": f"n{i}", "sides": {"server": times}} for i in range(5000)}
    many |= {"sid": {"name": "sid", "sides": {"server": times | {"last": 1}}}}
    kept = tmp_path / "inventory.json"
    kept.write_text(json.dumps({"cookiewarden": "inventory", "format": 1, "inventory": {"records": many}}))
    with running("--inventory-file", str(kept), "--workers", workers, script=SETS) as proxy:
        assert len(records(of(proxy))) == 1001 and "sid" in records(of(proxy))

        def left_out() -> dict[str, int]:
            return json.loads(fetched(of(proxy), "/inventory"))["inventory"]["left_out"]

        assert left_out() == {"server": 4000}
        ask(proxy.port, get(b"/", CLOSE))
        assert eventually(lambda: left_out() == {"server": 4001})


def test_a_circle_of_links_is_refused_without_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with running("--inventory-file", str(tmp_path / "a")) as proxy:
        assert "cannot read the inventory" in proxy.told and "Traceback" not in proxy.told


def test_only_a_regular_file_is_an_inventory(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with running("--inventory-file", str(pipe)) as proxy:
        assert "not a regular file" in proxy.told
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize("name", ["x" * 300, "folder"])
def test_a_file_that_cannot_be_examined_is_logged_and_traffic_continues(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with running("--inventory-file", str(tmp_path / name), script=SETS) as proxy:
        ask(proxy.port, get(b"/", CLOSE))
        assert "cannot read the inventory" in proxy.told and "tracker" in records(of(proxy))
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_pipe_in_place_of_the_snapshot_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "inventory.json.new")
    with running("--inventory-file", str(tmp_path / "inventory.json"), script=SETS) as proxy:
        ask(proxy.port, get(b"/", CLOSE))
        assert eventually(lambda: "tracker" in records(of(proxy)))
        proxy.signal(signal.SIGTERM)
        assert proxy.process.wait(PATIENCE) == 0
        assert "cannot save the inventory" in proxy.told


def test_a_snapshot_that_is_larger_than_any_inventory_is_put_aside(tmp_path: Path) -> None:
    kept = tmp_path / "inventory.json"
    with kept.open("wb") as file:
        file.truncate(MAX_FILE + 1)
    with running("--inventory-file", str(kept)) as proxy:
        assert "it is too large for an inventory" in proxy.told
    assert (tmp_path / "inventory.json.unreadable").stat().st_size == MAX_FILE + 1


@pytest.mark.parametrize(
    ("scheme", "line", "over_http"),
    [("http", b"sid=CANARY", 1), ("http", b"sid=CANARY; Secure", 0), ("https", b"sid=CANARY", 0)],
)
def test_the_inventory_knows_where_browsers_refuse_secure(
    start: Start, scheme: str, line: bytes, over_http: int
) -> None:
    proxy, _ = start(b"HTTP/1.1 200 OK\r\nSet-Cookie: %b\r\nContent-Length: 0\r\n\r\n" % line, scheme=scheme)
    ask(proxy.port, b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")
    assert records(proxy.admin)["sid"]["over_http"] == over_http
