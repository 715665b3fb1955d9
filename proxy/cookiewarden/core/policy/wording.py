"""Parts of messages: found values, and suggestions."""

import json

FEW = 4
"""Number of choices up to which a message lists them all, unless one is nearly the written word."""

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
    """Return a found value as JSON, cut to 58 characters if it is longer than 60."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"


def kind_of(value: object) -> str:
    """Return the kind of a value in the terms of YAML, such as `a mapping`."""
    return _KINDS.get(type(value), type(value).__name__)


def did_you_mean(word: object, choices: list[str]) -> str:
    """Return `, did you mean "same_site"?`, or a list of up to 16 choices, or an empty text."""
    # A comparison takes 20 µs, too much for thousands of wrong names with thousands of choices each.
    close = _close(str(word), choices, 0.6) if len(choices) <= 100 else []
    if close and (len(choices) > FEW or _is_nearly(str(word).lower(), close[0].lower())):
        return f', did you mean "{close[0]}"?'
    if len(choices) == 1:
        return f", expected {choices[0]}"
    return f", expected one of {', '.join(choices)}" if choices and len(choices) <= 16 else ""


def _is_nearly(word: str, choice: str) -> bool:
    return bool(_close(word, [choice], 0.75))


def _close(word: str, choices: list[str], cutoff: float) -> list[str]:
    """Return the most similar choice, if it is similar enough."""
    from difflib import get_close_matches  # only wrong policies need it

    return get_close_matches(word, choices, n=1, cutoff=cutoff)
