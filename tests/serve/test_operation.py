"""Metrics, health, reload and drain of a running proxy."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cookiewarden.build import IS_COMPILED
from cookiewarden.core.policy.known import FEWEST
from cookiewarden.core.policy.policy import Mode
from tests.support.client import CLOSE, Client, ask, get, status_of
from tests.support.command import run
from tests.support.origin import OK, Origin, OriginConnection, answering
from tests.support.process import free_port, ready, start_process
from tests.support.proxy import POLICY, Start
from tests.support.wait import PATIENCE, eventually

BROKEN = "version: 1\ncookies:\n  - {name: sid, secur: true}\n"
OTHER = POLICY.replace("name: sid", "name: other")
SETS_BOTH = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY1\r\nSet-Cookie: other=CANARY1\r\nContent-Length: 2\r\n\r\nok"


def names_set(port: int) -> list[bytes]:
    return re.findall(rb"Set-Cookie: (\w+)", ask(port, get(b"/", CLOSE)))


# Reload


@pytest.mark.row(12)
@pytest.mark.parametrize("way", ["in place", "rename over", "delete and create", "linked folder"])
def test_a_changed_file_is_in_force_within_two_seconds(start: Start, way: str) -> None:
    proxy, _ = start(SETS_BOTH)
    assert names_set(proxy.port) == [b"sid"]
    path = proxy.policy
    if way == "in place":
        path.write_text(OTHER)
    elif way == "rename over":
        path.with_suffix(".new").write_text(OTHER)
        path.with_suffix(".new").replace(path)
    elif way == "delete and create":
        path.unlink()
        time.sleep(0.2)
        path.write_text(OTHER)
    else:
        folder = path.parent / "..data"
        folder.mkdir()
        (folder / path.name).write_text(OTHER)
        link = path.with_suffix(".link")
        link.symlink_to(f"..data/{path.name}")
        link.replace(path)
    assert eventually(lambda: names_set(proxy.port) == [b"other"])
    assert proxy.sample("cookiewarden_config_reloads_total", result="success") == 1


@pytest.mark.row(12)
def test_a_file_that_is_being_written_is_not_loaded_before_it_is_at_rest(start: Start) -> None:
    proxy, _ = start(SETS_BOTH)
    text = OTHER + "  # the end\n" + BROKEN.partition("cookies:\n")[2].replace("secur", "secure")
    text = text.replace("name: sid", "name: another")
    with proxy.policy.open("w") as file:  # a piece each 0.2 s: broken in between, whole at the end
        for at in range(0, len(text), len(text) // 9):
            file.write(text[at : at + len(text) // 9])
            file.flush()
            time.sleep(0.2)
    assert eventually(lambda: names_set(proxy.port) == [b"other"])
    assert (proxy.plane.status.successes, proxy.plane.status.failures) == (1, 0)


@pytest.mark.row(12)
def test_a_config_map_is_swapped_as_one(start: Start, tmp_path: Path) -> None:
    """Swap files as the kubelet does: `policy.yaml` and `v.yaml` link through `..data`, which is replaced."""

    def revision(name: str, included: str) -> None:
        folder = tmp_path / f"..{name}"
        folder.mkdir()
        (folder / "policy.yaml").write_text(f"policy: {name}\ninclude: [v.yaml]\ncookies: [{{name: {name}}}]")
        (folder / "v.yaml").write_text(f"cookies: [{{name: {included}}}]")
        (tmp_path / "..data_tmp").symlink_to(folder.name)
        (tmp_path / "..data_tmp").replace(tmp_path / "..data")

    revision("one", "sid")
    for name in ("policy.yaml", "v.yaml"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    proxy, _ = start(SETS_BOTH, path=tmp_path / "policy.yaml")
    assert names_set(proxy.port) == [b"sid"]
    revision("two", "other")
    assert eventually(lambda: names_set(proxy.port) == [b"other"])
    assert proxy.plane.status.policy == "two"


@pytest.mark.row(11)
def test_a_broken_policy_is_logged_and_leaves_the_old_one_in_force(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    proxy, _ = start(SETS_BOTH)
    old = re.search(r"policy_info.*", proxy.scrape())
    proxy.policy.write_text(BROKEN)
    assert eventually(lambda: not proxy.plane.status.reload_successful)
    assert names_set(proxy.port) == [b"sid"]
    assert re.search(r"policy_info.*", proxy.scrape())[0] == old[0]
    assert proxy.sample("cookiewarden_config_last_reload_successful") == 0
    assert proxy.sample("cookiewarden_config_reloads_total", result="failure") == 1
    place = f'{proxy.policy}:3:17: error: unknown key "secur", did you mean "secure"? [unknown-key]'
    assert f"reload failed, the previous policy stays in force: {place}" in caplog.text
    proxy.policy.write_text(POLICY)
    assert eventually(lambda: proxy.plane.status.reload_successful)
    assert names_set(proxy.port) == [b"sid"]


def test_a_fault_of_our_own_while_loading_is_a_failed_reload_and_the_next_change_still_counts(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, _ = start(SETS_BOTH)
    load = proxy.files.reload

    def fault() -> None:
        raise IndexError("CANARY")

    monkeypatch.setattr(proxy.files, "reload", fault)
    proxy.policy.write_text(OTHER)
    assert eventually(lambda: proxy.plane.status.failures == 1)
    assert proxy.sample("cookiewarden_config_last_reload_successful") == 0
    monkeypatch.setattr(proxy.files, "reload", load)
    proxy.policy.write_text(OTHER + "# changed\n")
    assert eventually(lambda: names_set(proxy.port) == [b"other"])


def test_a_missing_file_leaves_the_old_policy_in_force(start: Start) -> None:
    proxy, _ = start(SETS_BOTH)
    proxy.policy.unlink()
    assert eventually(lambda: not proxy.plane.status.reload_successful)
    assert names_set(proxy.port) == [b"sid"]


def test_a_change_of_an_included_file_is_a_change_of_the_policy(start: Start, tmp_path: Path) -> None:
    (tmp_path / "v.yaml").write_text("cookies: [{name: sid}]")
    proxy, _ = start(SETS_BOTH, policy="include: [v.yaml]\ncookies: []")
    assert names_set(proxy.port) == [b"sid"]
    (tmp_path / "v.yaml").write_text("cookies: [{name: other}]")
    assert eventually(lambda: names_set(proxy.port) == [b"other"])


def test_a_request_keeps_the_policy_that_it_began_with(start: Start) -> None:
    arrived, release = threading.Event(), threading.Event()

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        arrived.set()
        release.wait(PATIENCE)
        connection.send(SETS_BOTH)

    proxy, _ = start(script)
    with Client(proxy.port) as client:
        client.send(get())
        assert arrived.wait(PATIENCE)
        proxy.policy.write_text(OTHER)
        proxy.reload()
        release.set()
        assert b"Set-Cookie: sid" in client.read_response()[0]
    assert names_set(proxy.port) == [b"other"]


@pytest.mark.row(11)
def test_each_request_is_judged_by_one_policy_while_policies_change(start: Start) -> None:
    proxy, _ = start(SETS_BOTH)
    seen: set[tuple[bytes, ...]] = set()
    done = threading.Event()

    def load() -> None:
        while not done.is_set():
            seen.add(tuple(names_set(proxy.port)))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(40):
        proxy.policy.write_text([POLICY, OTHER, BROKEN][number % 3])
        proxy.reload()
    done.set()
    for thread in threads:
        thread.join()
    assert seen == {(b"sid",), (b"other",)}
    assert proxy.plane.status.failures >= 13


# Metrics and health


@pytest.mark.row(25)
def test_the_series_of_row_25_exist_at_zero(start: Start) -> None:
    proxy, _ = start()
    scrape = proxy.scrape()
    for series in (
        'cookiewarden_requests_total{code_class="5xx",method="OTHER"} 0.0',
        'cookiewarden_cookies_total{action="block",cookie="__undeclared__",direction="response"} 0.0',
        'cookiewarden_cookies_total{action="strip",cookie="seen",direction="request"} 0.0',
        'cookiewarden_upstream_errors_total{reason="connect"} 0.0',
        'cookiewarden_client_errors_total{reason="abort"} 0.0',
        "cookiewarden_policy_errors_total 0.0",
        'cookiewarden_connections{side="client",state="active"} 0.0',
        "cookiewarden_requests_in_flight 0.0",
        "cookiewarden_config_last_reload_successful 1.0",
        'cookiewarden_config_reloads_total{result="failure"} 0.0',
        'cookiewarden_request_duration_seconds_bucket{le="+Inf"} 0.0',
        'cookiewarden_overhead_seconds_bucket{le="+Inf"} 0.0',
    ):
        assert f"\n{series}\n" in scrape
    assert "cookiewarden_violations_total{" not in scrape
    assert re.search(r'cookiewarden_policy_info\{policy="test",sha256="[0-9a-f]{64}"\} 1.0', scrape)
    compiled = "true" if IS_COMPILED else "false"
    assert re.search(rf'cookiewarden_build_info\{{compiled="{compiled}",python="[0-9.]+",version="', scrape)


@pytest.mark.row(25)
def test_invented_names_of_clients_and_origins_add_no_series(start: Start) -> None:
    proxy, _ = start(
        answering(*(b"HTTP/1.1 299 X\r\nSet-Cookie: n%d=CANARYv\r\nContent-Length: 0\r\n\r\n" % n for n in range(300)))
    )
    ask(proxy.port, get(b"/", b"Cookie: a=CANARY1", CLOSE, method=b"PURGE"))
    before = proxy.scrape().count("\n")
    with Client(proxy.port) as client:
        for number in range(300):
            client.send(get(b"/%d" % number, b"Cookie: c%d=CANARY1" % number, b"X-%d: y" % number, method=b"SEARCH"))
            client.read_response()
    assert proxy.scrape().count("\n") == before
    assert proxy.sample("cookiewarden_requests_total", method="OTHER", code_class="2xx") == 301
    assert (
        proxy.sample("cookiewarden_cookies_total", direction="response", cookie="__undeclared__", action="block") == 301
    )


@pytest.mark.row(25)
def test_entries_beyond_the_limit_share_a_label_and_a_reload_resets_nothing(start: Start) -> None:
    policy = "version: 1\ncookies:\n" + "".join(f"  - name: c{n}\n" for n in range(10))
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: c0=CANARY1\r\nSet-Cookie: c9=CANARY1\r\nContent-Length: 0\r\n\r\n"
    proxy, _ = start(answer, policy=policy, metrics_max_entries=3)
    ask(proxy.port, get(b"/", CLOSE))
    proxy.policy.write_text(policy.replace("c1", "d1"))
    proxy.reload()
    ask(proxy.port, get(b"/", CLOSE))
    assert proxy.sample("cookiewarden_cookies_total", direction="response", cookie="c0", action="pass") == 2
    assert proxy.sample("cookiewarden_cookies_total", direction="response", cookie="__declared__", action="pass") == 2
    assert 'cookie="c9"' not in proxy.scrape()


def test_report_mode_is_counted_as_report(start: Start) -> None:
    proxy, _ = start(SETS_BOTH, policy="mode: report\n" + POLICY)
    assert names_set(proxy.port) == [b"sid", b"other"]
    assert proxy.sample("cookiewarden_cookies_total", direction="response", cookie="sid", action="report") == 1
    assert (
        proxy.sample("cookiewarden_violations_total", cookie="__undeclared__", reason="undeclared", enforced="false")
        == 1
    )


@pytest.mark.parametrize(("mode", "enforcing"), [("enforce", 1), ("report", 0)])
def test_a_metric_shows_if_the_policy_is_enforced(start: Start, mode: str, enforcing: int) -> None:
    proxy, _ = start(policy=f"mode: {mode}\n" + POLICY)
    assert proxy.sample("cookiewarden_policy_enforcing") == enforcing


def test_an_overridden_mode_of_the_policy_is_logged(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    proxy, _ = start(policy="mode: report\n" + POLICY, mode=Mode.ENFORCE)
    assert proxy.sample("cookiewarden_policy_enforcing") == 1
    assert "mode report of the policy is overridden by the mode setting: mode enforce is in force" in caplog.text


def test_a_failing_application_is_logged_at_a_limited_rate(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    proxy, _ = start(b"garbage\r\n\r\n")
    for _ in range(3):
        ask(proxy.port, get(b"/CANARY", CLOSE))
    assert caplog.text.count("failed: bad_response (1 time since the start)") == 1
    assert caplog.text.count("failed") == 1 and "CANARY" not in caplog.text


def test_the_scheme_of_browsers_is_forwarded_and_decides_secure_https(start: Start) -> None:
    for scheme, line in (("http", b"Set-Cookie: sid=CANARY1"), ("https", b"Set-Cookie: sid=CANARY1; Secure")):
        proxy, origin = start(SETS_BOTH, policy=POLICY.replace("secure: true", "secure: https"), scheme=scheme)
        assert line + b"\r\n" in ask(proxy.port, get(b"/", CLOSE))
        assert b"\r\nX-Forwarded-Proto: " + scheme.encode() + b"\r\n" in origin.requests[0]


@pytest.mark.row(26)
def test_health_is_on_the_admin_port_and_never_on_the_proxy_s(start: Start) -> None:
    proxy, origin = start(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    admin = proxy.admin
    for path in ("/livez", "/readyz", "/"):
        assert urllib.request.urlopen(admin + path).status == 200
    for path in (b"/metrics", b"/livez", b"/readyz"):
        assert status_of(ask(proxy.port, get(path, CLOSE))) == 404
    assert len(origin.requests) == 3


def test_overhead_and_duration_are_measured(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        time.sleep(0.2)
        connection.send(OK)

    proxy, _ = start(script)
    ask(proxy.port, get(b"/", CLOSE))
    assert proxy.sample("cookiewarden_request_duration_seconds_count") == 1
    assert 0.2 <= proxy.sample("cookiewarden_request_duration_seconds_sum") < 2
    assert 0 < proxy.sample("cookiewarden_overhead_seconds_sum") < 0.1


def test_open_connections_are_counted(start: Start) -> None:
    proxy, _ = start()
    with Client(proxy.port) as client:
        client.send(get())
        client.read_response()
        assert proxy.sample("cookiewarden_connections", side="client", state="idle") == 1
        assert proxy.sample("cookiewarden_connections", side="upstream", state="idle") == 1


# The process


@pytest.fixture
def running(tmp_path: Path):
    """A proxy as a separate process, in front of an origin that answers /slow after a second."""

    def script(connection: OriginConnection) -> None:
        while True:
            if b"/slow" in connection.read_head():
                time.sleep(1)
            connection.send(SETS_BOTH)

    policy = tmp_path / "p.yaml"
    policy.write_text(POLICY)
    origin = Origin(script)
    listen, admin = free_port(), free_port()
    process = start_process(
        "run",
        "--policy",
        str(policy),
        "--upstream",
        origin.upstream.url,
        "--listen",
        str(listen),
        "--admin",
        str(admin),
    )
    assert eventually(lambda: ready(admin) == 200), process.stderr.read()
    yield process, listen, admin, policy
    process.kill()
    process.communicate()
    origin.close()


@pytest.mark.row(10)
def test_sigterm_finishes_what_is_in_flight_and_exits_clean(running) -> None:
    process, listen, admin, _ = running
    with Client(listen) as slow, Client(listen) as idle:
        idle.send(get())
        idle.read_response()
        slow.send(get(b"/slow"))
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert eventually(lambda: ready(admin) == 503)
        head, body = slow.read_response()
        assert b"Connection: close" in head and body == b"ok"
        assert idle.read_all() == b""
    assert process.wait(PATIENCE) == 0
    error = process.stderr.read()
    assert "draining: 1 request" in error and "stopped: 0 requests aborted" in error


@pytest.mark.row(10)
def test_a_second_signal_ends_at_once(running) -> None:
    process, listen, _, _ = running
    with Client(listen) as slow:
        slow.send(get(b"/slow"))
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert "stopped: 1 request aborted" in process.stderr.read()


def test_sighup_reloads(running) -> None:
    process, listen, _, policy = running
    os.utime(policy, (0, 0))  # the watcher sees the change too; both load the same policy
    policy.write_text(OTHER)
    process.send_signal(signal.SIGHUP)
    assert eventually(lambda: names_set(listen) == [b"other"])


def handing_over(listening: socket.socket, fds: str, *arguments: str) -> subprocess.Popen:
    """Start the command with a socket at descriptor 3, as systemd does."""
    line = f'exec 3<&{listening.fileno()}; LISTEN_PID=$$ LISTEN_FDS={fds} exec "$@"'
    return subprocess.Popen(
        ["bash", "-c", line, "bash", sys.executable, "-m", "cookiewarden", *arguments],
        pass_fds=(listening.fileno(),), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_systemd_may_hand_the_listening_socket_over(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(POLICY)
    origin, admin = Origin(answering(OK)), free_port()
    arguments = (
        "run",
        "--policy",
        str(tmp_path / "p.yaml"),
        "--upstream",
        str(origin.upstream),
        "--admin",
        str(admin),
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        process = handing_over(listening, "1", *arguments, "--listen", "192.0.2.1:1")
        # a client from before the start of the process is served too
        assert ask(port, get(b"/", CLOSE)).endswith(b"ok")
        assert eventually(lambda: ready(admin) == 200)
        process.terminate()
        assert process.communicate(timeout=PATIENCE) and process.returncode == 0
        refused = handing_over(listening, "2", *arguments)
        _, error = refused.communicate(timeout=PATIENCE)
        assert (refused.returncode, "LISTEN_FDS passed 2 sockets; expected 1" in error) == (
            3,
            True,
        )
    origin.close()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["run", "--upstream", "http://127.0.0.1:1"], 2, "--policy is required"),
        (["run", "--policy", "none.yaml", "--upstream", "http://127.0.0.1:1"], 3, 'the file "none.yaml" does not exist'),
        (["run", "--policy", "{policy}", "--upstream", "ftp://x"], 2, 'not a valid upstream; expected http://HOST:PORT'),
        (["run", "--policy", "{policy}", "--upstream", "http://x:99999"], 2, "is not a valid upstream"),
        (["run", "--policy", "{policy}", "--upstream", "http://x/path"], 2, "so an upstream has no path"),
        (["run", "--policy", "{policy}", "--upstream", "http://127.0.0.1:1", "--tls-cert", "none.pem"], 3, '--tls-cert "none.pem" cannot be used: no such file or directory'),
        (["run", "--policy", "{policy}", "--upstream", "http://127.0.0.1:1", "--tls-cert", "{policy}"], 3, "cannot be used: "),
        (["run", "--policy", "{policy}", "--upstream", "http://127.0.0.1:1", "--tls-key", "key.pem"], 2, "--tls-key needs --tls-cert"),
        (["run", "--policy", "{policy}", "--upstream", "https://127.0.0.1:1", "--upstream-ca", "{policy}"], 3, '--upstream-ca "'),
        (["run", "--policy", "{policy}", "--upstream", "https://127.0.0.1:1", "--upstream-verify", "maybe"], 2, "is not a valid switch; expected on or off"),
        (["run", "--policy", "{policy}", "--upstream", "http://localhost:8080"], 2, "is the proxy itself (--listen 127.0.0.1:8080)"),
        (["run", "--policy", "{policy}", "--upstream", "http://0.0.0.0:8080", "--listen", ":8080"], 2, "the proxy itself"),
        (["run", "--policy", "{policy}", "--upstream", "unix:app.sock"], 2, "expected an absolute path"),
        (["run", "--policy", "{policy}", "--upstream", "http://127.0.0.1:1", "--listen", "127.0.0.1:{taken}"], 3, "address already in use; choose another address with --listen"),
        (["run", "--policy", "{policy}", "--upstream", "http://127.0.0.1:1", "--listen", "0", "--admin", "127.0.0.1:{taken}"], 3, "choose another address with --admin"),
        (["run", "--policy", "{policy}", "--upstream", "http://127.0.0.1:1", "--listen", "192.0.2.1:80"], 3, "cannot listen on 192.0.2.1:80"),
        (["run", "--policy", "{broken}", "--upstream", "http://127.0.0.1:1"], 1, 'unknown key "secur", did you mean "secure"?'),
        (["demo", "--app", "127.0.0.1:{taken}"], 3, "choose another address with --app"),
        (["demo", "--listen", "x"], 2, '"x" is not a valid address'),
    ],
)  # fmt: skip
def test_a_failed_start_prints_its_reason_in_one_line(
    tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    (tmp_path / "p.yaml").write_text(POLICY)
    (tmp_path / "broken.yaml").write_text(BROKEN)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        values = {
            "policy": tmp_path / "p.yaml",
            "broken": tmp_path / "broken.yaml",
            "taken": taken.getsockname()[1],
        }
        words = [argument.format(**values) for argument in arguments]
        if words[0] == "run" and code == 3:  # detected after the sockets are open; the exit of the process closes them
            words[1:1] = ["--listen", "0", "--admin", "0"]  # the last of repeated options counts
            process = start_process(*words)
            _, error = process.communicate(timeout=PATIENCE)
            found = process.returncode
        else:
            found, _, error = run(*words)
    assert (found, told in error, "Traceback" in error) == (code, True, False), error


def test_a_large_policy_is_reloaded_by_its_changed_entries_and_decides_on_all(start: Start) -> None:
    entries = [f"  - name: c{number}\n    purpose: x\n    lifetime: 1h\n" for number in range(FEWEST + 10)]
    head = "version: 1\ncookies:\n"
    lines = b"".join(b"Set-Cookie: %b=CANARY\r\n" % name for name in (b"sid", b"c7", b"other", b"c9"))
    proxy, _ = start(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%b\r\n" % lines, head + "".join(entries))
    assert names_set(proxy.port) == [b"c7", b"c9"]
    proxy.reload()  # keeps the entries
    entries[7] = entries[7].replace("c7", "other")
    proxy.policy.write_text(head + "".join(entries))
    assert eventually(lambda: names_set(proxy.port) == [b"other", b"c9"])
    entries.insert(1, "\n# the session\n  - name: sid\n    purpose: x\n    lifetime: 1h\n")
    proxy.policy.write_text(head + "".join(entries))
    assert eventually(lambda: names_set(proxy.port) == [b"sid", b"other", b"c9"])
    policy = proxy.plane.reloader.policy
    assert policy is not None and policy.entries[8].place.pos.line == 3 + 3 * 8 + 2
    proxy.policy.write_text("version: 1\nmode: report\ncookies:\n" + "".join(entries[1:]))
    assert eventually(lambda: names_set(proxy.port) == [b"sid", b"c7", b"other", b"c9"])
    proxy.policy.write_text(head + "".join(entries) + entries[0])  # an entry twice
    assert eventually(lambda: not proxy.plane.status.reload_successful)
    assert "already declared" in str(proxy.plane.status.reloads[-1].causes)
