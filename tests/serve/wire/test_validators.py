"""The limit of the entity-tags in conditional fields; test_guard.py tests their use on the wire."""

import pytest

from cookiewarden.serve.wire.validators import MARK, MAX_TAGS, Conditions

REVISION = b"0123456789abcdef"


@pytest.mark.parametrize("over", [0, 1])
def test_a_field_with_too_many_entity_tags_matches_no_page(over: int) -> None:
    names = [b"%d" % n for n in range(MAX_TAGS + over)]
    sent = b", ".join(b'"%b%b%b"' % (name, MARK, REVISION) for name in names)
    conditions = Conditions(REVISION, is_page=True)
    left = conditions.towards_application(b"\r\nIf-None-Match: " + sent)
    read = [] if over else names
    assert conditions.known == {b'"%b"' % name for name in read}
    assert left == (b"\r\nIf-None-Match: " + b", ".join(b'"%b"' % name for name in read) if read else b"")


@pytest.mark.parametrize("over", [0, 1])
def test_the_entity_tags_of_several_fields_have_one_limit(over: int) -> None:
    fields = [b'"%d%b%b"' % (n, MARK, REVISION) for n in range(MAX_TAGS + over)]
    conditions = Conditions(REVISION, is_page=False)
    left = conditions.towards_application(b"".join(b"\r\nIf-None-Match: " + tag for tag in fields))
    assert left == b"".join(b'\r\nIf-None-Match: "%d"' % n for n in range(MAX_TAGS))
    assert conditions.known == {b'"%d"' % n for n in range(MAX_TAGS)}
