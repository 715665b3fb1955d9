"""The commands as users call them: their output and exit code."""

import json
import os
from pathlib import Path

import pytest

from cookiewarden import __version__
from cookiewarden.build import IS_COMPILED
from tests.support.command import run

# check


def test_the_shipped_policies_have_only_the_known_warnings() -> None:
    code, out, err = run("check", "policies")
    assert code == 0 and out.endswith("\nok (1 warning)\n")
    assert "policies/carerix.yaml: 17 entries, sha256 " in out and "policies/starter.yaml: 1 entry, " in out
    assert "google-analytics.yaml:13:5: warning: browsers keep cookies for at most 400 days" in err
    assert run("check", "--strict", "policies")[0] == 1


def test_check_prints_all_problems_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("cookies: [{nam: a}]\n")
    (tmp_path / "b.yml").write_text("mod: x\ncookies: []\n")
    (tmp_path / "c.test.yaml").write_text("not: a policy\n")
    code, out, err = run("check", str(tmp_path))
    assert (code, out) == (1, "")
    assert err.count("error:") == 3 and err.endswith("3 errors\n")
    code, out, _ = run("check", "--format", "json", str(tmp_path / "b.yml"))
    found = json.loads(out)
    assert (code, found[0]) == (1, {
        "path": str(tmp_path / "b.yml"), "line": 1, "column": 1, "severity": "error", "code": "unknown-key",
        "message": 'unknown key "mod", did you mean "mode"?',
    })  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check"], 2),
        (["chekc"], 2),
        (["check", "nowhere.yaml"], 3),
        (["check", "docs-not-there"], 3),
        (["test", "nowhere.test.yaml"], 3),
        (["run", "--policy", "nowhere.yaml", "--upstream", "http://127.0.0.1:1"], 3),
        (["run", "--config", "nowhere.yaml"], 3),
        (["diff", "nowhere.yaml", "policies/starter.yaml"], 3),
        (["explain", "--policy", "nowhere.yaml", "Cookie: a=1"], 3),
        (["explain", "--policy", "policies/starter.yaml", "--traffic", "nowhere.har"], 3),
        (["learn", "nowhere.har"], 3),
        (["learn", "nowhere.har", "--catalog", "nowhere.csv"], 3),
        (["statement", "--policy", "nowhere.yaml"], 3),
        (["statement", "--policy", "policies/starter.yaml", "--template", "nowhere.html"], 3),
        (["statement", "--policy", "policies/starter.yaml", "--check", "nowhere.html"], 3),
        (["statement", "import", "nowhere.html"], 3),
        (["forecast", "1", "--token-file", "nowhere"], 3),
    ],
)
def test_wrong_usage_is_exit_2_and_an_unreadable_or_unreachable_source_is_exit_3(
    arguments: list[str], code: int
) -> None:
    assert run(*arguments)[0] == code


def test_a_file_that_cannot_be_read_is_exit_3(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.yaml")
    code, _, err = run("check", str(tmp_path / "p.yaml"))
    assert code == 3 and "is not a regular file [unreadable]" in err


def test_a_folder_without_policies_is_wrong_usage(tmp_path: Path) -> None:
    assert run("check", str(tmp_path))[0] == 2


# explain


def test_explain_prints_decision_reason_and_line_but_no_value() -> None:
    code, out, _ = run(
        "explain",
        "--policy",
        "policies/carerix.yaml",
        "Set-Cookie: agencyID=CANARY; path=/; max-age=315360000",
    )
    assert code == 0 and "CANARY" not in out
    assert out == (
        "agencyID: rewrite\n"
        '  declared as "agencyID" at policies/carerix.yaml:87:5\n'
        "  same-site-changed: the policy sets SameSite\n"
        "    policies/carerix.yaml:60:3: same_site: {default: Lax}\n"
        "  secure-added: Secure was missing\n"
        "    policies/carerix.yaml:58:3: secure: true\n"
        "  http-only-added: HttpOnly was missing\n"
        "    policies/carerix.yaml:94:5: http_only: true\n"
        "  lifetime-capped: the lifetime was longer than the policy allows\n"
        "    policies/carerix.yaml:92:5: lifetime: 1y\n"
        "  before  Set-Cookie: agencyID=<6 bytes>; path=/; max-age=315360000\n"
        "  after   Set-Cookie: agencyID=<6 bytes>; path=/; max-age=31536000; SameSite=Lax; Secure; HttpOnly\n\n"
    )


def test_explain_reads_a_whole_response_head_and_any_bytes() -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: x=\xff\x1b[31mCANARY\r\nset-cookie: wosid=; Max-Age=0\r\nX: y\r\n\r\n"
    code, out, _ = run("explain", "--policy", "policies/carerix.yaml", "-", stdin=head)
    assert code == 0 and "\x1b" not in out and "CANARY" not in out
    assert out.startswith("x: block\n  malformed: ") and "\nwosid: rewrite\n" in out


@pytest.mark.parametrize(
    ("url", "header", "expected"),
    [
        ("https://a.example/", "Cookie: a=1; _ga=2", "  undeclared: the policy does not declare the cookie\n    policies/carerix.yaml:18:3: request: strip\n"),
        ("https://a.example/", "cookie: _ga=2", "not-forwarded: the policy does not forward the cookie to the application"),
        ("http://a.example/", "set-cookie: wosid=1; Secure", "secure-over-http: browsers reject Secure cookies over plain HTTP"),
        ("https://a.example/", "Set-Cookie: wosid=1; Domain=b.example", "browser-would-refuse"),
        ("https://a.example/", "Set-Cookie: nameless", "a cookie without a name: block"),
        ("https://a.example/", "Cookie: wosid=1", "after   unchanged, byte for byte"),
        ("https://a.example/", "Set-Cookie: _ga=1; Max-Age=63072001", "    policies/vendors/google-analytics.yaml:13:5: lifetime: 2y"),
    ],
)  # fmt: skip
def test_explain_knows_where_the_browser_is(url: str, header: str, expected: str) -> None:
    code, out, _ = run("explain", "--policy", "policies/carerix.yaml", "--url", url, header)
    assert (code, expected in out) == (0, True), out


def test_explain_of_policies_that_only_report_or_pass_or_cap(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "mode: report\nceiling: 1h\nundeclared: {response: pass}\ncookies: [{name: a, lifetime: 1d}]\n"
    )
    _, out, _ = run("explain", "--policy", str(tmp_path / "p.yaml"), "Set-Cookie: a=1; Max-Age=9999")
    assert "a: rewrite, only reported" in out and "p.yaml:2:1: ceiling: 1h" in out
    _, out, _ = run("explain", "--policy", str(tmp_path / "p.yaml"), "Set-Cookie: b=1")
    assert (
        "b: pass\n  undeclared: the register does not declare the cookie, and the policy passes undeclared cookies"
        in out
    )


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            ["--policy", "policies/carerix.yaml", "wosid=1"],
            2,
            "give a line such as 'Set-Cookie: sid=1; Path=/'",
        ),
        (
            ["--policy", "policies/carerix.yaml", "--url", "a.example", "Cookie: a=1"],
            2,
            "is not a valid URL, such as https://",
        ),
        (["--policy", "none.yaml", "Cookie: a=1"], 3, 'the file "none.yaml" does not exist'),
        (["--policy", "tests/data/bad/typo.yaml", "Cookie: a=1"], 1, 'did you mean "policy"?'),
        (["Cookie: a=1"], 2, "--policy"),
    ],
)
def test_explain_reports_missing_or_wrong_arguments(arguments: list[str], code: int, told: str) -> None:
    found, _, err = run("explain", *arguments)
    assert (found, told in err) == (code, True), err


@pytest.mark.parametrize(
    ("stdin", "code", "told"),
    [
        (b"", 2, "standard input is empty"),
        (b"Set-Cokie: a=1", 2, "the input has no Set-Cookie or Cookie header; give a line such as"),
        (b"Cookie: ", 0, "the header has no cookies: the policy decides nothing"),
        (b"GET /shop/x HTTP/1.1\r\nHost: shop.example\r\nCookie: sid=1\r\n\r\n", 0, "sid: pass"),
        (b"> GET /shop HTTP/1.1\n> Host: shop.example\n> Cookie: sid=1\n", 0, "sid: pass"),
        (b"GET / HTTP/1.1\r\nHost: other.example\r\nCookie: sid=1\r\n\r\n", 0, "decided for https://other.example/"),
        (b"Cookie: sid=1", 0, "decided for https://localhost/; use --url for another URL"),
        (b"Cookie: sid=1", 0, "declared elsewhere: for shop.example, /shop"),
        (b"HTTP/1.1 200 OK\n< Set-Cookie: sid=1; Domain=b.example\n", 0, "decided for https://localhost/"),
    ],
)  # fmt: skip
def test_explain_takes_the_host_from_a_request_head_and_prints_it(
    tmp_path: Path, stdin: bytes, code: int, told: str
) -> None:
    (tmp_path / "p.yaml").write_text("cookies: [{name: sid, scope: {hosts: [shop.example], paths: [/shop]}}]\n")
    found, out, err = run("explain", "--policy", "p.yaml", "-", stdin=stdin, cwd=tmp_path)
    assert (found, told in out + err) == (code, True), out + err


def test_explain_reads_the_visitors_answer_from_the_request_or_from_an_option() -> None:
    policy = ("--policy", "policies/examples/consent.yaml")
    granted = "CookieConsent={stamp:'a',necessary:true,preferences:false,statistics:true,marketing:false}"
    line = "Set-Cookie: visitor=CANARY; Secure; HttpOnly; SameSite=Lax"
    exchange = f"> GET / HTTP/1.1\r\n> Cookie: {granted}\r\n> Sec-GPC: 1\r\n\r\n< {line}\r\n".encode()
    told = [
        run("explain", *policy, line),
        run("explain", *policy, "--cookie", granted, line),
        run("explain", *policy, "-", stdin=exchange.replace(b"GPC: 1", b"GPC: 0")),
        run("explain", *policy, "-", stdin=exchange),
    ]
    found = [out.partition("visitor: ")[2].partition("\n")[0] for _, out, _ in told]
    assert found == ["block", "pass", "pass", "block"]
    assert "no-consent: " in told[0][1] and "gpc: " in told[3][1]
    assert not any("CANARY" in out for _, out, _ in told)


def test_explain_shows_lines_that_the_proxy_adds(tmp_path: Path) -> None:
    text = "version: 1\nundeclared: {evict: host}\ncookies: [{name: a, path: /, lifetime: 1h, purpose: x}]\n"
    (tmp_path / "p.yaml").write_text(text)
    head = b"GET /x HTTP/1.1\r\nAccept: text/html\r\nCookie: b=CANARY\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a=CANARY; Path=/x\r\n\r\n"
    code, out, _ = run("explain", "--policy", str(tmp_path / "p.yaml"), "-", stdin=head)
    assert code == 0 and "CANARY" not in out
    assert "  first   Set-Cookie: a=<0 bytes>; Path=/x; Max-Age=0\n" in out
    assert "b: evict\n" in out and "  before  (none)\n  after   Set-Cookie: b=<0 bytes>; Path=/; Max-Age=0\n" in out


def test_explain_reports_a_head_without_cookies() -> None:
    told = "the input has no Set-Cookie or Cookie header: the policy decides nothing\n"
    for form, printed in (("text", ""), ("json", "[]\n")):
        head = b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n"
        asked = ("explain", "--policy", "policies/carerix.yaml", "--format", form, "-")
        assert run(*asked, stdin=head) == (3, printed, told)


# settings


def test_a_flag_counts_before_a_variable_before_a_file_before_the_default(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("read-timeout: 7\nconnect_timeout: 8\nlisten: 127.0.0.1:1\nmax_head: 010\n")
    code, out, _ = run(
        "run",
        "--config",
        str(config),
        "--listen",
        ":3",
        "--print-config",
        COOKIEWARDEN_LISTEN="2",
        COOKIEWARDEN_CONNECT_TIMEOUT="9",
    )
    settings = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert code == 0
    assert settings["listen"] == [":3", "--listen"]
    assert settings["connect_timeout"] == ["9", "COOKIEWARDEN_CONNECT_TIMEOUT"]
    assert settings["read_timeout"] == ["7", f"{config}:1"]
    assert settings["max_head"] == ["010", f"{config}:4"]
    assert settings["pool_timeout"] == ["5", "default"]


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (
            "read_timeot: 7",
            2,
            'c.yaml:1:1: error: unknown setting "read_timeot", did you mean "read_timeout"?',
        ),
        ("read_timeout: [7]", 2, '"read_timeout" takes one value'),
        ("- a", 2, "expected a mapping of settings"),
        (
            "read_timeout: soon",
            2,
            'c.yaml:1: read_timeout: "soon" is not a number of seconds (for example 30 or 0.5)',
        ),
        ("read_timeout: -1", 2, 'c.yaml:1: read_timeout: "-1" is out of range; expected 0 to'),
        ("max_head: 1k", 2, 'c.yaml:1: max_head: "1k" is not a whole number'),
        (
            "trust_forwarded: 10.0.0.0/33",
            2,
            'c.yaml:1: trust_forwarded: "10.0.0.0/33" is not a valid network (for example 10.0.0.0/8',
        ),
        ("connect_timeout: 0", 2, "c.yaml:1: connect_timeout: 0 seconds is not a valid timeout"),
        ("scheme: ftp", 2, 'c.yaml:1: scheme: "ftp" is not a valid scheme'),
        ('upstream_host: "a\\r\\nX: 1"', 2, "is not a valid host; expected HOST or HOST:PORT"),
        ("mode: on\nmax_head: 1k", 2, 'c.yaml:2: max_head: "1k" is not a whole number'),
        ("mode: on", 2, 'c.yaml:1: mode: "on" is not a valid mode; expected enforce or report'),
        ('inventory_file: "a\\0b"', 2, "c.yaml:1: inventory_file: a file name cannot contain a NUL character"),
        ("a: [", 2, "not valid YAML"),
    ],
)
def test_errors_of_a_settings_file_are_reported(tmp_path: Path, text: str, code: int, told: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    found, _, err = run("run", "--config", "c.yaml", "--print-config", cwd=tmp_path)
    assert (found, told in err) == (code, True), err


def test_an_empty_settings_file_changes_nothing_and_a_missing_one_is_reported(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("")
    assert run("run", "--config", str(tmp_path / "c.yaml"), "--print-config")[0] == 0
    code, _, err = run("run", "--config", str(tmp_path / "none.yaml"), "--print-config")
    assert code == 3 and "no such file or directory" in err


def test_every_command_has_help_and_the_version_is_printed() -> None:
    for command in ([], ["run"], ["check"], ["explain"], ["schema"], ["demo"]):
        code, out, _ = run(*command, "--help")
        assert code == 0 and out.startswith("Usage: cookiewarden")
    build = "compiled" if IS_COMPILED else "interpreted"
    assert run("--version")[1] == f"cookiewarden, version {__version__} ({build})\n"


def test_problems_for_github_name_their_lines(tmp_path: Path) -> None:
    (tmp_path / "p,1.yaml").write_text("cookies:\n  - {name: a, samesit: 100%}\n")
    code, out, err = run("check", "--format", "github", "p,1.yaml", cwd=tmp_path)
    assert (code, err) == (1, "")
    assert out.startswith('::error file=p%2C1.yaml,line=2,col=15,title=unknown-key::unknown key "samesit"')


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands_and_options(shell: str) -> None:
    code, out, _ = run(_COOKIEWARDEN_COMPLETE=f"{shell}_source")
    assert code == 0 and "cookiewarden" in out and "Usage" not in out
    words = {"COMP_WORDS": "cookiewarden fore", "COMP_CWORD": "fore" if shell == "fish" else "1"}
    assert "forecast" in run(_COOKIEWARDEN_COMPLETE=f"{shell}_complete", **words)[1]


# envoy


def test_envoy_prints_the_configuration_of_envoy_itself_by_default() -> None:
    code, out, err = run("envoy", "--policy", "policies/carerix.yaml")
    assert (code, err) == (0, "") and out == run("envoy", "--host", "envoy", "--policy", "policies/carerix.yaml")[1]
    assert out.startswith("# Envoy asks cookiewarden about cookies, by the policy carerix.\n")


def test_envoy_refuses_names_as_addresses_of_a_listener() -> None:
    code, out, err = run("envoy", "--policy", "policies/carerix.yaml", "--listen", "localhost:8080")
    assert (code, out) == (2, "") and "--listen localhost:8080: Envoy listens on IP addresses only" in err


def test_a_line_break_in_the_name_of_a_policy_stays_in_its_comment(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text('version: 1\npolicy: "a\\nstatic_resources: {}"\ncookies: []\n')
    assert "\nstatic_resources: {}" not in run("envoy", "--policy", str(path))[1]
