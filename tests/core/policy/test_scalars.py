"""Single values, valid and invalid."""

from collections.abc import Callable

import pytest
from pydantic_core import PydanticCustomError

from cookiewarden.core.policy import scalars
from cookiewarden.core.policy.policy import Move, SameSite, SameSiteVerb
from tests.support.policies import entries, policy


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("session", 0),
        ("90s", 90),
        ("1min", 60),
        ("24h", 86400),
        ("7d", 604800),
        ("1w", 604800),
        ("9mo", 23652000),
        ("2y", 63072000),
    ],
)
def test_lifetimes_are_seconds(text: str, seconds: int) -> None:
    bound = policy(entries(f"name: a, lifetime: {text}")).entries[0].rules.bound
    assert bound is not None and bound.seconds == seconds


def test_purposes_may_be_per_language_and_categories_carry_their_basis() -> None:
    found = policy("categories: {f: {basis: needed}}\ncookies: [{name: a, category: f, purpose: {en: x, nl: y}}]")
    assert found.entries[0].purpose == {"en": "x", "nl": "y"}
    assert found.categories["f"].basis == {"": "needed"}


def test_a_lifetime_is_shown_as_it_was_written() -> None:
    assert str(scalars.parse_lifetime("90min")) == "90min"


@pytest.mark.parametrize(
    ("read", "value", "meaning"),
    [
        (scalars.check_host, "Shop.Example", "shop.example"),
        (scalars.check_host, "*.Shop.example", "*.shop.example"),
        (scalars.check_parent, ".shop.example", "shop.example"),
        (scalars.parse_domain_rule, "keep", "keep"),
        (scalars.parse_domain_rule, "host-only", "host-only"),
        (scalars.parse_domain_rule, {"from": ".A.internal", "to": "host-only"}, (Move("a.internal", "host-only"),)),
        (scalars.parse_path_rule, "/a", "/a"),
        (scalars.parse_path_rule, {"from": "/a/", "to": "/"}, (Move("/a/", "/"),)),
        (
            scalars.parse_path_rule,
            [{"from": "/a", "to": "/"}, {"from": "/a/b", "to": "/b"}],
            (Move("/a/b", "/b"), Move("/a", "/")),
        ),
        (scalars.parse_until, "1970-01-01", 86400.0),
        (scalars.day_or_off, "off", "off"),
        (scalars.day_or_off, "2026-11-29", "2026-11-29"),
        (scalars.parse_same_site, "keep", SameSite()),
        (scalars.parse_same_site, "remove", SameSite(SameSiteVerb.REMOVE)),
        (scalars.parse_same_site, "None", SameSite(SameSiteVerb.EXACTLY, "None")),
        (scalars.parse_same_site, {"default": "None"}, SameSite(SameSiteVerb.DEFAULT, "None")),
        (scalars.parse_same_site, {"at_least": "Lax"}, SameSite(SameSiteVerb.AT_LEAST, "Lax")),
        (scalars.parse_sentence, {"en": "a\n b"}, {"en": "a b"}),
        (scalars.granting_word, 7, "7"),
        (scalars.seal_item, True, {}),
        (scalars.seal_item, False, None),
        (scalars.rename_item, "__Host-a", {"name": "__Host-a"}),
        (scalars.include_item, "v.yaml", {"file": "v.yaml"}),
    ],
)
def test_each_value_is_read_as_documented(read: Callable[[object], object], value: object, meaning: object) -> None:
    assert read(value) == meaning


@pytest.mark.parametrize(
    ("read", "value", "code", "told"),
    [
        (scalars.parse_lifetime, "30m", "bad-lifetime", "write 30min for minutes or 30mo for months"),
        (scalars.parse_lifetime, "0d", "bad-lifetime", "leave it undeclared"),
        (scalars.parse_lifetime, 7, "bad-lifetime", "found 7, expected session"),
        (scalars.check_name, "", "bad-name", "the name is empty"),
        (scalars.check_name, "a=b", "bad-name", '"=" is not allowed'),
        (scalars.check_name, " a", "bad-name", "remove it"),
        (scalars.check_new_name, "sid", "wrong-value", "begin it with __Host-"),
        (scalars.check_new_name, "__Host-*", "wrong-value", "use no *"),
        (scalars.check_host, "a:80", "wrong-value", "without a port"),
        (scalars.check_parent, "*.a", "wrong-value", "expected one such as shop.example"),
        (scalars.parse_path_rule, {"from": "/a"}, "missing-key", '"to" is missing; expected {from: /app/, to: /}'),
        (scalars.parse_path_rule, {"from": "/a", "to": "b"}, "wrong-value", "begin it with /"),
        (scalars.parse_path_rule, {"from": "/a", "into": "/"}, "unknown-key", 'unknown key "into"'),
        (scalars.parse_path_rule, ["/a"], "wrong-type", "found text, expected {from: /app/, to: /}"),
        (scalars.parse_path_rule, [], "wrong-type", "the list is empty"),
        (
            scalars.parse_path_rule,
            [{"from": "/a", "to": "/b"}, {"from": "/a/", "to": "/c"}],
            "wrong-value",
            '"/a/" is moved twice',
        ),
        (scalars.parse_path_rule, [{"from": f"/{n}", "to": "/"} for n in range(65)], "wrong-value", "at most 64"),
        (scalars.parse_path_rule, [{"from": "/a", "to": "/"}] * 2, "wrong-value", '"/a" is moved twice'),
        (scalars.parse_domain_rule, {"from": "host-only", "to": "*.a"}, "wrong-value", "shop.example, or host-only"),
        (scalars.parse_domain_rule, "*.a", "wrong-value", "shop.example, or host-only"),
        (scalars.check_path, "a", "wrong-value", "begin it with /"),
        (scalars.parse_path_rule, "/app/ /", "wrong-value", "to move a path, write {from: /app/, to: /}"),
        (scalars.check_path, None, "wrong-type", "expected text, found nothing"),
        (scalars.check_day, "9999-12-31", "wrong-value", "is not a valid end"),
        (scalars.check_day, "2026-02-30", "wrong-value", "expected one such as 2026-12-31"),
        (scalars.parse_same_site, {"exact": "Lax"}, "unknown-key", "expected one of default, at_least"),
        (scalars.parse_same_site, {"at_least": "None"}, "wrong-value", "expected one of Lax, Strict"),
        (scalars.parse_same_site, 7, "wrong-value", "keep, {default: Lax}"),
        (scalars.parse_text, [], "wrong-type", "found a list"),
        (scalars.check_language, "EN", "wrong-value", "en, nl or pt-BR"),
        (scalars.check_statement_path, "/a//b", "wrong-value", "a plain path"),
        (scalars.check_statement_path, "/.well-known/cookiewarden/x", "wrong-value", "a plain path"),
        (scalars.granting_word, True, "wrong-type", "found true or false"),
        (scalars.seal_item, {"key": "x"}, "key-in-policy", "--seal-key-file"),
        (scalars.seal_item, "x", "wrong-type", "expected true or a mapping"),
        (scalars.one_of({True: 1}), 1, "wrong-value", "found 1, expected true"),
    ],
)
def test_each_invalid_value_has_its_code_and_a_fix(
    read: Callable[[object], object], value: object, code: str, told: str
) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        read(value)
    assert (refused.value.type, told in refused.value.message()) == (code, True), refused.value.message()
