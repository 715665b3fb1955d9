"""Reading policy files from a disk with folders, pipes, links and missing files."""

import os
from pathlib import Path

from cookiewarden import files
from cookiewarden.core.policy.problem import Code
from cookiewarden.files import PolicyFiles, SeveralPolicyFiles


def codes(path: Path) -> list[Code]:
    return [p.code for p in PolicyFiles(str(path)).load().problems if p.code.severity.value == "error"]


def test_a_folder_a_pipe_and_a_name_with_a_zero_byte_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "p.yaml").write_text('include: [folder.yaml, pipe.yaml, "x\\0y"]\n')
    assert codes(tmp_path / "p.yaml") == [Code.UNREADABLE, Code.UNREADABLE, Code.INCLUDE_OUTSIDE]


def test_a_folder_in_place_of_a_file_leaves_no_descriptor_open(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        assert PolicyFiles(str(tmp_path / "p.yaml")).load().policy is None
    assert len(os.listdir("/proc/self/fd")) == before


def test_an_endless_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "p.yaml").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    assert codes(tmp_path / "p.yaml") == [Code.TOO_LARGE]


def test_a_link_that_leads_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("cookies: []")
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "in.yaml").symlink_to("../outside.yaml")
    (folder / "p.yaml").write_text("include: [in.yaml]")
    assert codes(folder / "p.yaml") == [Code.INCLUDE_OUTSIDE]


def test_links_in_a_circle_are_unreadable_as_an_include_and_as_the_main_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("b.yaml")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    (tmp_path / "p.yaml").write_text("include: [a.yaml]")
    assert codes(tmp_path / "p.yaml") == codes(tmp_path / "a.yaml") == [Code.UNREADABLE]
    assert PolicyFiles(str(tmp_path / "a.yaml")).look()


def test_a_file_called_none_includes_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("include: [None]")
    (tmp_path / "None").write_text("cookies: []")
    assert codes(tmp_path / "p.yaml") == []


def test_a_file_that_the_system_refuses_to_open_is_unreadable_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(f"include: [{'x' * 300}]")
    problem = next(p for p in PolicyFiles(str(tmp_path / "p.yaml")).load().problems if p.code is Code.UNREADABLE)
    assert problem.message.endswith("cannot be read: file name too long")


def test_all_files_come_from_the_folder_that_the_main_file_resolves_to(tmp_path: Path) -> None:
    """Swap `..data` as a ConfigMap volume does, and keep the links to it."""
    for revision, name in (("one", "a"), ("two", "b")):
        (tmp_path / revision).mkdir()
        (tmp_path / revision / "p.yaml").write_text("include: [v.yaml]")
        (tmp_path / revision / "v.yaml").write_text(f"cookies: [{{name: {name}}}]")
    (tmp_path / "..data").symlink_to("one")
    for name in ("p.yaml", "v.yaml"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    policy_files = PolicyFiles(str(tmp_path / "p.yaml"))
    first = policy_files.load()
    assert policy_files.look() == policy_files.loaded_from()
    (tmp_path / "..new").symlink_to("two")
    (tmp_path / "..new").replace(tmp_path / "..data")
    assert policy_files.look() != policy_files.loaded_from()
    second = policy_files.load()
    assert [
        first.policy and first.policy.entries[0].name,
        second.policy and second.policy.entries[0].name,
    ] == ["a", "b"]


def test_a_deleted_file_is_a_change_and_its_includes_stay_watched(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("cookies: []")
    policy_files = PolicyFiles(str(tmp_path / "p.yaml"))
    (tmp_path / "p.yaml").write_text("include: [v.yaml]")
    (tmp_path / "v.yaml").write_text("cookies: []")
    policy_files.load()
    (tmp_path / "p.yaml").unlink()
    assert policy_files.look() != policy_files.loaded_from()
    assert policy_files.load().policy is None
    assert policy_files.look() == policy_files.loaded_from()
    (tmp_path / "v.yaml").write_text("cookies: [] # changed")
    assert policy_files.look() != policy_files.loaded_from()


def test_the_limit_admits_a_register_of_a_hundred_thousand_entries() -> None:
    assert files.MAX_FILE > 100_000 * 150


def test_several_policies_load_together_or_not_at_all(tmp_path: Path) -> None:
    for name in ("main", "shop"):
        (tmp_path / f"{name}.yaml").write_text(f"version: 1\npolicy: {name}\ncookies: [{{name: {name}}}]\n")
    files = SeveralPolicyFiles(str(tmp_path / "main.yaml"), {"shop": str(tmp_path / "shop.yaml")})
    loaded = files.load()
    assert [policy.name for policy in loaded.policies] == ["main", "shop"] and list(loaded.named) == ["shop"]
    assert files.look() == files.loaded_from() and files.waits() < 1
    (tmp_path / "shop.yaml").write_text("version: 1\npolicy: shop\ncookies: 1\n")
    assert files.look() != files.loaded_from()
    loaded = files.load()
    assert (loaded.policy, loaded.policies, files.may_pass) == (None, [], False)
    assert any(problem.place.path.endswith("shop.yaml") for problem in loaded.problems)
