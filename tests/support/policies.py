"""Policies for tests, written as users write them."""

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.compose import load
from cookiewarden.core.policy.loaded import Loaded, Unread
from cookiewarden.core.policy.policy import Mode, Policy
from cookiewarden.core.policy.problem import Code


def loaded(main: str, **files: str) -> Loaded:
    """Load a policy from texts. In the names of `files`, `__` means `/` and `_yaml` the suffix."""
    texts = {"p.yaml": main} | {name.replace("_yaml", ".yaml").replace("__", "/"): text for name, text in files.items()}

    def read(name: str) -> bytes | Unread:
        text = texts.get(name)
        return Unread(Code.INCLUDE_MISSING, f'the file "{name}" does not exist') if text is None else text.encode()

    return load("p.yaml", read)


def policy(main: str, **files: str) -> Policy:
    found = loaded(main, **files)
    assert found.policy is not None, found.problems
    return found.policy


def engine(main: str, mode: Mode | None = None, **files: str) -> Engine:
    return Engine(policy(main, **files), mode)


def entries(*lines: str, **head: str) -> str:
    """Return a policy of flow-style entries: `entries("name: sid, secure: true")`; `head` adds top-level keys."""
    top = "".join(f"{key}: {value}\n" for key, value in head.items())
    return f"version: 1\n{top}cookies:\n" + "".join(f"  - {{{line}}}\n" for line in lines)
