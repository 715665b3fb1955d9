"""`cookiewarden learn`: a draft from traffic, as a new policy or in an existing one."""

import json
from functools import partial
from pathlib import Path

import pytest

from cookiewarden.files import PolicyFiles
from tests.support.client import CLOSE, ask, get
from tests.support.command import run
from tests.support.proxy import running

POLICY = """# of the shop
version: 1
policy: shop
cookies:
  # the session
  - name: sid   # kept as it is
    lifetime: 1h
    purpose: x

# below the list
undeclared: {response: block}
"""
RECORDINGS = Path(__file__).parent.parent / "data" / "recordings"
LINES = (
    "sid=CANARY; Path=/",
    "intercom-id-abc123=CANARY; Max-Age=60",
    "intercom-id-def456=CANARY; Max-Age=90",
    "_ga=CANARY; Max-Age=63072000",
    "no=CANARY",
)


learn = partial(run, "learn")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.yaml").write_text(POLICY)
    head = "HTTP/1.1 200 OK\n" + "".join(f"Set-Cookie: {line}\n" for line in LINES)
    (tmp_path / "c.txt").write_text(f"GET /a HTTP/1.1\nHost: shop.example\nCookie: old=CANARY\n\n{head}\n")
    return tmp_path


def names(path: Path) -> list[str]:
    loaded = PolicyFiles(str(path)).load()
    assert loaded.policy is not None, loaded.problems
    return [entry.name for entry in loaded.policy.entries]


def test_a_new_policy_is_in_report_mode_and_loads(folder: Path) -> None:
    code, told, error = learn("c.txt", "--name", "new", cwd=folder)
    assert code == 0 and "5 entries drafted, including 1 family" in error
    (folder / "new.yaml").write_text(told)
    assert names(folder / "new.yaml") == ["_ga", "intercom-id-*", "no", "sid", "old"]
    assert (
        "mode: report" in told
        and "# a family: 2 names differ only in parts that look random: intercom-id-abc123, intercom-id-def456" in told
    )
    assert "set 2 times" in told and "lifetime: 90s" in told


def test_cookies_that_are_only_deleted_are_named(folder: Path) -> None:
    head = "HTTP/1.1 200 OK\nHost: shop.example\nSet-Cookie: sid=1\nSet-Cookie: sid=; Max-Age=0\nSet-Cookie: "
    (folder / "c.txt").write_text(f"{head}gone=; Max-Age=0\n")
    code, told, error = learn("c.txt", cwd=folder)
    assert code == 0 and "1 cookie only deleted, so without an entry: gone\n" in error
    assert "name: sid" in told and "name: gone" not in told


def test_missing_entries_are_added_and_every_other_octet_is_kept(folder: Path) -> None:
    code, _, error = learn("c.txt", "--into", "p.yaml", cwd=folder)
    assert code == 0 and "4 entries drafted, including 1 family: _ga, intercom-id-*, no, old" in error
    text = (folder / "p.yaml").read_text()
    before, after = POLICY.split("\n# below the list")
    assert text.startswith(before) and text.endswith("\n# below the list" + after)
    assert names(folder / "p.yaml") == ["sid", "_ga", "intercom-id-*", "no", "old"]
    code, _, error = learn("c.txt", "--into", "p.yaml", cwd=folder)
    assert code == 0 and "no entries are missing" in error and (folder / "p.yaml").read_text() == text


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("version: 1\n", ["_ga"]), ("cookies:\n- name: sid\n  purpose: x\nmode: report\n", ["sid", "_ga"]),
        ("cookies:\n    - {name: sid}\n    # end", ["sid", "_ga"]),
        ("cookies:\n  - name: sid\n    purpose: >-\n      x\n\n      y\n", ["sid", "_ga"]),
    ],
)  # fmt: skip
def test_lists_of_many_styles_are_added_to(folder: Path, policy: str, expected: list[str]) -> None:
    (folder / "p.yaml").write_text(policy)
    (folder / "c.txt").write_text("Set-Cookie: _ga=CANARY\n")
    code, _, error = learn("c.txt", "--into", "p.yaml", cwd=folder)
    assert code == 0, error
    assert names(folder / "p.yaml") == expected


@pytest.mark.parametrize("policy", ["cookies: [{name: sid}]\n", "cookies: []\n", "cookies:\n  -\n    name: sid\n"])
def test_a_list_in_one_line_is_left_to_a_person(folder: Path, policy: str) -> None:
    (folder / "p.yaml").write_text(policy)
    code, told, error = learn("c.txt", "--into", "p.yaml", cwd=folder)
    assert code == 1 and "p.yaml:" in error and "cannot add entries" in error and "- name: _ga" in told
    assert (folder / "p.yaml").read_text() == policy


def test_a_catalog_suggests_and_declares_nothing(folder: Path) -> None:
    head = "Platform,Category,Cookie / Data Key name,Description,Retention period,Wildcard match\n"
    (folder / "c.csv").write_text(
        head
        + 'Google,Analytics,_ga,"Counts: ""visits""\n# and more",2 years,0\nIntercom,Support,intercom-id-,Chat,9 months,1\n'
    )
    code, told, error = learn("c.txt", "--catalog", "c.csv", cwd=folder)
    assert code == 0 and "2 in the catalog" in error
    assert '    # purpose: "Counts: \\"visits\\" # and more"\n    # category: analytics\n' in told
    (folder / "new.yaml").write_text(told)
    loaded = PolicyFiles(str(folder / "new.yaml")).load()
    assert loaded.policy is not None and all(not e.category and not e.purpose for e in loaded.policy.entries)


def test_one_failing_source_does_not_stop_the_others(folder: Path) -> None:
    (folder / "cut.har").write_text(
        json.dumps(
            {
                "log": {
                    "entries": [
                        {
                            "request": {
                                "method": "GET",
                                "url": "https://a.example/",
                                "headers": [{"name": "Cookie", "value": "fromhar=CANARY"}],
                            },
                            "response": {"headers": []},
                        }
                    ]
                }
            }
        )[:-3]
    )
    code, told, error = learn("c.txt", "cut.har", "none.har", cwd=folder)
    assert (
        code == 3
        and '"cut.har" is truncated; using the exchanges before that place' in error
        and 'cannot read "none.har"' in error
    )
    assert "- name: fromhar" in told and "- name: _ga" in told


def test_learn_can_be_limited_to_some_hosts(folder: Path) -> None:
    assert "- name: _ga" in learn("c.txt", "--host", "*.example", cwd=folder)[1]
    code, out, error = learn("c.txt", "--host", "other.example", cwd=folder)
    assert (code, out) == (3, "") and "excluded by --host" in error and "nothing learned" in error


def test_learn_reads_a_running_proxy(folder: Path) -> None:
    with running() as proxy:
        ask(proxy.port, get(b"/", b"Cookie: fromproxy=CANARY", CLOSE))
        code, told, _ = learn(f"127.0.0.1:{proxy.admin}", cwd=folder)
        assert code == 0 and "- name: fromproxy" in told


def test_cookies_that_scripts_read_stay_readable_in_a_new_policy(folder: Path) -> None:
    code, told, _ = learn(str(RECORDINGS / "wp.har"), cwd=folder)
    assert code == 0 and told.count("http_only: keep  # set 1 time without HttpOnly; ") == 2
    assert "scripts commonly read this name" in told.partition("wp-settings-time-1")[2]


# Tests are drafted too


def test_a_new_policy_and_its_tests_are_written_and_pass(folder: Path) -> None:
    code, out, error = learn("c.txt", "--output", "new.yaml", "--tests", "new.test.yaml", cwd=folder)
    assert (code, out) == (0, "") and "new.yaml: " in error and "new.test.yaml: 7 cases drafted" in error
    text = (folder / "new.test.yaml").read_text()
    assert '{in: "sid=x; Path=/", out: "sid=x; Path=/; SameSite=Lax; Secure"}' in text
    assert '{in: "not-in-the-register=x; Path=/", out: null}' in text
    code, told, error = run("test", "--strict", "new.test.yaml", cwd=folder)
    assert code == 0 and "7 of 7 cases passed" in told, error


def test_tests_of_a_policy_that_is_there_speak_of_all_that_was_seen(folder: Path) -> None:
    (folder / "p.yaml").write_text(POLICY.replace("lifetime: 1h", "lifetime: 1h\n    seal: true"))
    code, _, error = learn("c.txt", "--into", "p.yaml", "--tests", "p.test.yaml", cwd=folder)
    assert code == 0, error
    assert 'out: "sid=<sealed>; Path=/"' in (folder / "p.test.yaml").read_text()
    code, told, error = run("test", "p.test.yaml", cwd=folder)
    assert code == 0 and "7 of 7 cases passed" in told, error


def test_names_that_yaml_reads_otherwise_are_names_in_tests(folder: Path) -> None:
    (folder / "odd.txt").write_text('Set-Cookie: no=CANARY\nSet-Cookie: {a}"b\\=CANARY; Path=/{x}\nCookie: \u202e=1; 1=2\n')  # fmt: skip
    code, _, error = learn("odd.txt", "--output", "o.yaml", "--tests", "o.test.yaml", cwd=folder)
    assert code == 0, error
    code, told, error = run("test", "o.test.yaml", cwd=folder)
    assert code == 0 and "5 of 5 cases passed, 4 of 4 entries" in told, error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--output", "p.yaml"), '--output: "p.yaml" exists'),
        (
            ("--output", "new.yaml", "--tests", "p.yaml"),
            '--tests: "p.yaml" is not a valid name of a test file',
        ),
        (
            ("--output", "new.yaml", "--tests", "p.test.yaml"),
            '--tests: "p.test.yaml" exists',
        ),
        (("--host", "http://shop.example"), '--host: "http://shop.example" is not a valid host'),
        (("--host", "b\u00fccher.example"), "in its xn--… form"),
        (
            ("--url", "https://b\u00fccher.example/"),
            '--url: "b\u00fccher.example" is not a valid host; write it in its xn--… form',
        ),
        (("--host", ""), '--host: "" is not a valid host'),
        (("--output", "new.yaml", "--into", "p.yaml"), "give either --into or --output"),
        (("--tests", "t.test.yaml"), "--tests requires --into or --output"),
        (("--output", "new.yaml", "--tests", "other/t.test.yaml"), "must be in the folder of the policy"),
    ],
)
def test_no_file_that_is_there_is_written_over(folder: Path, arguments: tuple[str, ...], told: str) -> None:
    (folder / "p.test.yaml").write_text("")
    code, _, error = learn("c.txt", *arguments, cwd=folder)
    assert code == 2 and told in error and (folder / "p.yaml").read_text() == POLICY


def test_a_policy_that_cannot_be_extended_is_left_unchanged(folder: Path) -> None:
    """Use an indentation at which the draft would become part of a quoted text."""
    text = 'version: 1\ncookies:\n  - name: zzz\n    lifetime: 1d\n    purpose: "first line\n  second line"\n'
    (folder / "q.yaml").write_text(text)
    (folder / "link.yaml").symlink_to("q.yaml")
    (folder / "q.yaml.new").write_text("precious")
    code, out, error = learn("c.txt", "--into", "link.yaml", cwd=folder)
    assert code == 1 and "was not changed" in error and "- name:" in out and (folder / "q.yaml").read_text() == text
    (folder / "q.yaml").write_text(text.replace("\n  second", " second"))
    assert learn("c.txt", "--into", "link.yaml", cwd=folder)[0] == 0
    assert (folder / "link.yaml").is_symlink() and (folder / "q.yaml.new").read_text() == "precious"
    assert "first line second line" in (folder / "q.yaml").read_text() and learn(
        "c.txt", "--into", "link.yaml", cwd=folder
    )[2].count("no entries are missing")


def test_a_missing_folder_is_reported(folder: Path) -> None:
    code, _, error = learn("c.txt", "--output", "none/new.yaml", cwd=folder)
    assert code == 3 and 'cannot write "none/new.yaml": no such file or directory' in error


def test_an_empty_source_is_reported_and_has_no_draft(folder: Path) -> None:
    code, out, error = learn("none.har", "--output", "new.yaml", cwd=folder)
    assert (code, out) == (3, "") and 'cannot read "none.har"' in error
    assert not (folder / "new.yaml").exists()


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ("shop.example", 1), ("SHOP.example", 1), ("*.shop.example", 1), ("*.Shop.example", 1), ("[::1]", 1),
        ("*.example", 2), ("hop.example", 0), ("*.a.shop.example", 0),
    ],
)  # fmt: skip
def test_hosts_are_chosen_as_policies_name_them(tmp_path: Path, wanted: str, count: int) -> None:
    hosts = ("Shop.example:8443", "a.shop.example", "[::1]:8080")
    (tmp_path / "c.txt").write_text("".join(f"GET / HTTP/1.1\nHost: {host}\nCookie: a=CANARY\n\n" for host in hosts))
    _, _, error = learn("c.txt", "--host", wanted, cwd=tmp_path)
    assert f"c.txt: {count} exchange{'s' * (count != 1)} ({3 - count} excluded by --host)" in error


def test_drafted_tests_have_the_urls_that_were_seen(tmp_path: Path) -> None:
    entry = {
        "request": {"method": "GET", "url": "http://shop.example:8080/a/B.php/deep/?q=CANARY", "headers": []},
        "response": {"headers": [{"name": "Set-Cookie", "value": "sid=CANARY; Path=/a/"}]},
    }
    (tmp_path / "c.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    code, _, error = learn("c.har", "--output", "p.yaml", "--tests", "p.test.yaml", cwd=tmp_path)
    assert code == 0, error
    text = (tmp_path / "p.test.yaml").read_text()
    assert 'url: "http://shop.example:8080/a/B.php/deep/"\n' in text and "sid=x; Path=/a/" in text
    assert run("test", "p.test.yaml", cwd=tmp_path)[0] == 0


def test_a_cookie_of_a_plain_http_host_stays_without_secure(tmp_path: Path) -> None:
    har = tmp_path / "intranet.har"
    answer = {"headers": [{"name": "Set-Cookie", "value": "sid=1; Path=/; HttpOnly"}]}
    entry = {"request": {"url": "http://intranet.example/", "headers": []}, "response": answer}
    har.write_text(json.dumps({"log": {"entries": [entry]}}))
    code, _, error = learn(str(har), "--output", "p.yaml", "--tests", "p.test.yaml", cwd=tmp_path)
    assert code == 0, error
    told = "secure: https  # set 1 time over plain HTTP, where browsers refuse Secure"
    assert told in (tmp_path / "p.yaml").read_text()
    assert 'out: "sid=x; Path=/; HttpOnly; SameSite=Lax"' in (tmp_path / "p.test.yaml").read_text()


def test_lines_that_were_left_out_are_printed_with_exit_code_3(tmp_path: Path) -> None:
    line = 'host=shop.example cookie="a=CANARY"\n'
    (tmp_path / "c.log").write_text(line + '{"host": "shop.example", "cookie": "a=\n' + line)
    code, told, error = learn("c.log", cwd=tmp_path)
    assert code == 3 and "name: a" in told and "c.log: 1 line left out: not valid JSON" in error
    (tmp_path / "c.log").write_text('host=shop.example "GET / HTTP/1.1" "a=CANARY"\n')
    code, told, error = learn("c.log", cwd=tmp_path)
    assert code == 3 and not told and "1 line left out: a field may be a cookie header" in error
    assert "nothing learned" in error


def test_a_header_that_no_reader_knows_is_printed_with_its_line_and_exit_code_3(tmp_path: Path) -> None:
    head = "HTTP/1.1 204 No Content\nSet-Cookie: a=CANARY; Path=/\n\n"
    (tmp_path / "c.txt").write_text(head + "worker 7 got Set-Cookie: b=CANARY; Path=/\n" * 2)
    told = "c.txt: 2 lines left out: Set-Cookie or Cookie in a form that is not known; the first is line 4\n"
    code, out, error = learn("c.txt", cwd=tmp_path)
    assert code == 3 and "name: a" in out and told in error and "CANARY" not in error
    (tmp_path / "p.yaml").write_text(out)
    code, _, error = run("explain", "--policy", "p.yaml", "--traffic", "c.txt", cwd=tmp_path)
    assert code == 3 and told in error
    code, _, error = run("diff", "p.yaml", "p.yaml", "--replay", "c.txt", cwd=tmp_path)
    assert code == 3 and told in error


def test_drafted_tests_that_hold_an_edit_which_may_break_are_not_a_success(folder: Path) -> None:
    lines = ("csrf_token_P1=CANARY; Path=/", "sid=CANARY; Path=/; HttpOnly", "b=CANARY; Path=/; HttpOnly")
    head = "HTTP/1.1 200 OK\n" + "".join(f"Set-Cookie: {line}\n" for line in lines)
    (folder / "c.txt").write_text(f"GET /a HTTP/1.1\nHost: shop.example\n\n{head}\n")
    text = POLICY.replace("  # the session", "  - {name: csrf_token_P1, lifetime: 1h, purpose: x}\n  # the session")
    (folder / "p.yaml").write_text(text.replace("policy: shop", "policy: shop\ndefaults: {http_only: true}"))
    code, _, error = learn("c.txt", "--into", "p.yaml", "--tests", "p.test.yaml", cwd=folder)
    assert code == 1 and "1 cookie may break, see the comments" in error


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("x*y=CANARY", "# breaks: undeclared; add an entry if the application needs it"),
        ("CANARY", "# a cookie without a name, which has no case:"),
    ],
)
def test_a_cookie_that_no_draft_declares_is_not_a_success(folder: Path, line: str, told: str) -> None:
    text = f"GET /a HTTP/1.1\nHost: shop.example\n\nHTTP/1.1 200 OK\nSet-Cookie: sid=1\nSet-Cookie: {line}\n\n"
    (folder / "c.txt").write_text(text)
    code, _, error = learn("c.txt", "--output", "new.yaml", "--tests", "new.test.yaml", cwd=folder)
    assert code == 1 and "1 cookie may break, see the comments" in error
    assert told in (folder / "new.test.yaml").read_text()


@pytest.mark.parametrize(("line", "told"), [("justvalue; Path=/", "a cookie without a name"), ("a*b=1", '"a*b"')])
def test_a_cookie_that_cannot_be_declared_is_reported(line: str, told: str, tmp_path: Path) -> None:
    headers = [{"name": "Set-Cookie", "value": value} for value in ("sid=1", line)]
    request = {"method": "GET", "url": "https://shop.example/", "headers": []}
    entry = {"request": request, "response": {"status": 200, "headers": headers}}
    (tmp_path / "seen.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    code, out, err = run("learn", tmp_path / "seen.har")
    assert code == 1 and "name: sid" in out and f"{told} was set" in err and "enforcement blocks it" in err
