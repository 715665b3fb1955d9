"""Commands against a real running proxy: forecast, drift, mode, reload, health, report."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client import CLOSE, ask, get
from tests.support.command import run as run_command
from tests.support.process import free_port
from tests.support.proxy import POLICY, Running, running
from tests.support.site import site
from tests.support.wait import eventually

TOKEN = "a-token-of-the-admin-listener"
SETS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: sid=CANARY; Max-Age=7200; Secure\r\n"
    b"Set-Cookie: tracker=CANARY; Max-Age=7776000; Path=/\r\n\r\nok"
)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("admin") / "token"
    path.write_text(TOKEN)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def proxy(token: Path) -> Iterator[Running]:
    with running("--admin-token-file", str(token), script=SETS) as found:
        names = ("other", "\u202ereversed", "\x1b[31mred", "<b>")
        cookie = "; ".join(f"{name}=CANARY" for name in names if "\x1b" not in name)
        for _ in range(3):
            ask(found.port, get(b"/cart/17", b"Cookie: " + cookie.encode(), CLOSE))
        yield found


def run(*arguments: object) -> tuple[int, str, str]:
    code, out, err = run_command(*arguments)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e]", out + err)
    return code, out, err


def at(proxy: Running) -> str:
    return f"127.0.0.1:{proxy.admin}"


def test_forecast_lists_cookies_that_would_break_and_exits_1(proxy: Running) -> None:
    code, told, _ = run("forecast", at(proxy))
    assert code == 1
    assert "BREAKS: set by the application" in told
    assert "    tracker: block (undeclared), 3 responses, for example at shop.example/cart/*; last" in told
    assert "HIDDEN" in told and "\\u202ereversed" in told
    assert "  lifetime reduced to the policy's maximum:\n    sid\n" in told


def test_forecast_accepts_another_policy(proxy: Running, tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(
        "version: 1\npolicy: other\nundeclared: {request: pass}\ncookies:\n  - {name: sid}\n  - {name: tracker}\n"
    )
    code, told, _ = run("forecast", "--policy", path, at(proxy))
    assert code == 0 and "Forecast for other (sha256" in told and "No cookie seen so far would break." in told
    code, told, _ = run("forecast", "--policy", path, "--format", "json", at(proxy))
    assert {c["name"]: c["verdict"] for c in json.loads(told)["cookies"]}["tracker"] == "fine"


def test_drift_lists_differences_and_the_yaml_to_paste(proxy: Running, tmp_path: Path) -> None:
    code, told, _ = run("drift", at(proxy))
    assert code == 1
    assert "tracker: set by the application, but undeclared" in told
    assert "sid: the application sets a lifetime of 2h, but the entry allows 1h" in told
    assert "seen: declared, but not seen yet" in told
    pasted = tmp_path / "pasted.yaml"
    pasted.write_text(POLICY + told.partition("fill in the comments:\n\n")[2])
    code, told, _ = run("drift", "--policy", pasted, "--only", "undeclared", at(proxy))
    assert (code, "No differences of kind undeclared." in told) == (0, True)
    assert run("check", pasted)[0] == 0
    code, told, _ = run("drift", "--only", "never-seen", "--format", "json", at(proxy))
    assert [f["name"] for f in json.loads(told)["findings"]] == ["seen"]


def test_drift_lists_hardening_which_counts_only_if_asked_for(proxy: Running, tmp_path: Path) -> None:
    path = tmp_path / "loose.yaml"
    sent = "".join(f"  - {{name: '{name}', set_by: both}}\n" for name in ("other", "*reversed", "<b>"))
    path.write_text(f"version: 1\ncookies:\n  - {{name: sid, lifetime: 1d}}\n  - {{name: tracker}}\n{sent}")
    code, told, _ = run("drift", "--policy", path, at(proxy))
    assert code == 0 and "No differences." in told and "sid: the entry could be stricter: " in told
    assert "    lifetime: 2h  # the longest that was seen\n" in told and "Paste" not in told
    code, told, _ = run("drift", "--policy", path, "--only", "hardening", at(proxy))
    assert code == 1 and "No differences" not in told and "sid: the entry could be stricter: " in told


def test_mode_is_switched_and_turned_back(proxy: Running, token: Path) -> None:
    code, told, _ = run("mode", "report", "--for", "30min", "--token-file", token, at(proxy))
    assert code == 0 and "mode report (by an operator's switch until" in told and "30 minutes from now" in told
    assert b"tracker" in ask(proxy.port, get(b"/", CLOSE))
    code, told, _ = run("mode", "policy", "--token-file", token, at(proxy))
    assert code == 0 and told.endswith("mode enforce (by the policy)\n")
    assert b"tracker" not in ask(proxy.port, get(b"/", CLOSE))


@pytest.mark.parametrize("duration", ["0h", "1m", "30d", "session", "soon", "-1h", ""])
def test_a_switch_with_an_invalid_duration_is_refused(proxy: Running, token: Path, duration: str) -> None:
    code, _, told = run("mode", "report", "--for", duration, "--token-file", token, at(proxy))
    assert code == 2 and "is not a valid time (for example 30min, 8h or 2d, at most 7 days)" in told


def test_commands_that_change_something_need_the_token(proxy: Running, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("another-token-of-some-length")
    wrong.chmod(0o600)
    for command in (("mode", "report"), ("reload",)):
        code, _, told = run(*command, at(proxy))
        assert code == 3 and "returned status 403: a token is required" in told
        code, _, told = run(*command, "--token-file", wrong, at(proxy))
        assert code == 3 and "returned status 403: the token does not match the one in --admin-token-file" in told
        code, _, told = run(*command, "--token-file", tmp_path / "none", at(proxy))
        assert code == 3 and "no such file or directory" in told


def test_reload_prints_the_errors_of_the_policy(proxy: Running, token: Path) -> None:
    good = proxy.policy.read_text()
    try:
        proxy.policy.write_text(good.replace("secure: true", "secur: true"))
        code, _, told = run("reload", "--token-file", token, at(proxy))
        assert code == 1 and 'did you mean "secure"' in told and "the previous policy stays in force" in told
    finally:
        proxy.policy.write_text(good)
    code, told, _ = run("reload", "--token-file", token, at(proxy))
    assert code == 0 and told.startswith("unchanged: test, sha256 ")


def test_health_is_for_containers(proxy: Running) -> None:
    assert run("health", at(proxy)) == (0, "ready\n", "")
    code, _, told = run("health", f"127.0.0.1:{free_port()}")
    assert code == 3 and "connection refused; start the proxy, or give the address of its admin listener" in told


@pytest.mark.parametrize("command", ["forecast", "drift", "health"])
def test_a_server_other_than_the_admin_listener_is_reported(proxy: Running, command: str) -> None:
    code, _, told = run(command, "ftp://x")
    assert code == 2 and "is not a valid address, such as http://127.0.0.1:9180" in told
    code, _, told = run(command, f"127.0.0.1:{proxy.port}")  # the proxy's own port
    assert (
        code == 3 and "is this the port of the proxy instead of its admin listener?" in told
    ) or "of this version" in told


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--prometheus", "ftp://localhost"), 2, '--prometheus: "ftp://localhost" is not a valid address, such as http://127.0.0.1:9090'),
        (("--prometheus", "http://127.0.0.1:1"), 3, "connection refused"),
        (("--prometheus", "http://127.0.0.1:1", "--since", "1m"), 2, "is not a valid time"),
        (("--prometheus", "http://127.0.0.1:1", "--policy", "none.yaml"), 3, 'the file "none.yaml" does not exist'),
        (("--prometheus", "http://127.0.0.1:1", "--inventory", "none.json"), 3, 'cannot read the inventory "none.json": no such file'),
        ((), 2, "Missing option '--prometheus'"),
    ],
)  # fmt: skip
def test_a_report_that_cannot_be_made_prints_the_reason(arguments: tuple[str, ...], code: int, told: str) -> None:
    found, _, error = run("report", *arguments)
    assert found == code and told in error


def test_a_server_other_than_prometheus_is_reported(proxy: Running, tmp_path: Path) -> None:
    code, _, told = run("report", "--prometheus", f"http://127.0.0.1:{proxy.admin}")
    assert code == 3 and "is not a Prometheus server (status 404)" in told
    (tmp_path / "cut.json").write_text('{"cookiewarden": "inventory", "for')
    code, _, told = run("report", "--prometheus", "http://127.0.0.1:1", "--inventory", tmp_path / "cut.json")
    assert code == 3 and "is not an inventory of this version" in told


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ('"+Inf"', 0), ('"-Inf"', 0), ('"NaN"', 0), ('"1e308"', 0), ('"-1e308"', 0), ('"1e999"', 0), ("9" * 400, 3), ("9" * 5000, 3), ('"x"', 3),
        ("null", 3), ("[]", 3),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["markdown", "html", "json"])
def test_samples_impossible_for_a_counter_are_not_used(value: str, code: int, form: str) -> None:
    at = int(time.time())
    samples = ",".join(f"[{at - back}, {value}]" for back in range(0, 400, 10))
    labels = '{"cookie": "sid", "action": "pass", "direction": "response", "policy": "p", "sha256": "s"}'
    answer = f'{{"status": "success", "data": {{"result": [{{"metric": {labels}, "values": [{samples}]}}]}}}}'
    with site(dict.fromkeys(("/api/v1/query_range", "/api/v1/query"), (200, {}, answer.encode()))) as url:
        found, told, error = run("report", "--prometheus", url, "--since", "5min", "--format", form)
    assert found == code and "Traceback" not in error and ("is not a Prometheus server" in error) is (code == 3)
    assert not re.search(r"\b(inf|nan)\b", told)


@pytest.mark.parametrize("moment", ["1e300", "Infinity", "NaN", "-1", '"x"', "null", "9" * 400])
def test_samples_with_impossible_times_are_rejected(moment: str) -> None:
    answer = f'{{"status": "success", "data": {{"result": [{{"metric": {{}}, "values": [[{moment}, "1"]]}}]}}}}'
    with site(dict.fromkeys(("/api/v1/query_range", "/api/v1/query"), (200, {}, answer.encode()))) as url:
        code, _, told = run("report", "--prometheus", url)
    assert code == 3 and "is not a Prometheus server" in told and "Traceback" not in told


def test_the_schema_of_each_answer_is_printed(proxy: Running) -> None:
    for name in ("inventory", "forecast", "drift", "policy", "mode", "error", "report", "statement"):
        code, told, _ = run("schema", name)
        assert code == 0 and json.loads(told)["type"] == "object"


def test_a_proxy_that_is_draining_is_not_healthy(token: Path) -> None:
    with running("--drain-delay", "2") as found:
        found.process.terminate()
        assert eventually(lambda: run("health", at(found))[0] == 1)


# The address


@pytest.mark.parametrize("address", ["0.0.0.0:{port}", ":{port}", "127.0.0.1:{port}", "{port}"])
def test_health_in_the_environment_of_a_proxy_asks_its_own_listener(proxy: Running, address: str) -> None:
    own = address.format(port=proxy.admin)
    assert run_command("health", COOKIEWARDEN_ADMIN=own) == (0, "ready\n", "")
    elsewhere = f"127.0.0.1:{free_port()}"
    assert run_command("health", COOKIEWARDEN_ADMIN=own, COOKIEWARDEN_ADMIN_URL=elsewhere)[0] == 3
    assert run_command("health", elsewhere, COOKIEWARDEN_ADMIN=own)[0] == 3
