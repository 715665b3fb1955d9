"""GPP strings: headers, and the opt-outs of several states."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.formats.gpp import read_gpp
from tests.support.bits import base64url, fibonacci, gpp_header

STATES = (9, 10, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23)
"""Sections whose opt-outs of sale and of targeted advertising are at bit 12."""


def state(sale: int, advertising: int) -> str:
    return base64url(f"{1:06b}{'01' * 3}{sale:02b}{advertising:02b}{'0' * 40}")


@pytest.mark.parametrize(
    ("number", "bits"), [(1, "11"), (2, "011"), (3, "0011"), (4, "1011"), (5, "00011"), (6, "10011"), (7, "01011")]
)
def test_numbers_are_written_as_in_the_specification(number: int, bits: str) -> None:
    assert fibonacci(number) == bits


@given(st.dictionaries(st.sampled_from(STATES), st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1))
def test_the_visitor_allows_a_use_that_one_state_allows_and_none_refuses(answers: dict[int, tuple[int, int]]) -> None:
    numbers = sorted(answers)
    offsets = (number - before for before, number in zip([0, *numbers], numbers, strict=False))
    text = "~".join([gpp_header(*offsets), *(state(*answers[number]) for number in numbers)])
    expected = set()
    for word, said in zip(("us:sale", "us:targeted-advertising"), zip(*answers.values(), strict=True), strict=True):
        if 2 in said and 1 not in said:
            expected.add(word)
    assert read_gpp(text) == expected


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_a_header_with_an_unknown_section_is_not_read(offsets: list[int]) -> None:
    numbers = [sum(offsets[: at + 1]) for at in range(len(offsets))]
    text = "~".join([gpp_header(*offsets), *(state(2, 2) for _ in offsets)])
    known = {*STATES, 5}
    if not known.issuperset(numbers) and not {7, 8, 11, 18}.intersection(numbers):
        assert read_gpp(text) is None


@given(st.text("ABCDxyz019-_.~", max_size=80))
def test_no_text_makes_reading_fail(text: str) -> None:
    for start in ("", "DBAB"):
        found = read_gpp(start + text)
        assert found is None or isinstance(found, frozenset)
