"""Policy files, good and bad. The golden files in tests/data/bad are the messages that users read."""

from pathlib import Path

import pytest

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Flag, Mode, OnUndeclaredRequest, OnUndeclaredResponse, SetBy
from cookiewarden.core.policy.problem import Code, render_caret
from cookiewarden.files import PolicyFiles
from tests.support.policies import entries, loaded, policy

BAD = Path(__file__).parents[1] / "data" / "bad"
NAMES = sorted(path.stem for path in BAD.glob("*.yaml"))


def messages(name: str) -> str:
    problems = PolicyFiles(str(BAD / f"{name}.yaml")).load().problems
    return "".join(render_caret(problem) + "\n" for problem in problems).replace(f"{BAD}/", "")


@pytest.mark.parametrize("name", NAMES)
def test_every_problem_of_a_bad_policy_is_told_with_its_place(name: str) -> None:
    assert messages(name) == (BAD / f"{name}.out").read_text()


def test_the_golden_files_show_every_code_that_a_file_can_cause() -> None:
    told = "".join((BAD / f"{name}.out").read_text() for name in NAMES)
    # the others are about reading, tests/test_files.py, and about the day, tests/core/test_expiry.py
    missing = {code for code in Code if f"[{code.text}]" not in told} - {
        Code.UNREADABLE,
        Code.TOO_LARGE,
        Code.ENTRY_EXPIRED,
        Code.EXPIRES_SOON,
    }
    assert missing == set()


def test_absent_means_what_the_reference_says() -> None:
    found = policy("cookies: [{name: a}]")
    assert (found.name, found.mode) == ("p", Mode.ENFORCE)
    assert (found.on_response, found.on_request) == (OnUndeclaredResponse.BLOCK, OnUndeclaredRequest.STRIP)
    (entry,) = found.entries
    rules = entry.rules
    assert (rules.secure, rules.http_only, rules.partitioned, rules.bound) == (
        Flag.KEEP,
        Flag.KEEP,
        Flag.KEEP,
        None,
    )
    assert (entry.set_by, entry.forward, entry.report_only) == (SetBy.SERVER, True, False)


@pytest.mark.parametrize(
    "name", ["no", "on", "1", "007", "1.50", "true", "null", "~", "0x1F", "2026-12-31", "*-x"]
)
def test_a_cookie_may_be_called_what_yaml_reads_as_something_else(name: str) -> None:
    assert policy(f"cookies:\n  - name: {name if name[0] != '*' else repr(name)}\n").entries[0].name == name


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


def test_defaults_apply_where_an_entry_says_nothing_and_http_only_to_server_cookies_only() -> None:
    found = policy(
        entries(
            "name: server",
            "name: own, secure: keep, lifetime: 2h, path: keep",
            "name: script, set_by: script",
            "name: both, set_by: both",
            defaults="{secure: true, http_only: true, lifetime: 1h, path: /, domain: host-only, priority: High}",
        )
    )
    server, own, script, both = (entry.rules for entry in found.entries)
    assert (server.secure, server.http_only, server.path, server.domain) == (
        Flag.ON,
        Flag.ON,
        "/",
        "host-only",
    )
    assert (own.secure, own.path, own.bound.seconds if own.bound else None) == (Flag.KEEP, None, 7200)
    assert (script.http_only, both.http_only) == (Flag.KEEP, Flag.KEEP)


def test_a_main_entry_overlays_an_included_one_key_by_key() -> None:
    found = loaded(
        "include: [v.yaml, {file: w.yaml, except: [out]}]\ncookies:\n  - {name: _ga, forward: true, stage: report}\n  - name: sid\n",
        v_yaml="cookies:\n  - {name: _ga, purpose: theirs, lifetime: 1d, forward: false}\n  - {name: _gid, purpose: x}\n",
        w_yaml="cookies:\n  - name: out\n  - name: in\n",
    )
    assert found.policy is not None
    assert [entry.name for entry in found.policy.entries] == ["_ga", "sid", "_gid", "in"]
    ga = found.policy.entries[0]
    assert (ga.forward, ga.report_only, ga.purpose, ga.lifetime and ga.lifetime.text) == (
        True,
        True,
        {"": "theirs"},
        "1d",
    )
    assert str(ga.place) == "p.yaml:3:6"
    assert ga.places["lifetime"].path == "v.yaml"
    assert ga.places["forward"].path == "p.yaml"


def test_infrastructure_cookies_are_never_forwarded_and_need_no_statement() -> None:
    found = loaded("cookies: [{name: AWSALB, set_by: infrastructure, forward: true}]")
    assert found.policy is not None and not found.policy.entries[0].forward
    assert found.problems == []


def test_purposes_may_be_per_language_and_categories_carry_their_basis() -> None:
    found = policy(
        "categories: {f: {basis: needed}}\ncookies: [{name: a, category: f, purpose: {en: x, nl: y}}]"
    )
    assert found.entries[0].purpose == {"en": "x", "nl": "y"}
    assert found.categories["f"].basis == {"": "needed"}


def test_problems_of_a_broken_main_file_and_of_its_includes_are_told_together() -> None:
    found = loaded(
        "modee: x\ninclude: [v.yaml]\ncookies: [{name: a, lifetime: x}]", v_yaml="cookies: [{nam: b}]"
    )
    assert [p.code for p in found.problems if p.code.severity.value == "error"] == [
        Code.UNKNOWN_KEY, Code.BAD_LIFETIME, Code.MISSING_KEY, Code.UNKNOWN_KEY,
    ]  # fmt: skip
    assert found.policy is None


def test_an_include_that_is_not_yaml_is_told_and_the_rest_still_checked() -> None:
    found = loaded("include: [v.yaml, w.yaml]\ncookies: 5", v_yaml="a: [", w_yaml="- x")
    assert [(p.place.path, p.code) for p in found.problems if p.code.severity.value == "error"] == [
        ("p.yaml", Code.WRONG_TYPE), ("v.yaml", Code.SYNTAX), ("w.yaml", Code.WRONG_TYPE),
    ]  # fmt: skip


def test_the_same_bytes_have_the_same_sha256_and_an_included_byte_changes_it() -> None:
    def sha(text: str) -> str:
        return policy("include: [v.yaml]\ncookies: [{name: a}]", v_yaml=text).sha256

    assert sha("cookies: []") == sha("cookies: []") != sha("cookies: [ ]")


def test_a_scope_has_an_end_and_thousands_of_wrong_names_are_told_plainly() -> None:
    hosts = ", ".join(f"h{n}.example" for n in range(257))
    (problem, *_) = loaded(f"cookies: [{{name: a, scope: {{hosts: [{hosts}]}}}}]").problems
    assert "256" in problem.message
    names = ", ".join(f"n{n}" for n in range(3000))
    entries = ", ".join(f"{{name: m{n}}}" for n in range(3000))
    found = loaded(f"include: [{{file: v.yaml, except: [{names}]}}]", v_yaml=f"cookies: [{entries}]").problems
    assert sum("has no entry" in problem.message for problem in found) == 3000


def test_ten_thousand_entries_are_composed_and_matched() -> None:
    many = policy(entries(*(f"name: c{n}, lifetime: 1d, purpose: x" for n in range(10_000))))
    engine = Engine(many)
    after, decision = engine.on_set_cookie(b"c9999=1", engine.scope(Exchange()), 0.0)
    assert (after, decision.label) == (b"c9999=1", "c9999")


def test_an_error_makes_no_warning_of_a_lifetime_that_the_file_gives() -> None:
    text = "ceiling: 400d\n{}\ncookies:\n  - {{name: sid, purpose: x{}}}\n"
    assert [p.code for p in loaded(text.format("", "")).problems] == []
    assert [p.code for p in loaded(text.format("undeclard: {}", "")).problems] == [Code.UNKNOWN_KEY]
    assert [p.code for p in loaded(text.format("", ", samesit: Lax")).problems] == [Code.UNKNOWN_KEY]


def test_texts_on_one_line_lose_the_line_ends_of_block_scalars_and_paragraphs_keep_theirs() -> None:
    found = policy(
        "categories: {f: {basis: 'a\n\n  b', description: 'c\n\n  d'}}\nstatement: {introduction: 'e\n\n  f'}\n"
        "cookies:\n  - name: sid\n    category: f\n    owner: 'x\n      y'\n    purpose: |\n      The session\n      of the user.\n"
    )
    (entry,) = found.entries
    assert (dict(entry.purpose), entry.owner) == ({"": "The session of the user."}, "x y")
    assert dict(found.categories["f"].basis) == {"": "a b"} and dict(found.categories["f"].description) == {
        "": "c\nd"
    }
    assert dict(found.statement.introduction) == {"": "e\nf"}


@pytest.mark.parametrize(
    "text",
    ["public_hosts: []", "statement: {languages: []}", "undeclared: {evict: domain, evict_domains: []}"],
)
def test_a_list_that_is_empty_is_told_in_our_words(text: str) -> None:
    (problem,) = [p for p in loaded(f"{text}\ncookies: []\n").problems if p.code.severity.value == "error"]
    assert problem.message.endswith(
        ": expected at least one, found an empty list; leave the key out for none"
    )
