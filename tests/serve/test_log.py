"""The log: one JSON object per line, requests if enabled, and their query only if enabled too."""

import json
import logging
import select
import subprocess
import sys
from pathlib import Path

import pytest

from cookiewarden.serve.log import JsonLines, Plain
from cookiewarden.serve.settings import Access
from tests.support.client import CLOSE, Client, ask, get
from tests.support.origin import OK, Origin, answering
from tests.support.process import free_port, ready, start_process
from tests.support.proxy import POLICY, Start, running
from tests.support.wait import PATIENCE, eventually


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def requests(caplog: pytest.LogCaptureFixture) -> list[dict]:
    return [r.fields for r in caplog.records if r.name == "cookiewarden.access"]


def test_every_line_of_a_process_is_one_json_object() -> None:
    with running("--access-log", "on") as proxy:
        ask(proxy.port, get(b"/a?b=CANARY", CLOSE))
        proxy.policy.write_text("broken: [")
        proxy.process.terminate()
        assert proxy.process.wait(PATIENCE) == 0
        found = lines(proxy.told)
    assert all({"time", "level", "message"} <= line.keys() for line in found)
    (request,) = [line for line in found if line["message"] == "request"]
    assert (request["client"], request["method"], request["host"], request["path"], request["status"]) == (
        "127.0.0.1", "GET", "shop.example", "/a", 200,
    )  # fmt: skip
    assert 0 < request["duration_ms"] < 1000 and "CANARY" not in json.dumps(found)


def test_requests_are_not_logged_unless_asked_for(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    proxy, _ = start()
    ask(proxy.port, get(b"/a", CLOSE))
    ask(proxy.port, b"GARBAGE\r\n\r\n")
    assert requests(caplog) == []


@pytest.mark.parametrize(("access", "path"), [(Access.ON, "/a"), (Access.QUERY, "/a?b=c&d")])
def test_the_query_is_logged_only_where_asked_for(
    start: Start, caplog: pytest.LogCaptureFixture, access: Access, path: str
) -> None:
    caplog.set_level(logging.INFO)
    proxy, _ = start(access_log=access)
    ask(proxy.port, get(b"/a?b=c&d", CLOSE))
    (request,) = requests(caplog)
    assert request["path"] == path


def test_the_reason_of_a_failed_request_is_logged(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    proxy, _ = start(b"garbage\r\n\r\n", access_log=Access.ON)
    ask(proxy.port, get(b"/a", CLOSE))
    ask(proxy.port, b"GARBAGE CANARY\r\n\r\n")
    ask(proxy.port, get(b"/", b"Content-Length: x", b"Cookie: sid=CANARY"))
    assert [(r["status"], r["reason"]) for r in requests(caplog)] == [
        (502, "bad_response"), (400, "bad_request"), (400, "bad_request"),
    ]  # fmt: skip
    assert "CANARY" not in str(requests(caplog))


def test_terminal_control_characters_are_escaped() -> None:
    record = logging.LogRecord("cookiewarden.access", logging.INFO, "", 0, "request", (), None)
    record.fields = {"path": "/\x1b[31m\u202e", "status": 200}
    assert json.loads(JsonLines().format(record))["path"] == "/\\x1b[31m\\u202e"
    assert Plain().format(record) == "cookiewarden: info: request path=/\\x1b[31m\\u202e status=200"


def test_a_line_of_the_access_log_fits_an_atomic_write_to_a_pipe(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    proxy, _ = start(access_log=Access.QUERY)
    ask(proxy.port, get(b"/" + b"\xff" * 5000, CLOSE).replace(b"shop", b"a" * 5000))
    ask(proxy.port, get(b"/" + b'"' * 5000, CLOSE))
    told = [JsonLines(12).format(r) + "\n" for r in caplog.records if r.name == "cookiewarden.access"]
    assert len(told) == 2
    assert all(len(line.encode()) <= select.PIPE_BUF for line in told)


def test_the_proxy_starts_with_a_closed_standard_error(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(POLICY)
    admin = free_port()
    line = f"exec {sys.executable} -m cookiewarden run --policy p.yaml --upstream http://127.0.0.1:1 --listen 0 --admin {admin} 2>&-"
    process = subprocess.Popen(["/bin/sh", "-c", line], cwd=tmp_path)
    try:
        assert eventually(lambda: ready(admin) == 200)
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()


def test_a_blocked_reader_of_the_log_does_not_stop_traffic(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(POLICY)
    origin, listen, admin = Origin(answering(OK)), free_port(), free_port()
    process = start_process(
        "run", "--policy", str(tmp_path / "p.yaml"), "--upstream", origin.upstream.url, "--listen", str(listen),
        "--admin", str(admin), "--access-log", "on",
    )  # fmt: skip
    try:
        assert eventually(lambda: ready(admin) == 200)
        with Client(listen) as client:
            for _ in range(2000):  # 64 KiB of a pipe are 300 lines
                client.send(get())
                assert client.read_response()[1] == b"ok"
        assert ready(admin) == 200
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()
        origin.close()


@pytest.mark.parametrize("worker", [None, 2])
def test_an_exception_is_logged_by_its_type_and_place_and_without_its_text(worker: int | None) -> None:
    try:
        raise ValueError("CANARY")
    except ValueError:
        record = logging.LogRecord("cookiewarden", logging.ERROR, "", 0, "it failed", (), sys.exc_info())
    line = record.exc_info[2].tb_lineno  # type: ignore[index,union-attr]
    place = f"ValueError at test_an_exception_is_logged_by_its_type_and_place_and_without_its_text:{line}"
    told = json.loads(JsonLines(worker).format(record))
    assert (told["exception"], told.get("worker")) == (place, worker)
    number = "" if worker is None else " worker 2"
    assert Plain(worker).format(record) == f"cookiewarden{number}: error: it failed ({place})"


def test_an_exception_that_was_never_raised_has_a_type_and_no_place() -> None:
    record = logging.LogRecord("cookiewarden", logging.ERROR, "", 0, "no", (), (OSError, OSError("CANARY"), None))
    assert json.loads(JsonLines().format(record))["exception"] == "OSError"
