"""The visitor's answer."""

import pytest

from cookiewarden.core.policy.problem import Code
from tests.support.policies import entries, loaded

CATEGORIES = "{f: {basis: x}, m: {consent: required}}"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("name: answer, category: f", []),
        ("name: answer*, category: f", []),
        ("name: other, category: f", ["is undeclared"]),
        ("name: answer, category: f, scope: {hosts: [a.example]}", ["for some hosts only"]),
        ("name: answer, category: f, until: 2026-12-31", ["with an end date"]),
        ("name: answer, category: m", ['in category "m", which itself depends on the answer']),
        ("name: answer, category: f, seal: true", ["with seal or rename_to"]),
        ("name: answer, category: f, rename_to: __Host-b", ["with seal or rename_to"]),
        ("name: answer, category: f, forward: false", ["but not forwarded"]),
    ],
)
def test_the_answer_reaches_the_banner_the_application_and_the_proxy(line: str, told: list[str]) -> None:
    found = loaded(entries(line, categories=CATEGORIES, consent="{cookie: answer}")).problems
    messages = [problem.message for problem in found if problem.code is Code.CONSENT_UNDECLARED]
    assert len(messages) == len(told) and all(part in m for part, m in zip(told, messages, strict=True))


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ({"categories": CATEGORIES}, Code.NO_CONSENT_COOKIE),
        ({"categories": "{f: {basis: x}}", "consent": "{cookie: answer}"}, Code.NO_EFFECT),
        ({"categories": CATEGORIES, "consent": "{cookie: answer, format: tcf}"}, Code.WRONG_VALUE),
        (
            {
                "categories": CATEGORIES.replace("required", "required, granted_by: [25]"),
                "consent": "{cookie: answer, format: tcf}",
            },
            Code.WRONG_VALUE,
        ),
        (
            {
                "categories": CATEGORIES.replace("required", "required, granted_by: [1, 24]"),
                "consent": "{cookie: answer, format: tcf}",
            },
            None,
        ),
        ({"categories": CATEGORIES, "consent": "{cookie: answer}"}, None),
        ({"categories": CATEGORIES.replace("required", "opt-out")}, Code.NO_CONSENT_COOKIE),
        ({"categories": CATEGORIES.replace("required", "opt-out, gpc: default")}, Code.NO_CONSENT_COOKIE),
        ({"categories": CATEGORIES.replace("required", "opt-out, gpc: deny")}, None),
        ({"categories": CATEGORIES.replace("required", "opt-out"), "consent": "{cookie: answer}"}, None),
        ({"categories": CATEGORIES.replace("required", "opt-out, gpc: deny"), "gpc_json": "off"}, None),
        ({"categories": "{f: {basis: x}}", "gpc_json": "2026-11-29"}, Code.NO_EFFECT),
    ],
)
def test_a_category_that_requires_consent_needs_a_cookie_and_words_of_its_format(
    head: dict[str, str], code: Code | None
) -> None:
    here = (Code.NO_CONSENT_COOKIE, Code.NO_EFFECT, Code.WRONG_VALUE)
    found = loaded(entries("name: answer, category: f", **head)).problems
    assert [problem.code for problem in found if problem.code in here] == ([code] if code else [])


@pytest.mark.parametrize(
    ("form", "words", "is_valid"),
    [
        ("tcf", "[1, 24, vendor:1, vendor:755, vendor:4096]", True),
        ("tcf", "[0]", False),
        ("tcf", "[25]", False),
        ("tcf", "[vendor:0]", False),
        ("tcf", "[vendor:4097]", False),
        ("tcf", "[vendor:0755]", False),
        ("tcf", "[vendor]", False),
        ("tcf", "['us:sale']", False),
        ("gpp", "[1, vendor:755, us:sale, us:sharing, us:targeted-advertising]", True),
        ("gpp", "[us:sales]", False),
        ("gpp", "[usnat:sale]", False),
        ("gpp", "[25]", False),
        ("consent_mode", "[ad_storage, ad_user_data, ad_personalization, analytics_storage]", True),
        ("consent_mode", "[functionality_storage, personalization_storage, security_storage]", True),
        ("consent_mode", "[analytics]", False),
        ("cookieyes", "[analytics, our-own]", True),
        ("didomi", "[p4em9a8m, 'vendor:c:googleana-h7Kc3e7Y']", True),
        ("axeptio", "[google_analytics]", True),
        ("cookieconsent", "['analytics:ga']", True),
    ],
)
def test_words_that_the_format_does_not_have_are_refused(form: str, words: str, is_valid: bool) -> None:
    head = {
        "categories": CATEGORIES.replace("required", f"required, granted_by: {words}"),
        "consent": f"{{cookie: answer, format: {form}}}",
    }
    found = loaded(entries("name: answer, category: f", **head)).problems
    refused = [problem.message for problem in found if problem.code is Code.WRONG_VALUE]
    assert len(refused) == (not is_valid) and all(f"words of the format {form}" in message for message in refused)
