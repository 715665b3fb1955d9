"""Hosts, domains, paths and prefixes."""

import pytest

from cookiewarden.core.cookies.scope import (
    canonical_host,
    domain_match,
    is_trustworthy,
    name_prefix,
    path_match,
    path_of,
)


@pytest.mark.parametrize(
    ("host", "canonical"),
    [
        (b"Shop.Example:8080", b"shop.example"),
        (b"Shop.Example.:80", b"shop.example."),
        (b"[::1]:80", b"[::1]"),
        (b"[::1]", b"[::1]"),
        (b"", b""),
    ],
)
def test_a_host_is_lower_case_without_its_port(host: bytes, canonical: bytes) -> None:
    assert canonical_host(host) == canonical


@pytest.mark.parametrize(
    ("host", "domain", "matches"),
    [
        (b"a.b", b"a.b", True), (b"x.a.b", b"a.b", True), (b"xa.b", b"a.b", False), (b"a.b", b"x.a.b", False),
        (b"1.2.3.4", b"3.4", False), (b"[::1]", b"::1]", False), (b"a.b", b"", False),
    ],
)  # fmt: skip
def test_domain_match(host: bytes, domain: bytes, matches: bool) -> None:
    assert domain_match(host, domain) is matches


@pytest.mark.parametrize(
    ("request_path", "cookie_path", "matches"),
    [
        (b"/a", b"/a", True),
        (b"/a/b", b"/a", True),
        (b"/a/b", b"/a/", True),
        (b"/ab", b"/a", False),
        (b"/", b"/a", False),
        (b"/a", b"/", True),
    ],
)
def test_path_match(request_path: bytes, cookie_path: bytes, matches: bool) -> None:
    assert path_match(request_path, cookie_path) is matches


def test_the_path_of_a_target_is_without_its_query() -> None:
    assert [path_of(target) for target in (b"/a?b/c", b"/", b"*", b"?x")] == [b"/a", b"/", b"/", b"/"]


def test_browsers_trust_loopback() -> None:
    trusted = [
        h
        for h in (b"localhost", b"x.localhost", b"127.0.0.9", b"[::1]", b"127.evil.example", b"a.b")
        if is_trustworthy(h)
    ]
    assert trusted == [b"localhost", b"x.localhost", b"127.0.0.9", b"[::1]"]


def test_prefixes_are_known_in_any_case() -> None:
    names = (b"__Host-a", b"__HTTP-a", b"__host-http-a", b"__secure-", b"_Host-a", b"Host-a")
    assert [name_prefix(name) for name in names] == [
        b"__host-",
        b"__http-",
        b"__host-http-",
        b"__secure-",
        b"",
        b"",
    ]
