"""A few thousand inputs for each target in every test run; `make fuzz` tries millions."""

import random

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.heads import CASES
from tests.fuzz.corpus import inputs, seeds
from tests.fuzz.costs import search
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_leaves_the_target_true(name: str) -> None:
    for seed in seeds()[name]:
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_seeds_leave_the_target_true(name: str) -> None:
    source = inputs(seeds()[name], random.Random(name))
    for _ in range(3000):
        TARGETS[name](next(source))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=300)
@given(data=st.binary(max_size=200))
def test_any_octets_leave_the_target_true(name: str, data: bytes) -> None:
    TARGETS[name](data)


def test_the_search_for_expensive_heads_finds_one() -> None:
    assert uvloop.run(search(1, 1, CASES[:5])) > 1
