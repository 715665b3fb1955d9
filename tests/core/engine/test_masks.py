"""Sets of numbers as bits: unions, and the texts with which a name begins, with literal versions as oracles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.engine.masks import FEW, MAX_BITS, Beginnings, Sets, mask_of, numbers_of

NUMBERS = st.sets(st.integers(0, 200), max_size=6).map(sorted)
MANY = st.sets(st.integers(0, 200), min_size=FEW + 1, max_size=30).map(sorted)
TEXTS = st.binary(max_size=6).map(lambda text: bytes(97 + octet % 2 for octet in text))
LIMITS = pytest.mark.parametrize("max_bits", [0, 500, 2000, MAX_BITS])


@given(NUMBERS)
def test_a_set_has_the_numbers_of_which_it_was_made(numbers: list[int]) -> None:
    assert mask_of(numbers) == sum(1 << number for number in numbers)
    assert numbers_of(mask_of(numbers)) == numbers


@LIMITS
@given(sets=st.dictionaries(TEXTS, NUMBERS | MANY, min_size=1), data=st.data())
def test_the_union_of_sets_has_the_numbers_of_each(
    max_bits: int, sets: dict[bytes, list[int]], data: st.DataObject
) -> None:
    tried = Sets(sets, max_bits)
    for _ in range(3):
        keys = data.draw(st.lists(st.sampled_from(sorted(sets))))
        assert numbers_of(tried.union(keys)) == sorted({number for key in keys for number in sets[key]})


@LIMITS
@given(sets=st.dictionaries(TEXTS, NUMBERS), names=st.lists(TEXTS, min_size=1, max_size=5))
def test_all_texts_with_which_a_name_begins_are_found(
    max_bits: int, sets: dict[bytes, list[int]], names: list[bytes]
) -> None:
    tried = Beginnings(sets, max_bits)
    for name in names:
        beginnings = sorted((text for text in sets if name.startswith(text)), key=len, reverse=True)
        at = tried.find(name)
        assert ([tried.texts[at]] if at >= 0 else []) == beginnings[:1]
        assert numbers_of(tried.of(name)) == sorted({number for text in beginnings for number in sets[text]})
