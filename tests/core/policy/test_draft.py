"""Entries of several files, and overlays."""

from tests.support.policies import loaded


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
