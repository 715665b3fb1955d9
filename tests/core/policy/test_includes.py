"""The files of a policy."""

from cookiewarden.core.policy.problem import Code
from tests.support.policies import loaded, policy


def test_problems_of_a_broken_main_file_and_of_its_includes_are_reported_together() -> None:
    found = loaded("modee: x\ninclude: [v.yaml]\ncookies: [{name: a, lifetime: x}]", v_yaml="cookies: [{nam: b}]")
    assert [p.code for p in found.problems if p.code.severity.value == "error"] == [
        Code.UNKNOWN_KEY, Code.BAD_LIFETIME, Code.MISSING_KEY, Code.UNKNOWN_KEY,
    ]  # fmt: skip
    assert found.policy is None


def test_an_include_that_is_not_yaml_is_reported_and_the_rest_still_checked() -> None:
    found = loaded("include: [v.yaml, w.yaml]\ncookies: 5", v_yaml="a: [", w_yaml="- x")
    assert [(p.place.path, p.code) for p in found.problems if p.code.severity.value == "error"] == [
        ("p.yaml", Code.WRONG_TYPE), ("v.yaml", Code.SYNTAX), ("w.yaml", Code.WRONG_TYPE),
    ]  # fmt: skip


def test_the_same_bytes_have_the_same_sha256_and_an_included_byte_changes_it() -> None:
    def sha(text: str) -> str:
        return policy("include: [v.yaml]\ncookies: [{name: a}]", v_yaml=text).sha256

    assert sha("cookies: []") == sha("cookies: []") != sha("cookies: [ ]")


def test_thousands_of_names_missing_from_an_include_give_short_messages() -> None:
    names = ", ".join(f"n{n}" for n in range(3000))
    entries = ", ".join(f"{{name: m{n}}}" for n in range(3000))
    found = loaded(f"include: [{{file: v.yaml, except: [{names}]}}]", v_yaml=f"cookies: [{entries}]").problems
    assert sum("has no entry" in problem.message for problem in found) == 3000
