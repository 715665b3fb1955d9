"""The labels of cookies in metrics: separate for two policies, bounded, and with stable numbers."""

from cookiewarden.core.engine.decision import UNDECLARED
from cookiewarden.serve.observe.metrics import DECLARED, Label, Labels
from cookiewarden.serve.observe.role import Role


def test_a_name_that_both_policies_declare_has_a_label_in_each() -> None:
    labels = Labels(10, shadow=True)
    labels.declare(["sid", "old"])
    labels.declare(["sid"], Role.SHADOW)
    assert set(labels.of(Role.IN_FORCE)) == {UNDECLARED, "sid", "old"}
    assert set(labels.of(Role.SHADOW)) == {UNDECLARED, "sid"}
    assert sorted(labels.numbers.values()) == list(range(5))


def test_names_beyond_the_bound_of_a_policy_share_a_label_of_that_policy() -> None:
    labels = Labels(1, shadow=True)
    labels.declare(["a", "b", "c"], Role.SHADOW)
    labels.declare(["a"])
    assert set(labels.of(Role.SHADOW)) == {UNDECLARED, "a", DECLARED}
    assert set(labels.of(Role.IN_FORCE)) == {UNDECLARED, "a"}


def test_a_label_keeps_its_number_at_a_reload() -> None:
    labels = Labels(10)
    labels.declare(["a", "b"])
    number = labels.numbers[Label(Role.IN_FORCE, "b")]
    labels.declare(["b", "c"])
    assert labels.numbers[Label(Role.IN_FORCE, "b")] == number
