"""Requests of other sites, by the fields with which browsers describe them."""

import pytest

from cookiewarden.core.cookies.crossing import Crossing, crossing


@pytest.mark.parametrize(
    ("method", "site", "dest", "origin", "expected"),
    [
        ("POST", "cross-site", "document", "https://idp.example", Crossing.POST),
        ("POST", "", "", "https://idp.example", Crossing.POST),
        ("POST", "", "", "https://pay.shop.example:8443", Crossing.NONE),
        ("POST", "", "", "https://other.co.uk", Crossing.POST),
        ("POST", "", "", "null", Crossing.NONE),
        ("POST", "", "", "https://[", Crossing.NONE),
        ("POST", "", "", "", Crossing.NONE),
        ("POST", "same-origin", "empty", "https://idp.example", Crossing.NONE),
        ("POST", "cross-site", "empty", "https://idp.example", Crossing.POST),
        ("GET", "cross-site", "document", "", Crossing.NONE),
        ("GET", "cross-site", "iframe", "", Crossing.OTHER),
        ("GET", "same-site", "iframe", "", Crossing.NONE),
    ],
)
def test_a_request_of_another_site(method: str, site: str, dest: str, origin: str, expected: Crossing) -> None:
    found = crossing(method.encode(), b"Shop.example:443", site.encode(), dest.encode(), origin.encode())
    assert found is expected
