"""Each format of lists: realistic files, items that are not understood, files of other kinds, and drafts of all."""

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import Severity
from cookiewarden.tools.lists.draft import drafted, new_policy_of_list
from cookiewarden.tools.lists.listed import CookieList, NoList
from cookiewarden.tools.lists.reader import FORMATS, list_in, read_list
from tests.support.policies import entries, loaded, policy


def read(form: str, data: Any) -> CookieList:
    return list_in(form, data if isinstance(data, str) else json.dumps(data))


def rows(found: CookieList) -> list[tuple[str, str, str, str]]:
    """Return name, lifetime, category and purpose of each cookie."""
    return [(c.name, c.lifetime.text if c.lifetime else "", c.category, c.purpose) for c in found.cookies]


def left(found: CookieList, is_understood: bool = False) -> list[tuple[str, str]]:
    return [(one.place, one.why) for one in found.left_out if one.is_understood is is_understood]


# Cookiebot

CC_JS = r"""
CookieConsent.responseMode='inlineoptin';CookieConsentDialog.userCountry = 'nl';
CookieConsentDialog.cookieTableNecessary = [['CookieConsent','Cookiebot<br/>','Stores the user\'s choice','1 year','HTTP','1','','https://www.cookiebot.com'],['sid','www.shop.example<br/>','The visitor&#39;s session','Session','HTTP','1','','']];
CookieConsentDialog.cookieTableNecessaryCount = 2;
CookieConsentDialog.cookieTablePreference = [];
CookieConsentDialog.cookieTableStatistics = [["_ga","Google","Visits","2 years","HTTP",1,"","https://g"],["_ga_#","Google","Visits","2 years","HTTP","1","^_ga_.*$",""],["_pk_id#","Matomo","Visits","13 maanden","HTTP","1","",""],["hjid","Hotjar","Visits","1 year","HTTP","1","^hjid_[0-9]+$",""]];
CookieConsentDialog.cookieTableAdvertising = [["rc::a","Google","Bots","Persistent","HTML","2","",""],["collect","Google","x","Session","Pixel","5","",""],["new","x","x","1 day","IndexedDB","4","",""],["odd","x","x","for ever","HTTP","1","",""],["short"],["b","x","x","1 day","Beacon","9","",""]];
"""


def test_a_declaration_of_cookiebot_is_read() -> None:
    found = read("cookiebot", CC_JS)
    assert found.rows == 12 and rows(found) == [
        ("CookieConsent", "1y", "Necessary", "Stores the user's choice"),
        ("sid", "session", "Necessary", "The visitor's session"),
        ("_ga", "2y", "Statistics", "Visits"), ("_ga_*", "2y", "Statistics", "Visits"),
        ("_pk_id#", "13mo", "Statistics", "Visits"), ("hjid", "1y", "Statistics", "Visits"),
        ("odd", "", "Marketing", "x"),
    ]  # fmt: skip
    assert [(c.party, c.notes) for c in found.cookies[:2]] == [("Cookiebot", ()), ("", ("provider: www.shop.example",))]
    assert left(found, True) == [
        ("cookieTableAdvertising[0]", '"rc::a" is not a cookie: HTML'),
        ("cookieTableAdvertising[1]", '"collect" is not a cookie: Pixel'),
        ("cookieTableAdvertising[2]", '"new" is not a cookie: IndexedDB'),
    ]
    assert left(found) == [
        ("cookieTableStatistics[2]", '"_pk_id#" may have a placeholder, and is kept as written; if it has one, write "_pk_id*"'),
        ("cookieTableStatistics[3]", 'the expression "^hjid_[0-9]+$" of "hjid" matches names that no glob matches exactly; the name is kept as written'),
        ("cookieTableAdvertising[3]", 'the lifetime "for ever" of "odd" is not understood'),
        ("cookieTableAdvertising[4]", "a row without 6 fields"),
        ("cookieTableAdvertising[5]", 'the type "Beacon" of "b" is not known'),
    ]  # fmt: skip


# OneTrust


def banner(*groups: dict[str, Any]) -> dict[str, Any]:
    return {"DomainData": {"Groups": list(groups), "Language": {"Culture": "en-GB"}}}


def of_banner(name: str, **keys: Any) -> dict[str, Any]:
    plain = {"id": "u", "Name": name, "Host": "shop.example", "IsSession": False, "Length": "365", "description": "x"}
    return plain | {"DurationType": 1, "category": None, "isThirdParty": False, "patternKey": None} | keys


GROUP = {
    "GroupName": "Strictly Necessary Cookies",
    "FirstPartyCookies": [
        of_banner("OptanonConsent"), of_banner("sid", IsSession=True, Length="0"), of_banner("_ga_xxxxxxxxxx", Length="399"),
        of_banner("old", DurationType=None), of_banner("short", Length="0"), of_banner("months", Length="12", DurationType=30), of_banner(""), 3,
        of_banner("sid", IsSession=True), of_banner("OptanonConsent", Length="30"),
    ],
    "Hosts": [{"HostName": "doubleclick.net", "Cookies": [of_banner("IDE", Host="doubleclick.net", isThirdParty=True)]}],
}  # fmt: skip


@pytest.mark.parametrize("data", [banner(GROUP), banner(GROUP)["DomainData"]])
def test_the_banner_of_onetrust_is_read(data: Any) -> None:
    found = read("onetrust", data)
    assert found.rows == 11 and [row[:3] for row in rows(found)] == [
        (name, lifetime, "Strictly Necessary Cookies")
        for name, lifetime in (
            ("OptanonConsent", "365d"), ("sid", "session"), ("_ga_xxxxxxxxxx", "399d"), ("old", "365d"), ("short", ""), ("months", "12mo"), ("IDE", ""),
        )
    ]  # fmt: skip
    assert [c.name for c in found.cookies if c.other_site] == ["IDE"]
    place = "Groups[0].FirstPartyCookies"
    assert left(found, True) == [(f"{place}[8]", f'"sid" is already listed at {place}[1]')]
    assert left(found) == [
        (f"{place}[2]", '"_ga_xxxxxxxxxx" may have a placeholder, and is kept as written; if it has one, write "_ga_*"'),
        (f"{place}[4]", 'the lifetime of "short" is shorter than a day (0, type 1); choose one'),
        (f"{place}[6]", "an item without a name"), (f"{place}[7]", "an item without a name"),
        (f"{place}[9]", f'"OptanonConsent" has another lifetime at {place}[0], which the draft has'),
    ]  # fmt: skip


def test_a_cookie_of_another_site_does_not_hide_one_of_the_site() -> None:
    other = {"HostName": "x.example", "Cookies": [of_banner("uid"), of_banner("uid")]}
    found = read("onetrust", banner({"GroupName": "A", "Hosts": [other]}, {"GroupName": "B", "FirstPartyCookies": [of_banner("uid")]}))  # fmt: skip
    assert [(c.name, c.other_site) for c in found.cookies] == [("uid", "x.example"), ("uid", "")]
    made = drafted(found, Policy("draft", ()), is_new=True)
    assert made.names == ["OptanonConsent", "uid", "uid"] and made.declared == 2 and len(left(found, True)) == 1


def of_api(name: str, length: Any, unit: Any) -> dict[str, Any]:
    keys = {
        "cookieName": name,
        "lifespan": "",
        "host": "shop.example",
        "description": "x",
        "customCategoryName": "Functional",
    }
    return keys | {"length": length, "durationType": unit, "domainCookieCategoryList": []}


def test_cookies_for_the_api_of_onetrust_are_read() -> None:
    cookies = [of_api("a1", 0, 1), of_api("a2", 30, 1), of_api("a3", 2, 7), of_api("a4", 13, 30), of_api("a5", 2, 365)]
    found = read("onetrust", [*cookies, of_api("a6", 2, 12), of_api("a7", -1, 1)])
    assert rows(found) == [
        (f"a{n}", lifetime, "Functional", "x")
        for n, lifetime in enumerate(("session", "30d", "2w", "13mo", "2y", "", ""), 1)
    ]
    assert [place for place, _ in left(found)] == ["[5]", "[6]"]


@pytest.mark.parametrize(
    ("keys", "lifetime"),
    [
        ({"Length": "2", "DurationType": 7}, "2w"), ({"Length": "2", "DurationType": 30}, "2mo"), ({"Length": "1", "DurationType": 365}, "1y"),
        ({"Length": 400, "DurationType": "1"}, "400d"), ({"Length": "1", "DurationType": 8}, ""), ({"Length": None}, ""),
    ],
)  # fmt: skip
def test_units_of_the_banner_are_days_weeks_months_and_years(keys: dict[str, Any], lifetime: str) -> None:
    found = read("onetrust", banner({"GroupName": "A", "FirstPartyCookies": [of_banner("a", **keys)]}))
    assert rows(found)[0][1] == lifetime and bool(left(found)) == (not lifetime)


@pytest.mark.parametrize(
    ("keys", "lifetime"),
    [
        ({"lifespan": "Persistent", "length": 2, "durationType": 30}, "2mo"), ({"lifespan": "PERSISTENT", "length": "1", "durationType": 365}, "1y"),
        ({"lifespan": "Session", "length": 0, "durationType": 1}, "session"), ({"lifespan": "Session"}, "session"),
        ({}, ""), ({"lifespan": "30"}, ""), ({"lifespan": "30 days"}, ""), ({"lifespan": "Persistent", "length": 0, "durationType": 1}, ""),
        ({"lifespan": "Session", "length": 5, "durationType": 1}, ""), ({"length": 5}, ""),
    ],
)  # fmt: skip
def test_a_lifespan_that_is_missing_or_unclear_is_reported(keys: dict[str, Any], lifetime: str) -> None:
    found = read("onetrust", [{"cookieName": "_x", **keys}])
    assert rows(found)[0][1] == lifetime
    assert bool(left(found)) == (not lifetime) and all("is not understood (" in why for _, why in left(found))


def test_cookies_for_the_api_that_are_of_third_parties_on_all_domains_are_of_another_site() -> None:
    found = read("onetrust", [
        {"cookieName": "IDE", "host": "ads.example", "domainCookieCategoryList": [{"thirdParty": True}]},
        {"cookieName": "a", "lifespan": "Session", "domainCookieCategoryList": [{"thirdParty": True}, {"thirdParty": False}]},
    ])  # fmt: skip
    assert [(c.name, c.other_site) for c in found.cookies] == [("IDE", "ads.example"), ("a", "")]


@pytest.mark.parametrize(
    ("name", "key", "glob"),
    [
        ("_gat_UA-nnnnnnn-nn", "_gat_UA-", "_gat_UA-*"), ("_ga_xxxxxxxxxx", "_ga", "_ga_*"), ("_hjSession_#", "_hjSession_", "_hjSession_*"),
        ("_ga", "_ga", "_ga"), ("_gid", "_g", "_gid"), ("_ga", None, "_ga"), ("_ga", "_x", "_ga"),
    ],
)  # fmt: skip
def test_the_pattern_of_a_name_in_a_banner_is_its_glob(name: str, key: Any, glob: str) -> None:
    found = read("onetrust", banner({"GroupName": "A", "FirstPartyCookies": [of_banner(name, patternKey=key)]}))
    assert [c.name for c in found.cookies] == [glob] and left(found) == []


# CookieYes


def test_cookies_of_cookieyes_are_read() -> None:
    def cookie(name: str, duration: Any, **keys: Any) -> dict[str, Any]:
        plain = {"id": 1, "name": name, "slug": name, "description": {"en": "<p>Visits &amp; more</p>", "nl": "Bezoek"}}
        return plain | {"duration": duration, "type": 1, "domain": ".shop.example", "category": 2} | keys

    found = read("cookieyes", [
        {"id": 1, "name": {"nl": "Noodzakelijk"}, "slug": "necessary", "cookie_list": [cookie("cookieyes-consent", {"en": "1 year"})]},
        {"id": 2, "name": {"en": "Analytics"}, "slug": "analytics", "cookie_list": [
            cookie("_ga_*", {"nl": "1 jaar 1 maand 4 dagen"}), cookie("x", {"en": "never"}), cookie("y", []), {"name": None},
        ]},
        {"id": 3, "name": [], "cookie_list": []},
    ])  # fmt: skip
    assert rows(found) == [
        ("cookieyes-consent", "1y", "Noodzakelijk", "Visits & more"), ("_ga_*", "400d", "Analytics", "Visits & more"),
        ("x", "", "Analytics", "Visits & more"), ("y", "", "Analytics", "Visits & more"),
    ]  # fmt: skip
    assert left(found) == [
        ("[1].cookie_list[1]", 'the lifetime "never" of "x" is not understood'),
        ("[1].cookie_list[3]", "an item without a name"),
    ]


# Klaro

CONFIG_JS = r"""
// By default, Klaro loads the config from a global variable: services: [
const PATH = "/", f = (x) => { return { a: `${x}` } }; /* apps: [ */
var klaroConfig = {
    version: 1, elementID: 'klaro', htmlTexts: true, lang: navigator.language,
    translations: {
        zz: { privacyPolicyUrl: '/privacy', purposes: { analytics: 'Analytics' } },
        nl: { chat: { description: 'Gesprekken' } },
        en: { matomo: { description: 'Counts <b>visits</b>' } },
    },
    services: [
        { name: 'matomo', title: 'Matomo', purposes: ['analytics', 'styling'],
          cookies: [ [/^_pk_.*$/, '/', 'klaro.example'], 'piwik_ignore', { pattern: /^mtm_/, path: '/' }, "^abc" ],
          callback: function (consent, service) { if (/[/]}/.test(consent)) { console.log("}") } }, required: false },
        { name: 'chat', purposes: ['support'], cookies: [/^intercom-id-[a-z0-9]+$/i, 'a*', [], /^X_/i, /^chat_/u] },
        { name: 'map', translations: { en: { description: 'Maps' } }, cookies: COOKIES },
        { name: 'font', title: 'Font', cookies: ['font'] },
        other,
    ],
    callback: () => { services: [] },
};
window.klaroConfig = klaroConfig
"""


@pytest.mark.parametrize("text", [CONFIG_JS, CONFIG_JS.replace("services: [\n", "'apps': [\n"), CONFIG_JS.replace("var klaroConfig =", "export default")])  # fmt: skip
def test_a_configuration_of_klaro_is_read(text: str) -> None:
    found = read("klaro", text)
    assert rows(found) == [
        ("_pk_*", "", "Analytics, styling: Matomo", "Counts visits"), ("piwik_ignore", "", "Analytics, styling: Matomo", "Counts visits"),
        ("mtm_*", "", "Analytics, styling: Matomo", "Counts visits"), ("abc*", "", "Analytics, styling: Matomo", "Counts visits"),
        ("chat_*", "", "support: chat", "Gesprekken"), ("font", "", "Font", ""),
    ]  # fmt: skip
    assert found.cookies[0].notes == ("service: Matomo",)
    told = "has no globs that match exactly the same names; declare its cookies yourself"
    assert left(found) == [
        ("services[1].cookies[0]", f'the expression "/^intercom-id-[a-z0-9]+$/i" {told}'),
        ("services[1].cookies[1]", '"a*": in Klaro, this * is a literal character, and in a policy it matches any; write the names yourself'),
        ("services[1].cookies[2]", "a cookie that is neither a name nor a regular expression"),
        ("services[1].cookies[3]", f'the expression "/^X_/i" {told}'),
        ("services[2].cookies", "cookies that the script computes"), ("services[4]", "a service that the script computes"),
    ]  # fmt: skip


def test_json_of_klaro_is_read() -> None:
    found = read("klaro", {"services": [{"name": "a", "cookies": ["sid", {"pattern": "^_pk_", "path": "/"}]}]})
    assert [c.name for c in found.cookies] == ["sid", "_pk_*"]


@pytest.mark.parametrize(
    ("keys", "name", "lifetime", "told"),
    [
        ({}, "klaro", "120d", ""), ({"cookieName": "k", "cookieExpiresAfterDays": 365}, "k", "365d", ""),
        ({"storageName": "my-consent", "cookieName": "k", "storageMethod": "cookie"}, "my-consent", "120d", ""),
        ({"storageMethod": "localStorage"}, "", "", "storageMethod"), ({"storageMethod": "x"}, "", "", "storageMethod"),
        ({"cookieName": "a b"}, "", "", "cookieName"), ({"cookieExpiresAfterDays": "1y"}, "klaro", "", "cookieExpiresAfterDays"),
    ],
)  # fmt: skip
def test_the_cookie_of_klaro_itself_is_drafted(keys: dict[str, Any], name: str, lifetime: str, told: str) -> None:
    found = read("klaro", keys | {"services": [{"name": "a", "cookies": ["sid"]}]})
    assert [one.place for one in found.left_out] == ([told] if told else [])
    text = new_policy_of_list("shop", found, drafted(found, Policy("draft", ()), is_new=True))
    made = loaded(text)
    assert made.policy is not None and [p for p in made.problems if p.code.severity is Severity.ERROR] == []
    own = [entry for entry in made.policy.entries if entry.name == name]
    assert [(e.set_by, e.lifetime.text if e.lifetime else "") for e in own] == ([("script", lifetime)] if name else [])
    assert (made.policy.consent.cookie if made.policy.consent else "") == name
    into = drafted(found, policy(entries("name: sid")), is_new=False)
    assert into.names == ([name] if name else [])


def test_a_default_of_klaro_is_not_a_stated_lifetime() -> None:
    for keys, line in (
        ({}, "120d  # the default of the consent manager"),
        ({"cookieExpiresAfterDays": 120}, "120d\n    lifetime_source: stated"),
    ):
        found = read("klaro", keys | {"services": [{"name": "a", "cookies": ["sid"]}]})
        assert f"    lifetime: {line}\n" in drafted(found, Policy("draft", ()), is_new=True).yaml


def test_a_glob_that_matches_the_consent_cookie_is_not_declared_in_a_category_that_needs_consent() -> None:
    data = {"services": [{"name": "a", "cookies": ["^kl", "sid"]}]}
    assert needs("klaro", data) == {"a": ("required", ["a"]), "consent": ("exempt", ["consent"])}
    made = drafted(read("klaro", data), Policy("draft", ()), is_new=True)
    assert "  # kl*: it also matches the consent cookie" in made.yaml and len(made.names) - made.declared == 1


def test_services_of_klaro_are_categories_with_all_their_purposes_in_each_language() -> None:
    found = read("klaro", {
        "translations": {"nl": {"purposes": {"analytics": {"title": "Statistiek"}}, "ga": {"title": "Google"}}, "en": {"purposes": {"analytics": "Analytics"}}, "x": 1},
        "required": True,
        "services": [
            {"name": "ga", "purposes": ["marketing", "analytics"], "required": False, "cookies": ["_ga"]},
            {"name": "cart", "purposes": "essential", "cookies": ["cart"]}, {"cookies": ["odd"]},
        ],
    })  # fmt: skip
    assert [(c.title, c.granted_by, c.is_always_active) for c in found.categories.values()] == [
        ("marketing, Analytics: ga", ("ga",), False), ("essential: cart", ("cart",), True),
    ]  # fmt: skip
    assert found.categories["marketing, Analytics: ga"].titles == (
        ("nl", "marketing, Statistiek: Google"), ("en", "marketing, Analytics: ga"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cookie", "names"),
    [
        ("/^_g(id|at)$/", ["_gid", "_gat"]), ("/^_ga(_.*)?/", ["_ga*"]), ("/^_ga(_.*)?$/", ["_ga_*", "_ga"]),
        ("new RegExp('^_utm.*$')", ["_utm*"]), ('new RegExp("^_hj", "u")', ["_hj*"]), ("new RegExp(PREFIX)", []),
    ],
)  # fmt: skip
def test_expressions_of_klaro_become_all_their_globs(cookie: str, names: list[str]) -> None:
    found = read("klaro", f"var klaroConfig = {{services: [{{name: 'a', cookies: [{cookie}]}}]}}")
    assert [c.name for c in found.cookies] == names and bool(left(found)) == (not names)


@pytest.mark.parametrize("unit", ["\\'", "(/[", "=/a", "`\\`", "`${", "`${a`b`", "a/", "/"])
def test_a_hostile_configuration_of_klaro_takes_linear_time(unit: str) -> None:
    text = f"x = {{services: [{{cookies: ['a', {unit * 5000}]}}]}}"
    begin = time.process_time()
    with contextlib.suppress(NoList):
        read("klaro", text)
    assert time.process_time() - begin < 1


# The Website Evidence Collector

INSPECTION = {
    "start_time": "2021-08-16T07:43:07.896Z",
    "cookies": [
        {"name": "_ga", "value": "CANARY", "domain": "test.com", "path": "/", "expires": 1692171789, "httpOnly": False, "session": False, "expiresDays": 730, "firstPartyStorage": True, "log": {"type": "Cookie.JS", "stack": []}},
        {"name": "_gat", "value": "CANARY", "domain": "test.com", "expires": 1629099849, "httpOnly": False, "session": False, "expiresDays": 0, "firstPartyStorage": True},
        {"name": "sid", "value": "CANARY", "domain": "www.test.com", "expires": -1, "httpOnly": True, "session": True, "log": {"type": "Cookie.HTTP"}},
        {"name": "IDE", "value": "CANARY", "domain": "doubleclick.net", "expires": 1662795790.23, "session": False, "firstPartyStorage": False},
        {"name": "a*b", "value": "CANARY", "domain": "test.com"}, {"domain": "test.com", "value": "CANARY"},
        {"name": "only_logged", "domain": "test.com", "path": "/", "log": {"type": "Cookie.HTTP"}},
    ],
}  # fmt: skip
WEC = [("_ga", "400d", "script", True), ("_gat", "1min", "", True), ("sid", "session", "server", False), ("IDE", "", "", False), ("only_logged", "", "server", False)]  # fmt: skip


def test_a_recording_of_the_evidence_collector_is_read_without_values() -> None:
    found = read("wec", INSPECTION)
    assert [
        (c.name, c.lifetime.text if c.lifetime else "", c.set_by, c.is_script_readable) for c in found.cookies
    ] == WEC
    assert [c.other_site for c in found.cookies] == ["", "", "", "doubleclick.net", ""]
    assert left(found) == [
        ("cookies[4]", '"a*b": a * in an entry matches any characters; declare this cookie manually'),
        ("cookies[5]", "an item without a name"),
    ]
    assert "CANARY" not in str(found)


def test_its_cookies_are_read_as_yaml() -> None:
    found = read("wec", "- name: _ga\n  value: CANARY\n  domain: test.com\n  expires: 1692171789\n  expiresUTC: 2023-08-16T07:43:09.000Z\n  expiresDays: 29.3\n- {name: b, domain: x, expiresDays: 0.4}\n")  # fmt: skip
    assert [row[:2] for row in rows(found)] == [("_ga", "30d"), ("b", "")]
    inspection = read(
        "wec", "start_time: 2021-08-16T07:43:07.896Z\ncookies:\n  - {name: a, domain: x, expires: 1629186189}\n"
    )
    assert [row[:2] for row in rows(inspection)] == [("a", "1d")]


def test_a_recording_shows_cuts_random_names_and_local_storage() -> None:
    cookies = [
        {"name": "_ga", "domain": ".shop.example", "expiresDays": 730, "firstPartyStorage": True},
        {"name": "_pk_id.1.1fff", "domain": "shop.example", "expiresDays": 393, "firstPartyStorage": True},
        {"name": "ten", "domain": "shop.example", "expires": 1735812602, "firstPartyStorage": True},
        {"name": "cdn", "domain": "cdn.example", "session": True, "firstPartyStorage": True},
    ]
    storage = {"https://shop.example": {"k": {"value": "CANARY"}, "l": {}}, "x": "CANARY"}
    found = read("wec", {"host": "shop.example", "start_time": "2025-01-02T10:00:00.000Z", "cookies": cookies, "localStorage": storage})  # fmt: skip
    assert [row[1] for row in rows(found)] == ["400d", "393d", "10min", "session"]
    assert [c.other_site for c in found.cookies] == ["", "", "", "cdn.example"]
    assert found.cookies[0].notes[1] == "recorded with more than 400 days, which is the maximum of browsers"
    assert found.cookies[1].notes[1] == (
        'a part of the name looks random; if other visits have other names, write "_pk_id.*"'
    )
    assert "CANARY" not in str(found) and left(found, True) == [
        ('localStorage["https://shop.example"]', "2 items of local storage, not cookies"),
        ('localStorage["x"]', "items of local storage, not cookies"),
    ]


# Other files


@pytest.mark.parametrize(
    ("form", "text", "why"),
    [
        ("cookiebot", "", "it has no CookieConsentDialog.cookieTable…; give the cc.js"),
        ("cookiebot", "CookieConsentDialog.cookieTableNecessary = [['a'", "cookieTableNecessary is not read: no ] on line 1"),
        ("onetrust", "{}", 'it has no "Groups"; give the JSON of the banner'), ("onetrust", "[]", 'it has no "Groups"'),
        ("onetrust", "\n{", "it is not valid JSON on line 2"), ("onetrust", "[" * 100_000, "it is not valid JSON"),
        ("cookieyes", '{"a": 1}', 'it is not a list of categories with a "cookie_list"'), ("cookieyes", "[1]", "it is not a list"),
        ("klaro", "var klaroConfig = {services: [", 'it has no list "services" (or "apps")'), ("klaro", "{}", "it has no list"),
        ("klaro", "x = {a: {services: [f(]}}", "it has no list"), ("klaro", "services: []", "it has no list"),
        ("wec", "{}", 'it has no "cookies" with a name and a domain'), ("wec", "- CANARY", "it has no"),
        ("wec", "a: CANARY: 1", "it is not valid YAML on line 1"), ("wec", "\0", "it is not valid YAML"),
        ("wec", "[CANARY", "it is not valid JSON on line 1"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_such_a_list_has_a_reason(form: str, text: str, why: str) -> None:
    with pytest.raises(NoList) as error:
        FORMATS[form](text)
    assert str(error.value).startswith(why) and "CANARY" not in str(error.value)


def test_files_that_cannot_be_read_have_a_reason(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\xfe")
    for name, why in (("a", "it is not UTF-8; convert the file"), ("none", "no such file or directory")):
        with pytest.raises(NoList, match=why):
            read_list("wec", tmp_path / name)
    (tmp_path / "b").write_bytes(b"\xef\xbb\xbf" + json.dumps(INSPECTION).encode())
    assert len(read_list("wec", tmp_path / "b").cookies) == len(WEC)


# Drafts


def test_a_draft_states_that_it_is_not_from_traffic_and_has_the_categories() -> None:
    found = read("cookiebot", CC_JS)
    text = new_policy_of_list("shop", found, drafted(found, Policy("draft", ()), is_new=True))
    assert "# Drafted from a declaration of Cookiebot, not from traffic." in text and "mode: report" in text
    assert (
        "  - name: sid\n    # listed; not seen in traffic: cookieTableNecessary[1]\n    # provider: www.shop.example\n"
        in text
    )
    found_policy = loaded(text).policy
    assert found_policy is not None and found_policy.categories["marketing"].title == {"": "Marketing"}
    assert [(e.name, e.category, e.lifetime_source) for e in found_policy.entries][:2] == [
        ("CookieConsent", "necessary", "stated"), ("sid", "necessary", "stated"),
    ]  # fmt: skip


def test_a_recording_is_drafted_as_recorded_and_other_sites_are_comments() -> None:
    found = read("wec", INSPECTION)
    text = new_policy_of_list("shop", found, drafted(found, Policy("draft", ()), is_new=True))
    assert "# IDE: a cookie of doubleclick.net, which is another site, so it is not declared" in text
    assert "    set_by: script  # as the collector recorded it\n" in text and "lifetime_source: stated" not in text
    assert (
        "  - name: _gat\n    # recorded: cookies[1]\n" in text
        and "    http_only: keep  # recorded without HttpOnly\n" in text
    )
    found_policy = loaded(text).policy
    assert found_policy is not None and [e.name for e in found_policy.entries] == ["_ga", "_gat", "sid", "only_logged"]


def test_cookies_that_a_policy_declares_are_not_drafted() -> None:
    known = policy(entries("name: sid", "name: _ga*", "name: Cookie*"))
    made = drafted(read("cookiebot", CC_JS), known, is_new=False)
    assert made.names == ["_pk_id#", "hjid", "odd"] and "# category: Statistics" in made.yaml


def needs(form: str, data: Any) -> dict[str, tuple[str, list[str]]]:
    """Return consent and granted_by of each category of a draft, which has no errors."""
    found = read(form, data)
    made = loaded(new_policy_of_list("shop", found, drafted(found, Policy("draft", ()), is_new=True)))
    assert made.policy is not None and [p for p in made.problems if p.code.severity is Severity.ERROR] == []
    return {key: (one.consent.value, sorted(one.granted_by)) for key, one in made.policy.categories.items()}


def test_only_categories_that_are_always_active_are_exempt() -> None:
    unclassified = (
        "CookieConsentDialog.cookieTableUnclassified = [['n','shop.example','Pending','1 day','HTTP','1','','']];"
    )
    assert needs("cookiebot", CC_JS + unclassified) == {
        "necessary": ("exempt", ["necessary"]), "statistics": ("required", ["statistics"]),
        "marketing": ("required", ["marketing"]), "unclassified": ("required", ["unclassified"]),
    }  # fmt: skip
    groups = [
        {"GroupName": "Strictly Necessary Cookies", "OptanonGroupId": "C0001", "Status": "always active", "FirstPartyCookies": [of_banner("OptanonConsent")]},
        {"GroupName": "Performance Cookies", "OptanonGroupId": "C0002", "Status": "inactive", "FirstPartyCookies": [of_banner("_ga")]},
        {"GroupName": "Performance Cookies", "OptanonGroupId": "C0009", "Status": "active", "FirstPartyCookies": [of_banner("_gb")]},
    ]  # fmt: skip
    assert needs("onetrust", banner(*groups)) == {
        "strictly-necessary": ("exempt", ["strictly-necessary"]),
        "performance": ("required", ["C0002"]), "performance-3": ("required", ["C0009"]),
    }  # fmt: skip
    assert needs("cookieyes", [
        {"slug": "necessary", "name": {"en": "Needed"}, "prior_consent": True, "cookie_list": [{"name": "sid", "duration": {"en": "session"}}]},
        {"slug": "analytics", "name": {"en": "Statistics", "nl": "Statistiek"}, "prior_consent": True, "cookie_list": [{"name": "_ga", "duration": {"en": "1 year"}}]},
    ]) == {"needed": ("exempt", ["needed"]), "statistics": ("required", ["analytics"]), "consent": ("exempt", ["consent"])}  # fmt: skip
    assert needs("klaro", {"services": [{"name": "matomo", "cookies": ["_pk"]}, {"name": "cart", "required": True, "cookies": ["cart"]}, {"cookies": ["x"]}]}) == {
        "matomo": ("required", ["matomo"]), "cart": ("exempt", ["cart"]), "consent": ("exempt", ["consent"]), "uncategorised": ("required", ["uncategorised"]),
    }  # fmt: skip


def test_without_a_consent_cookie_no_category_is_claimed_exempt() -> None:
    data = {"storageMethod": "localStorage", "services": [{"name": "matomo", "cookies": ["_pk"]}]}
    assert needs("klaro", data) == {}
    assert needs("klaro", data | {"required": True}) == {"matomo": ("exempt", ["matomo"])}


def test_a_draft_has_the_titles_of_all_languages_and_comments_for_gaps() -> None:
    cookies = [
        {"name": "foo", "description": {"en": "Description is currently not available."}, "duration": {"en": "never"}, "domain": "shop.example"},
        {"name": "__cf_bm", "description": {"en": "Bots"}, "duration": {"en": "30 minutes"}, "domain": "shop.example"},
        {"name": "vuid", "description": {"en": "Vimeo"}, "duration": {"en": "1 year"}, "domain": ".vimeo.com"},
        {"name": "cookieyes-consent", "description": {"en": "Answer"}, "duration": {"en": "1 year"}, "domain": "shop.example"},
    ]  # fmt: skip
    found = read(
        "cookieyes", [{"slug": "analytics", "name": {"en": "Analytics", "nl": "Statistiek"}, "cookie_list": cookies}]
    )
    text = new_policy_of_list("shop", found, drafted(found, Policy("draft", ()), is_new=True))
    for line in (
        'title: {en: "Analytics", nl: "Statistiek"}',
        '# purpose: describe its use; the list has only "Description is currently not available."',
        "# lifetime: not understood (never); choose one (lifetime_source is then chosen)",
        "# set_by: infrastructure, if Cloudflare is in front of the website",
        "# vuid: a cookie of .vimeo.com, which is another site, so it is not declared",
        "consent: {cookie: cookieyes-consent, format: cookieyes}",
    ):
        assert line in text
    made = loaded(text).policy
    assert made is not None and [(e.name, e.category) for e in made.entries][-1] == ("cookieyes-consent", "consent")


def test_categories_of_a_policy_are_used_if_they_agree_about_consent() -> None:
    text = "consent: {cookie: c, format: cookiebot}\ncategories: {statistics: {consent: required}, marketing: {consent: exempt, basis: x}, necessary: {consent: exempt, basis: x}}"
    known = policy(f"{text}\n{entries('name: c, category: necessary', 'name: sid, category: necessary')}")
    made = drafted(read("cookiebot", CC_JS), known, is_new=False)
    assert "    category: statistics\n" in made.yaml and "    category: necessary\n" in made.yaml
    assert "    # category: Marketing\n" in made.yaml
    services = {"services": [{"name": "statistics", "title": "Matomo", "cookies": ["_pk"]}]}
    assert "    category: statistics\n" in drafted(read("klaro", services), known, is_new=False).yaml


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["_ga_*", "a\tb", "\ud83d", "a: {", "*"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["name", "Name", "cookieName", "description", "duration", "Length", "length", "GroupName", "Host", "domain", "expires", "log", "purposes", "title", "slug", "Status", "OptanonGroupId", "required", "lifespan", "host"]), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip
SHAPES = {
    "onetrust": lambda x: {"Groups": [{"GroupName": x, "FirstPartyCookies": [x, {"Name": "a", "Host": x}], "Hosts": [x]}]},
    "cookieyes": lambda x: [{"name": x, "slug": x, "cookie_list": [x, {"name": "a", "description": x, "duration": x}]}, x],
    "klaro": lambda x: {"cookieName": x, "storageMethod": x, "required": x, "services": [x, {"name": x, "cookies": [x, "a"], "purposes": [x]}], "translations": x},
    "wec": lambda x: {"start_time": x, "cookies": [x, {"name": "a", "domain": "b"}]},
    "cookiebot": lambda x: x,
}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(SHAPES)), JSON)
def test_every_draft_is_a_policy(form: str, data: Any) -> None:
    text = json.dumps(SHAPES[form](data))
    if form == "cookiebot":
        text = f'CookieConsentDialog.cookieTableNecessary = [{text}, [{text}, "p", "d", "1 day", "HTTP", "1", "", ""]];'
    found = FORMATS[form](text)
    draft = new_policy_of_list("\u202e", found, drafted(found, Policy("draft", ()), is_new=True))
    assert [p for p in loaded(draft).problems if p.code.severity is Severity.ERROR] == []
    assert all(c.isprintable() or c == "\n" for c in draft)
