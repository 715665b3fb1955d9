"""Content-Security-Policies that allow the guard's script, and those that forbid it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.serve.wire.csp import NO_NONCE, PageAddress, nonce_for

HTTPS = PageAddress(b"https", b"www.shop.example", 443, b"/.well-known/cookiewarden/guard.js")
HTTP = PageAddress(b"http", b"shop.example", 8080, b"/.well-known/cookiewarden/guard.js")
FORBIDDEN = None

VALUES = [
    # realistic
    ([], NO_NONCE),
    (["img-src 'none'; report-uri /csp"], NO_NONCE),
    (["default-src 'self'"], NO_NONCE),
    (["script-src 'self' 'unsafe-inline' https://cdn.example"], NO_NONCE),
    (["script-src 'nonce-abc123==' 'strict-dynamic' https: 'unsafe-inline'; object-src 'none'"], b"abc123=="),
    (["default-src 'none'; script-src 'nonce-a+/_-b'"], b"a+/_-b"),
    (["default-src 'none'"], FORBIDDEN),
    (["script-src 'sha256-AAAA'"], FORBIDDEN),
    (["script-src https://cdn.example"], FORBIDDEN),
    (["script-src"], FORBIDDEN),
    ([";; ; "], NO_NONCE),
    # the directive that applies
    (["script-src 'none'; script-src-elem 'self'; default-src 'none'"], NO_NONCE),
    (["script-src 'self'; script-src-elem 'none'"], FORBIDDEN),
    (["script-src 'none'; script-src 'self'"], FORBIDDEN),
    (["script-srcs 'none'; x script-src 'none'; default-src-x 'none'"], NO_NONCE),
    (["img-src *;script-src 'none'"], FORBIDDEN),
    (["script-src;"], FORBIDDEN),
    (["SCRIPT-SRC 'SELF'"], NO_NONCE),
    (["script-src 'self' 'nonce-n'"], NO_NONCE),
    (["script-src 'self' 'strict-dynamic' 'nonce-n'"], b"n"),
    (["script-src 'self' 'Strict-Dynamic'"], FORBIDDEN),
    (["sandbox"], FORBIDDEN),
    (["sandbox allow-forms Allow-Scripts"], NO_NONCE),
    # several policies: each must allow it
    (["script-src 'self'", "default-src *"], NO_NONCE),
    (["script-src 'self', script-src 'none'"], FORBIDDEN),
    (["script-src 'nonce-a'", "script-src 'nonce-b'"], FORBIDDEN),
    (["script-src 'nonce-a' 'nonce-b', img-src *", "script-src 'nonce-c' 'nonce-b'"], b"b"),
    (["script-src 'self'", "script-src 'nonce-b'"], b"b"),
    # more than real pages have
    (["script-src 'self'"] * 64, NO_NONCE),
    (["script-src 'self'"] * 65, FORBIDDEN),
    (["img-src *"] * 500, NO_NONCE),
    (["script-src 'self' " + "a " * 298], NO_NONCE),
    (["script-src 'self' " + "a " * 299], FORBIDDEN),
    # invalid nonces
    (["script-src 'nonce-\"><script>'"], FORBIDDEN),
    (["script-src 'nonce-a b'"], FORBIDDEN),
    (["script-src 'nonce-'"], FORBIDDEN),
    (["script-src 'nonce-a===' nonce-b"], FORBIDDEN),
    (["script-src 'NONCE-aB'"], b"aB"),
    # addresses
    (["script-src https:"], NO_NONCE),
    (["script-src http:"], NO_NONCE),
    (["script-src data: wss:"], FORBIDDEN),
    (["script-src www.shop.example"], NO_NONCE),
    (["script-src WWW.Shop.Example:443/.well-known/"], NO_NONCE),
    (["script-src http://www.shop.example:80"], NO_NONCE),
    (["script-src *.shop.example:*"], NO_NONCE),
    (["script-src https://*"], NO_NONCE),
    (["script-src *.www.shop.example"], FORBIDDEN),
    (["script-src shop.example"], FORBIDDEN),
    (["script-src www.shop.example:8443"], FORBIDDEN),
    (["script-src ftp://www.shop.example"], FORBIDDEN),
    (["script-src www.shop.example/js/"], FORBIDDEN),
    (["script-src www.shop.example/.well-known/cookiewarden/guard.js"], NO_NONCE),
    (["script-src www.shop.example/.well-known"], FORBIDDEN),
    (["script-src !"], FORBIDDEN),
]  # fmt: skip


@pytest.mark.parametrize(("values", "nonce"), VALUES)
def test_the_tag_gets_the_nonce_that_every_policy_accepts(values: list[str], nonce: bytes | None) -> None:
    assert nonce_for([value.encode() for value in values], HTTPS) == nonce


def test_a_nonstandard_port_and_plain_http_are_matched_literally() -> None:
    for source, nonce in (
        (b"shop.example:8080", NO_NONCE),
        (b"*:8080", NO_NONCE),
        (b"shop.example", FORBIDDEN),
        (b"https:", FORBIDDEN),
        (b"http:", NO_NONCE),
    ):
        assert nonce_for([b"script-src " + source], HTTP) == nonce


@given(st.lists(st.one_of(st.binary(max_size=60), st.text("'nonce-script-src;, ", max_size=80).map(str.encode))))
def test_no_value_makes_reading_fail_and_no_nonce_ends_an_attribute(values: list[bytes]) -> None:
    nonce = nonce_for(values, HTTPS)
    assert nonce is None or not set(nonce) & set(b"\"'<> ")
