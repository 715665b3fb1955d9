"""Globs of regular expressions and of placeholders."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.tools.lists.wildcards import glob_of_regex, globs_of_regex, name_of_list


@pytest.mark.parametrize(
    ("source", "glob"),
    [
        # realistic
        ("^_pk_.*$", "_pk_*"), ("^_ga_", "_ga_*"), ("^_ga_.*", "_ga_*"), ("^piwik_ignore$", "piwik_ignore"),
        ("_hj", "*_hj*"), ("^wordpress_logged_in_.*", "wordpress_logged_in_*"), ("^a\\.b\\-c$", "a.b-c"),
        ("^_gat_UA-.*?-1$", "_gat_UA-*-1"), ("_consent$", "*_consent"), ("^a.*.*b$", "a*b"),
        # no glob is exact
        ("^intercom-id-[a-z0-9]+$", None), ("^_ga_\\w+$", None), ("^_ga.$", None), ("^a.+$", None), ("^(a|b)$", None),
        ("^a|b$", None), ("^a?$", None), ("^a{3}$", None), ("^a*$", None), ("^\\bsid$", None), ("^a\\*b$", None),
        # pathological
        ("", "*"), ("^$", None), ("^", "*"), ("$", "*"), ("^a\\$", "a$*"), ("^a\\\\$", "a\\"), ("^a\\", None), ("a^", None), ("a$b", None),
    ],
)  # fmt: skip
def test_a_regular_expression_is_a_glob_if_both_match_the_same_names(source: str, glob: str | None) -> None:
    assert glob_of_regex(source) == glob


@pytest.mark.parametrize(
    ("source", "globs"),
    [
        ("^_pk_", ["_pk_*"]), ("^_g(id|at)$", ["_gid", "_gat"]), ("^_ga(_.*)?$", ["_ga_*", "_ga"]), ("^_(?:a|b)(c|d)$", ["_ac", "_ad", "_bc", "_bd"]),
        ("^((a|b)c|d)$", ["ac", "d", "bc"]), ("^a(b|)$", ["ab", "a"]), ("^a(b)$", ["ab"]),
        ("^a(b|c)+$", []), ("^a(?=b)", []), ("^a(b|[cd])$", []), ("^a\\(b$", ["a(b"]), ("^a(b.|c)$", []), ("^a(b", []),
        ("^(a|b)(a|b)(a|b)(a|b)$", []),
    ],
)  # fmt: skip
def test_alternatives_become_globs(source: str, globs: list[str]) -> None:
    assert globs_of_regex(source) == globs


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(["a", "_", ".*", "(a|b)", "(_.*)?", "(b|)"]), max_size=5),
    st.booleans(),
    st.text("ab_", max_size=6),
)
def test_the_globs_match_as_the_expression_does(parts: list[str], is_ended: bool, name: str) -> None:
    source = f"^{''.join(parts)}{'$' if is_ended else ''}"
    globs = globs_of_regex(source)
    if globs and name:
        assert any(name_matches(glob, name) for glob in globs) == (re.search(source, name) is not None)


@settings(max_examples=200)
@given(
    st.tuples(st.sampled_from(["", "^"]), st.lists(st.sampled_from(["a", "_", "\\.", ".*", "-", "b"])), st.sampled_from(["", "$"])),
    st.text("ab_.-", max_size=6),
)  # fmt: skip
def test_the_glob_matches_as_the_expression_does(parts: tuple[str, list[str], str], name: str) -> None:
    source = parts[0] + "".join(parts[1]) + parts[2]
    glob = glob_of_regex(source)
    assert glob is None or name_matches(glob, name) == (re.search(source, name) is not None)


@pytest.mark.parametrize(
    ("written", "name", "suggested"),
    [
        ("_ga", "_ga", ""), ("_ga_*", "_ga_*", ""), ("_hj**", "_hj*", ""), ("__cf_bm [x2]", "__cf_bm", ""),
        ("_ga_#", "_ga_#", "_ga_*"), ("_ga_xxxx", "_ga_xxxx", "_ga_*"), ("_gat_<id>", "_gat_<id>", "_gat_*"),
        ("intercom-id-[a-z0-9]+", "intercom-id-[a-z0-9]+", "intercom-id-*"), ("a…", "a…", "a*"),
        ("_gat_UA-nnnnnnn-nn", "_gat_UA-nnnnnnn-nn", "_gat_UA-*"), ("connected", "connected", ""),
    ],
)  # fmt: skip
def test_a_placeholder_is_kept_as_written_and_reported(written: str, name: str, suggested: str) -> None:
    found, why = name_of_list(written)
    assert found == name and (f'write "{suggested}"' in why if suggested else not why)
