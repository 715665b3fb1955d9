"""Values of settings: invalid ones are refused with the expected form."""

import dataclasses

import pytest

from cookiewarden.serve.address import parse_upstream
from cookiewarden.serve.settings import Settings

READERS = {field.name: field.metadata["parse"] for field in dataclasses.fields(Settings)}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_cookies", "0", 0),
        ("max_head", "65536", 65536),
        ("read_timeout", "0.5", 0.5),
        ("upstream_host", "app.internal", "app.internal"),
        ("upstream_host", "[fd00::1]:8080", "[fd00::1]:8080"),
        ("workers", "999", 999),
        ("via", "edge-1", "edge-1"),
        ("upgrade_protocols", "WebSocket, h2c ,", ("websocket", "h2c")),
        ("tracing", "ON", True),
    ],
)
def test_a_valid_setting_is_read(name: str, text: str, value: object) -> None:
    assert READERS[name](text) == value


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("max_cookies", "-1", "is out of range"),
        ("max_cookies", "1" * 16, "is out of range"),
        ("max_cookies", "1k", "whole number"),
        ("max_head", "0", "0 is not a valid limit"),
        ("read_timeout", "0", "0 seconds is not a valid timeout"),
        ("read_timeout", "-1", "is out of range"),
        ("read_timeout", "1m", "number of seconds"),
        ("upstream_host", "http://app", "HOST or HOST:PORT"),
        ("workers", "0", "expected 1 to 999"),
        ("workers", "1000", "expected 1 to 999"),
        ("via", "edge 1", "for example edge-1"),
        ("trust_forwarded", "10.0.0.0/33", "for example 10.0.0.0/8"),
        ("tracing", "yes", "expected on or off"),
        ("scheme", "ftp", "http or https"),
        ("policy", "a\0b", "NUL"),
    ],
)
def test_an_invalid_setting_is_refused_with_the_expected_form(name: str, text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        READERS[name](text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("unix:run/app.sock", "expected an absolute path"),
        ("http://user:CANARY@app", "cannot have a user name or password"),
        ("http://app<1>:80", "expected http://HOST:PORT"),
        ("http://[fd00::1", "expected http://HOST:PORT"),
    ],
)
def test_an_upstream_that_is_not_valid_is_refused_without_its_password(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        parse_upstream(text)
    assert "CANARY" not in str(caught.value)


def test_an_upstream_may_be_a_unix_socket() -> None:
    upstream = parse_upstream("unix:/run/app.sock")
    assert (upstream.socket, upstream.address, upstream.authority) == ("/run/app.sock", None, "localhost")
