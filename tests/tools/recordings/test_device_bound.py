"""Registrations of device-bound sessions in recordings."""

import json
from pathlib import Path

import pytest

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.tools.recordings.device_bound import MAX_TEXT, bound_names
from cookiewarden.tools.recordings.reader import recorded
from cookiewarden.tools.recordings.recorded import Account, Recorded

INSTRUCTIONS = {
    "session_identifier": "s1",
    "refresh_url": "/refresh",
    "scope": {"include_site": True},
    "credentials": [
        {"type": "cookie", "name": "auth", "attributes": "Domain=shop.example; Secure; SameSite=Lax"},
        {"type": "cookie", "name": "auth2", "attributes": ""},
        {"type": "other", "name": "x"},
    ],
}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (json.dumps(INSTRUCTIONS), (b"auth", b"auth2")),
        (json.dumps({"credentials": INSTRUCTIONS["credentials"]}), ()),
        ('{"session_identifier": "s", "credentials": [{"type": "cookie"}, {"type": "cookie", "name": 7}, 1]}', ()),
        ('{"session_identifier": "s", "credentials": "x"}', ()),
        ('["session_identifier"]', ()),
        ('{"session_identifier": ' + "[" * 30_000, ()),
        ('{"session_identifier": 1' + " " * MAX_TEXT + "}", ()),
        ("", ()),
    ],
)
def test_the_names_of_bound_cookies_are_read_from_a_registration(text: str, names: tuple[bytes, ...]) -> None:
    assert bound_names(text) == names


def har(*responses: dict[str, object]) -> str:
    asked = {"method": "GET", "url": "https://shop.example/login", "headers": [{"name": "Cookie", "value": "auth=1"}]}
    entries = [{"request": asked, "response": {"status": 200, "headers": [], **response}} for response in responses]
    return json.dumps({"log": {"entries": entries}})


def read(path: Path, text: str) -> tuple[list[Recorded], Account]:
    path.write_text(text)
    account = Account()
    found = []
    for one in recorded(path, Exchange(b"localhost"), account):
        found.append(one)
    return found, account


def test_a_har_file_with_bodies_has_the_names(tmp_path: Path) -> None:
    body = {"content": {"mimeType": "application/json", "text": json.dumps(INSTRUCTIONS)}}
    header = {"headers": [{"name": "Secure-Session-Registration", "value": '(ES256);path="/register"'}]}
    found, account = read(tmp_path / "x.har", har(header, body))
    assert [one.bound for one in found] == [(), (b"auth", b"auth2")] and account.lines() == []


@pytest.mark.parametrize("name", ["Secure-Session-Registration", "sec-session-registration"])
def test_a_registration_without_its_body_is_reported(tmp_path: Path, name: str) -> None:
    header = {"headers": [{"name": name, "value": '(ES256);path="/register"'}]}
    _, account = read(tmp_path / "x.har", har(header))
    (line,) = account.lines()
    assert line.startswith("1 exchange with Secure-Session-Registration, ")
