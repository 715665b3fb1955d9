"""Sites of listed cookies: of the list, of the options, and unknown."""

import pytest

from cookiewarden.tools.lists.listed import ConsentCookie, CookieList, Listed
from cookiewarden.tools.lists.sites import hosts_in, mark_other_sites


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("shop.example", ("shop.example",)), (".shop.example", (".shop.example",)), ("vimeo.com hsforms.com", ("vimeo.com", "hsforms.com")),
        ("a.example, b.example", ("a.example", "b.example")), ("Google", ()), ("Meta Platforms, Inc.", ()), ("", ()), ("localhost", ()),
    ],
)  # fmt: skip
def test_a_text_of_hosts_is_read(text: str, hosts: tuple[str, ...]) -> None:
    assert hosts_in(text) == hosts


ROWS = (("consent", "shop.example"), ("a", ".shop.example"), ("b", "www.shop.example"), ("c", "ads.example"), ("d", ""))


@pytest.mark.parametrize(
    ("found", "wanted", "others"),
    [
        (CookieList("x", consent=ConsentCookie("consent", "list")), (), ["c"]),
        (CookieList("x", consent=ConsentCookie("consent", "list")), ("ads.example",), ["consent", "a", "b"]),
        (CookieList("x", consent=ConsentCookie("consent", "list")), ("*.shop.example", "ads.example"), []),
        (CookieList("x", own_hosts=("my.shop.example",)), (), ["c"]),
        (CookieList("x"), (), ["consent", "a", "b", "c"]),
    ],
)  # fmt: skip
def test_cookies_of_other_sites_are_marked(found: CookieList, wanted: tuple[str, ...], others: list[str]) -> None:
    for name, host in ROWS:
        found.add(Listed(name, name, hosts=hosts_in(host)))
    mark_other_sites(found, wanted)
    assert [cookie.name for cookie in found.cookies if cookie.other_site] == others


def test_a_list_that_does_not_show_its_site_is_reported() -> None:
    found = CookieList("x")
    for n in range(7):
        found.add(Listed("a", f"[{n}]", hosts=(f"{n}.example",)))
    mark_other_sites(found, ())
    assert not found.is_site_known and [(one.place, one.why) for one in found.not_understood] == [
        ("hosts", "the list does not show which site is its own (0.example, 1.example, 2.example, 3.example, 4.example and 2 more); give --host"),
    ]  # fmt: skip


def test_hosts_of_one_site_are_its_own_and_a_host_makes_a_cookie_of_a_third_party_its_own() -> None:
    found = CookieList("x")
    found.add(Listed("a", "[0]", hosts=("a.shop.example",)))
    found.add(Listed("b", "[1]", hosts=("shop.example",), other_site="shop.example"))
    mark_other_sites(found, ())
    assert [cookie.other_site for cookie in found.cookies] == ["", "shop.example"]
    mark_other_sites(found, ("shop.example",))
    assert [cookie.other_site for cookie in found.cookies] == ["", ""]
