"""How does a message show the value that was found, and which words does it suggest instead?"""

import json
from difflib import get_close_matches

FEW = 4
"""Choices that are listed where none of them is close to the word that was written."""

_KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a mapping",
    type(None): "nothing",
}


def quote(value: object) -> str:
    """A found value as a short text."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"


def kind_of(value: object) -> str:
    """The kind of a value in the words of YAML: `a mapping`."""
    return _KINDS.get(type(value), type(value).__name__)


def did_you_mean(word: object, choices: list[str]) -> str:
    """`, did you mean "samesite"?` or the choices where they are few; empty where neither helps."""
    # A comparison takes 20 µs: it is left out where thousands of wrong names have thousands of choices.
    close = get_close_matches(str(word), choices, n=1, cutoff=0.6) if len(choices) <= 100 else []
    if close and (len(choices) > FEW or _is_nearly(str(word).lower(), close[0].lower())):
        return f', did you mean "{close[0]}"?'
    if len(choices) == 1:
        return f", expected {choices[0]}"
    return f", expected one of {', '.join(choices)}" if choices and len(choices) <= 16 else ""


def _is_nearly(word: str, choice: str) -> bool:
    return bool(get_close_matches(word, [choice], n=1, cutoff=0.75))
