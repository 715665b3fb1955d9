"""Readers of single values of a policy file.

Each function takes a value as parsed from YAML and returns its meaning. For an invalid value it raises
PydanticCustomError with one of our codes and a message that names the correct form.
"""

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import PydanticCustomError

from cookiewarden.core.cookies.scope import canonical_host, name_prefix
from cookiewarden.core.policy.policy import HOST_ONLY, UNITS, Lifetime, Move, Moves, SameSite, SameSiteVerb
from cookiewarden.core.policy.problem import Code
from cookiewarden.core.policy.wording import did_you_mean, kind_of, quote


def wrong(code: Code, message: str) -> PydanticCustomError:
    """Return a validation error with one of our codes. The message is an argument, because braces are placeholders."""
    return PydanticCustomError(code.text, "{message}", {"message": message})


def expect_text(value: object) -> str:
    if not isinstance(value, str):
        raise wrong(Code.WRONG_TYPE, f"expected text, found {kind_of(value)}")
    return value


def one_of(choices: Mapping[Any, Any]) -> Callable[[object], Any]:
    """Return a reader that maps a written value to its meaning. It distinguishes `true` from 1."""

    def read(value: object) -> Any:
        for written, meaning in choices.items():
            if value == written and type(value) is type(written):
                return meaning
        names = [json.dumps(written) if isinstance(written, bool) else str(written) for written in choices]
        raise wrong(Code.WRONG_VALUE, f"found {quote(value)}{did_you_mean(value, names)}")

    return read


# Lifetimes

_LIFETIME = re.compile(r"([0-9]{1,9})(s|min|h|d|w|mo|y)")
_LIFETIME_FORM = "expected session, or a number with a unit (s, min, h, d, w, mo = 730 h or y = 365 d), such as 90min"


def parse_lifetime(value: object) -> Lifetime:
    """Parse `session`, or a whole number with a unit, to an upper bound in seconds."""
    text = value if isinstance(value, str) else ""
    if text == "session":
        return Lifetime(text, 0)
    matched = _LIFETIME.fullmatch(text)
    if matched and int(matched[1]) > 0:
        return Lifetime(text, int(matched[1]) * UNITS[matched[2]])
    if re.fullmatch(r"[0-9]+m", text):
        raise wrong(Code.BAD_LIFETIME, f'"{text}" is ambiguous; write {text}in for minutes or {text}o for months')
    if matched:
        raise wrong(
            Code.BAD_LIFETIME,
            f'"{text}" is not a valid lifetime; to block the cookie, leave it undeclared',
        )
    raise wrong(Code.BAD_LIFETIME, f"found {quote(value)}, {_LIFETIME_FORM}")


# Names, hosts and paths

_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f;=]")
_HOST = re.compile(r"(\*\.)?([\w-]+\.)*[\w-]+\.?|\[[0-9A-Fa-f:.]+\]", re.ASCII)


def check_name(name: str) -> str:
    """Return a cookie name or glob if browsers could send it before the `=`."""
    if not name:
        raise wrong(Code.BAD_NAME, "the name is empty; a cookie without a name cannot be declared")
    found = _NOT_IN_NAMES.search(name)
    if found:
        raise wrong(Code.BAD_NAME, f"{quote(found[0])} is not allowed in the name of a cookie; remove it")
    if name != name.strip(" \t"):
        raise wrong(Code.BAD_NAME, "the name begins or ends with a space or tab; remove it, as browsers do")
    return name


def check_new_name(name: str) -> str:
    """Return a name if a cookie can be renamed to it."""
    if "*" in name or not name_prefix(name.encode()):
        raise wrong(
            Code.WRONG_VALUE,
            f"{quote(name)} is not a valid new name; begin it with __Host-, __Secure-, __Http- or __Host-Http-, "
            "and use no *",
        )
    return name


def check_host(host: object) -> str:
    """Return a host in canonical form: `shop.example`, or `*.shop.example` for all hosts below it."""
    text = expect_text(host)
    if not _HOST.fullmatch(text):
        raise wrong(
            Code.WRONG_VALUE,
            f"{quote(text)} is not a valid host; write it like shop.example or *.shop.example, without a port, "
            "and in its xn--… form if it has non-ASCII letters",
        )
    return ("*." if text.startswith("*.") else "") + canonical_host(text.removeprefix("*.").encode()).decode()


def check_parent(domain: object, other: str = "") -> str:
    """Return a domain, which stands for itself and all hosts below it. `other` is added to the message."""
    text = expect_text(domain).removeprefix(".")
    if "*" in text:
        raise wrong(
            Code.WRONG_VALUE, f"{quote(domain)} is not a valid domain; expected one such as shop.example{other}"
        )
    return check_host(text)


def check_path(path: object) -> str:
    text = expect_text(path)
    if not text.startswith("/") or re.search(r"[\x00-\x1f\x7f;]", text):
        raise wrong(Code.WRONG_VALUE, f"{quote(text)} is not a valid path; begin it with /, and use no ;")
    return text


# Days

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LAST_DAY = "9999-12-31"
"""The last day that a date can name, often written to mean that something never ends."""


def parse_until(value: object) -> float:
    """Return the end of a day in UTC, in seconds since the epoch."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        if value == _LAST_DAY:
            raise wrong(Code.WRONG_VALUE, f"{quote(value)} is not a valid end; for no end, leave the key out")
        with contextlib.suppress(ValueError):
            return (datetime.fromisoformat(value).replace(tzinfo=UTC) + timedelta(days=1)).timestamp()
    raise wrong(Code.WRONG_VALUE, f"{quote(value)} is not a valid day; expected one such as 2026-12-31")


def check_day(value: object) -> str:
    parse_until(value)
    return str(value)


def day_or_off(value: object) -> str:
    return "off" if value == "off" else check_day(value)


# Verbs

SAME_SITES = ("None", "Lax", "Strict")


def parse_same_site(value: object) -> SameSite:
    """Parse `Lax` (exactly), `{default: Lax}`, `{at_least: Lax}`, `remove` or `keep`."""
    if value == "keep":
        return SameSite()
    if value == "remove":
        return SameSite(SameSiteVerb.REMOVE)
    if isinstance(value, str):
        return SameSite(SameSiteVerb.EXACTLY, _same_site(value, (*SAME_SITES, "remove", "keep")))
    if isinstance(value, dict) and len(value) == 1:
        (verb, site), *_ = value.items()
        if verb == "default":
            return SameSite(SameSiteVerb.DEFAULT, _same_site(site, SAME_SITES))
        if verb == "at_least":
            return SameSite(SameSiteVerb.AT_LEAST, _same_site(site, SAME_SITES[1:]))
        raise wrong(Code.UNKNOWN_KEY, f"unknown key {quote(verb)}{did_you_mean(verb, ['default', 'at_least'])}")
    raise wrong(
        Code.WRONG_VALUE,
        f"found {quote(value)}, expected None, Lax, Strict, remove, keep, {{default: Lax}} or {{at_least: Lax}}",
    )


def _same_site(value: object, choices: tuple[str, ...]) -> str:
    if isinstance(value, str):
        for site in choices:
            if site == value:
                return site
    raise wrong(Code.WRONG_VALUE, f"found {quote(value)}{did_you_mean(value, list(choices))}")


MAX_MOVES = 64


def parse_path_rule(value: object) -> str | Moves:
    """Parse a path, `keep`, `{from: /app/, to: /}` or a list of such moves."""
    if isinstance(value, dict | list):
        return _moves(value, check_path, check_path, "{from: /app/, to: /}")
    if value == "keep":
        return "keep"
    text = check_path(value)
    if " " in text:
        raise wrong(Code.WRONG_VALUE, f"{quote(text)} has a blank; to move a path, write {{from: /app/, to: /}}")
    return text


def parse_domain_rule(value: object) -> str | Moves:
    """Parse a domain, `host-only`, `keep`, `{from: app.internal, to: shop.example}` or a list of such moves."""
    if isinstance(value, dict | list):
        return _moves(value, check_parent, _domain, "{from: app.internal, to: shop.example}")
    return "keep" if value == "keep" else _domain(value)


def _domain(value: object) -> str:
    text = expect_text(value)
    return text if text == HOST_ONLY else check_parent(text, f", or {HOST_ONLY}")


def _moves(
    value: Any, read_before: Callable[[object], str], read_after: Callable[[object], str], example: str
) -> Moves:
    moves: dict[str, str] = {}
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict):
            raise wrong(Code.WRONG_TYPE, f"found {kind_of(item)}, expected {example}")
        unknown = [str(key) for key in item if key not in ("from", "to")]
        if unknown:
            raise wrong(Code.UNKNOWN_KEY, f"unknown key {quote(unknown[0])}; expected {example}")
        missing = [key for key in ("from", "to") if key not in item]
        if missing:
            raise wrong(Code.MISSING_KEY, f'the key "{missing[0]}" is missing; expected {example}')
        before = read_before(item["from"])
        if before.rstrip("/") in {known.rstrip("/") for known in moves}:
            raise wrong(Code.WRONG_VALUE, f"{quote(before)} is moved twice; remove one")
        moves[before] = read_after(item["to"])
    if not moves:
        raise wrong(Code.WRONG_TYPE, "the list is empty; add an item, or remove the key")
    if len(moves) > MAX_MOVES:
        raise wrong(Code.WRONG_VALUE, f"found {len(moves)} moves; at most {MAX_MOVES} are allowed")
    return Moves(Move(before, after) for before, after in sorted(moves.items(), key=lambda pair: -len(pair[0])))


# Texts

LANGUAGE = "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
RESERVED_PATH = "/.well-known/cookiewarden/"


def parse_text(value: object) -> dict[str, str]:
    """Parse one text, or one text per language, to texts by language."""
    if isinstance(value, str):
        return {"": value}
    if isinstance(value, dict) and value and all(isinstance(text, str) for text in value.values()):
        return dict(value)
    raise wrong(
        Code.WRONG_TYPE,
        f"expected text, or a mapping with one text per language, found {kind_of(value)}",
    )


def parse_sentence(value: object) -> dict[str, str]:
    """Parse texts that are shown on one line; line breaks become spaces."""
    return {language: " ".join(text.split()) for language, text in parse_text(value).items()}


def parse_phrase(value: object) -> str:
    return " ".join(expect_text(value).split())


def check_language(value: object) -> str:
    text = expect_text(value)
    if not re.fullmatch(LANGUAGE, text):
        raise wrong(Code.WRONG_VALUE, f"{quote(text)} is not a valid language; expected a tag such as en, nl or pt-BR")
    return text


def check_statement_path(value: object) -> str:
    text = check_path(value)
    if re.search(r"[?#\s]|//|/\.\.?(/|$)", text) or text.startswith(RESERVED_PATH) or not text.isascii():
        raise wrong(
            Code.WRONG_VALUE,
            f"{quote(text)} is not a valid path for the statement; expected a plain path such as /cookies",
        )
    return text


def granting_word(value: object) -> str:
    """Return a word of a consent manager; TCF purposes are numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value:
        return value
    raise wrong(Code.WRONG_TYPE, f"expected a word or a number, found {kind_of(value)}")


# Scalars that stand for a mapping


def include_item(value: object) -> object:
    return {"file": value} if isinstance(value, str) else value


def rename_item(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def seal_item(value: object) -> object:
    """Return `seal: true` as an empty mapping and `false` as None. Reject keys, because policies are kept in git."""
    if value is True:
        return {}
    if isinstance(value, dict) and {"key", "keys"} & value.keys():
        raise wrong(
            Code.KEY_IN_POLICY,
            "a policy must not contain a key, because many people can read it; use --seal-key-file",
        )
    if isinstance(value, str):
        raise wrong(
            Code.WRONG_TYPE,
            "expected true or a mapping, found text; if it is a key, remove it and use --seal-key-file",
        )
    return None if value is False else value
