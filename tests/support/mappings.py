"""The examples of policies/coming-from.md: lines of a proxy, the policy lines for them, and a cookie before and after."""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

PAGE = Path(__file__).parents[2] / "policies" / "coming-from.md"


@dataclass(frozen=True)
class Mapping:
    """An example of the page."""

    server: str
    """The language of the proxy's lines, empty if there are none."""
    lines: str
    policy: str
    before: str
    after: str
    """Empty if the cookie is blocked."""

    def whole_policy(self) -> str:
        """Return the example as a policy with an entry for the cookie."""
        keys = {"version": 1, **yaml.safe_load(self.policy)}
        keys.setdefault("cookies", [{"name": self.before.partition("=")[0]}])
        return yaml.safe_dump(keys, sort_keys=False)


def mappings() -> list[Mapping]:
    """Return all examples. Raises ValueError if a block of the page belongs to none."""
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    found, lines = [], ("", "")
    languages = [language for language, _ in blocks]
    for at, (language, text) in enumerate(blocks):
        if language == "yaml" and languages[at + 1 : at + 2] == ["text"]:
            before, after, *rest = blocks[at + 1][1].split("\n")
            if rest != [""]:
                raise ValueError(f"expected a cookie before and after: {blocks[at + 1][1]}")
            found.append(Mapping(*lines, text, before, after))
            lines = ("", "")
        elif language not in ("yaml", "text"):
            lines = (language, text.strip())
    if len(found) * 2 != languages.count("yaml") + languages.count("text"):
        raise ValueError("a block of YAML or text belongs to no example")
    return found


def parts(line: str) -> tuple[str, frozenset[str]]:
    """Return the pair of a Set-Cookie and its attributes.

    Their order does not matter to browsers, and neither does a dot before a domain, which nginx keeps."""
    pair, *attributes = line.split(";")
    return pair, frozenset(attribute.strip().lower().replace("domain=.", "domain=") for attribute in attributes)
