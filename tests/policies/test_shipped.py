"""The shipped policies declare every cookie of the statement, and each entry has its stated effect."""

from pathlib import Path

import pytest

from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Entry, SetBy
from cookiewarden.core.policy.problem import has_errors
from cookiewarden.files import PolicyFiles
from cookiewarden.keys import throw_away

POLICIES = Path(__file__).parents[2] / "policies"
NOW = 1_784_000_000
SITE = Exchange(b"customer.carerix.example", b"/cgi-bin/WebObjects/x.woa")

STATEMENT = {
    # name on the wire: lifetime in the statement, or None
    "wosid": None, "woinst": None, "agencyID": None, "cookiesON": None, "cookies": None, "customera": None,
    "customerp": None, "customerr": None, "exportToken": None, "language": None,
    "COOKIE%3bPHPSESSID%3b%2f%3btools%2ecarerix%2ecom": None, "PHPSESSIONID": None,
    "_gat": None, "_ga": "2y", "_gid": "24h",
    "intercom-id-xxx": "9mo", "intercom-session-xxxxx": "1w",
}  # fmt: skip
"""The 17 cookies of the Carerix 5 privacy statement, last edit 16 July 2020."""


def load(name: str) -> Engine:
    loaded = PolicyFiles(str(POLICIES / name)).load()
    assert loaded.policy is not None, loaded.problems
    return Engine(loaded.policy, keyring=throw_away(loaded.policy))


CARERIX = load("carerix.yaml")


def entry_of(name: str) -> Entry:
    scope = CARERIX.scope(SITE)
    (judged,) = CARERIX.on_cookie(name.encode() + b"=v", scope)[1]
    assert judged.decision.entry is not None, f"{name} of the statement is not declared"
    return judged.decision.entry


@pytest.mark.parametrize("name", STATEMENT)
def test_every_cookie_of_the_statement_is_declared_with_its_lifetime(name: str) -> None:
    entry, stated = entry_of(name), STATEMENT[name]
    assert entry.purpose and entry.category and entry.lifetime is not None
    assert entry.lifetime_source == ("stated" if stated else "chosen")
    assert stated in (None, entry.lifetime.text)


def test_the_statement_names_every_declared_cookie() -> None:
    declared = {entry.name for entry in CARERIX.policy.entries}
    assert len(declared) == len(STATEMENT) == 17
    assert {entry_of(name).name for name in STATEMENT} == declared


def set_cookie(name: str, tail: str) -> str | None:
    after, _ = CARERIX.on_set_cookie(f"{name}=v{tail}".encode(), CARERIX.scope(SITE), clock_at(NOW))
    return None if after is None else after.decode()


SERVER = [name for name in STATEMENT if entry_of(name).set_by is SetBy.SERVER]
BOTH = [name for name in STATEMENT if entry_of(name).set_by is SetBy.BOTH]
SCRIPT = [name for name in STATEMENT if entry_of(name).set_by is SetBy.SCRIPT]


def test_each_cookie_has_the_expected_setter() -> None:
    assert (len(SERVER), sorted(BOTH), len(SCRIPT)) == (9, ["cookies", "cookiesON", "language"], 5)


@pytest.mark.parametrize("name", SERVER)
def test_server_cookies_are_secure_http_only_lax_and_forwarded(name: str) -> None:
    after = set_cookie(name, "; path=/x")
    assert after is not None
    value = after.partition("=")[2].partition(";")[0]
    assert after == f"{name}={value}; path=/x; SameSite=Lax; Secure; HttpOnly"
    # only the encoded password is sealed
    assert (value == "v") == (name != "customerp")
    assert CARERIX.on_cookie(f"{name}=v".encode(), CARERIX.scope(SITE))[0] is not None


@pytest.mark.parametrize("name", BOTH)
def test_cookies_that_scripts_read_stay_readable(name: str) -> None:
    assert set_cookie(name, "; path=/") == f"{name}=v; path=/; SameSite=Lax; Secure"


@pytest.mark.parametrize("name", [*SERVER, *BOTH])
def test_no_cookie_of_the_application_outlives_its_lifetime(name: str) -> None:
    seconds = entry_of(name).rules.bound.seconds
    ten_years = set_cookie(name, "; Max-Age=315360000")
    assert ("Max-Age" not in ten_years) if seconds == 0 else (f"Max-Age={seconds};" in ten_years)


@pytest.mark.parametrize("name", SCRIPT)
def test_cookies_of_scripts_do_not_reach_the_application_and_are_held_to_their_lifetime_by_a_header(
    name: str,
) -> None:
    assert CARERIX.on_cookie(f"wosid=1; {name}=v".encode(), CARERIX.scope(SITE))[0] == b"wosid=1"
    seconds = entry_of(name).rules.bound.seconds
    assert f"Max-Age={seconds};" in set_cookie(name, "; Max-Age=315360000")


@pytest.mark.parametrize(
    "name",
    [
        "COOKIE%3BPHPSESSID%3B%2F%3Btools%2Ecarerix%2Ecom",
        "COOKIE;PHPSESSID",
        "PHPSESSID",
        "Wosid",
        "intercom-device-id-x",
        "_gat_UA-1",
        "_fbp",
    ],
)
def test_near_misses_are_undeclared(name: str) -> None:
    assert set_cookie(name, "; path=/") is None


def test_a_single_sign_on_keeps_its_same_site_none() -> None:
    assert set_cookie("wosid", "; SameSite=None") == "wosid=v; SameSite=None; Secure; HttpOnly"


@pytest.mark.parametrize(
    "path", sorted(str(p.relative_to(POLICIES)) for p in POLICIES.rglob("*.yaml") if ".test." not in p.name)
)
def test_shipped_files_have_no_errors(path: str) -> None:
    assert not has_errors(PolicyFiles(str(POLICIES / path)).load().problems)


def test_the_starter_writes_out_what_is_decided_and_changes_nothing_yet() -> None:
    starter = load("starter.yaml")
    assert starter.on_set_cookie(b"x=1", starter.scope(SITE), clock_at(NOW))[0] == b"x=1"
    text = (POLICIES / "starter.yaml").read_text()
    for key in (
        "mode:",
        "response:",
        "request:",
        "evict:",
        "ceiling:",
        "secure:",
        "http_only:",
        "same_site:",
    ):
        assert key in text
