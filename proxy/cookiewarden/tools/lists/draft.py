"""Drafts of registers from lists of cookies. A list shows no traffic, and the draft states this."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.policy.policy import Policy, is_script_read
from cookiewarden.core.policy.problem import printable
from cookiewarden.core.report.drift import CATEGORY, PURPOSE, quoted, scalar
from cookiewarden.tools.learn.drafting import DraftedEntry, accepted, composed
from cookiewarden.tools.learn.learn import RegisterDraft
from cookiewarden.tools.lists.listed import ConsentCookie, CookieList, Listed, ListedCategory, is_placeholder
from cookiewarden.tools.statement.words import folded

_HEAD = """version: 1
policy: {name}
# {shows}
# Review the entries, run the proxy, and check cookiewarden forecast. Then set the mode to enforce.
mode: report

undeclared: {{response: block, request: strip}}
defaults: {{secure: true, http_only: true, same_site: {{default: Lax}}}}

{categories}cookies:
"""
_DECLARED = """Drafted from {title}, not from traffic.
# It does not show which cookies the application sets, or their attributes."""
_RECORDED = """Drafted from {title}, and not from the traffic of the proxy.
# It shows the cookies of one visit; other pages and visitors can have more."""
_ANSWER = ListedCategory("Consent", is_always_active=True, note="the proxy reads this cookie before any consent")
_NO_CATEGORY = ListedCategory("Uncategorised", note="the list does not show a category; move its cookies")
_LANGUAGE = re.compile(r"[a-z]{2}(?<!no)")
"""Codes of languages; YAML reads `no` as a boolean."""
_CLOUDFLARE = frozenset({"__cf_bm", "cf_clearance", "__cflb", "__cfruid", "_cfuvid"})
"""Cookies that Cloudflare sets for the sites behind it (Cloudflare's documentation, "Cloudflare Cookies")."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Cookies and categories of a draft."""

    cookies: list[Listed]
    keys: dict[str, str]
    """Keys of the categories that entries can have, by their keys in the list."""
    head: str
    """Lines of `consent` and `categories`."""


def drafted(found: CookieList, policy: Policy, is_new: bool) -> RegisterDraft:
    """Draft entries for the cookies of a list that `policy` does not declare. With `is_new`, they have the categories
    that `new_policy_of_list` writes; else the categories of the policy, or comments."""
    plan = _plan(found) if is_new else _Plan(_with_answer(found), _keys_of(found, policy), "")
    missing = [one for one in plan.cookies if not any(name_matches(e.name, one.name) for e in policy.entries)]
    entries = [_entry(found, cookie, plan.keys.get(cookie.category, "")) for cookie in missing]
    head = _head(found, "draft") if is_new else _head_of(found, "draft", "")
    return RegisterDraft(accepted(head, entries), [cookie.name for cookie in missing], [], 0)


def new_policy_of_list(name: str, found: CookieList, made: RegisterDraft) -> str:
    """Compose a policy in report mode."""
    return composed(_head(found, name), made.entries)


def _head(found: CookieList, name: str) -> str:
    return _head_of(found, name, _plan(found).head)


def _head_of(found: CookieList, name: str, categories: str) -> str:
    shows = (_RECORDED if found.is_observed else _DECLARED).format(title=found.title)
    return _HEAD.format(name=scalar(name), shows=shows, categories=categories)


def _plan(found: CookieList) -> _Plan:
    """Place each cookie in a category of the draft. Categories depend on the consent cookie, if it is known. If it is
    not, only categories that are always active are declared, because the others would need no consent."""
    categories = found.categories | {_ANSWER_KEY: _ANSWER}
    cookies = _with_answer(found)
    used = {cookie.category for cookie in cookies if not cookie.other_site}
    gated = [key for key, one in categories.items() if key in used and not one.is_always_active]
    consent = found.consent if gated else None
    if consent is not None:
        categories[""] = _NO_CATEGORY
        cookies = _in_answer_category(found, cookies, consent)
    used = {cookie.category for cookie in cookies if not cookie.other_site}
    keys = _keys({key: one for key, one in categories.items() if key in used})
    told = {key: consent is not None or categories[key].is_always_active for key in keys}
    lines = [_category(keys[key], categories[key], told[key]) for key in keys]
    head = ""
    if consent is not None:
        head += f"consent: {{cookie: {scalar(consent.name)}, format: {consent.form}}}\n\n"
    if lines:
        head += f"{'' if any(told.values()) else '# '}categories:\n{''.join(lines)}\n"
    return _Plan(cookies, {key: keys[key] for key in keys if told[key]}, head)


_ANSWER_KEY = "\0answer"
"""Key of the category for the consent cookie, which is in no list."""


def _with_answer(found: CookieList) -> list[Listed]:
    """Return the cookies, and the consent cookie that the list shows outside of its items."""
    consent = found.consent
    if consent is None or not consent.place or _has(found.cookies, consent.name):
        return found.cookies
    return [_answer(consent), *found.cookies]


def _in_answer_category(found: CookieList, cookies: list[Listed], consent: ConsentCookie) -> list[Listed]:
    """Return the cookies, with the consent cookie in a category that is always active."""
    if not _has(cookies, consent.name):
        return [_answer(consent), *cookies]
    active = {key for key, category in found.categories.items() if category.is_always_active}
    return [
        replace(c, category=_ANSWER_KEY) if c.name == consent.name and c.category not in active else c for c in cookies
    ]


def _has(cookies: list[Listed], name: str) -> bool:
    return any(cookie.name == name and not cookie.other_site for cookie in cookies)


def _answer(consent: ConsentCookie) -> Listed:
    note = "the consent manager keeps the visitor's answer in it" + ("" if consent.place else "; it is not in the list")
    return Listed(
        consent.name,
        consent.place,
        purpose="Remembers your answer about cookies.",
        category=_ANSWER_KEY,
        lifetime=consent.lifetime,
        is_lifetime_stated=consent.is_lifetime_stated,
        set_by="script",
        notes=(note,),
    )


def _keys(categories: Mapping[str, ListedCategory]) -> dict[str, str]:
    """Return the keys of categories in the draft."""
    keys: dict[str, str] = {}
    for of_list, category in categories.items():
        words = [w for w in re.findall(r"[a-z0-9]+", folded(category.title)) if w not in ("cookie", "cookies")]
        key = "-".join(words[:3]) or "category"
        while key in keys.values():
            key += f"-{len(keys) + 1}"
        keys[of_list] = key
    return keys


def _keys_of(found: CookieList, policy: Policy) -> dict[str, str]:
    """Return the categories of a policy with the same key or words, and with the same need for consent."""
    keys: dict[str, str] = {}
    for of_list, key in _keys(found.categories).items():
        listed = found.categories[of_list]
        for known in policy.categories.values():
            is_same = known.name == key or (known.is_gated and known.granted_by == frozenset(listed.granted_by))
            if is_same and known.is_gated != listed.is_always_active:
                keys.setdefault(of_list, known.name)
    return keys


def _category(key: str, category: ListedCategory, is_active: bool) -> str:
    """Return the lines of a category, as comments if it is not declared."""
    titles = {of: title[:120] for of, title in category.titles if _LANGUAGE.fullmatch(of)}
    several = ", ".join(f"{of}: {quoted(title)}" for of, title in titles.items())
    title = f"{{{several}}}" if len(titles) > 1 else scalar(category.title[:120])
    lines = [f"  {scalar(key)}:", f"    title: {title}"]
    if category.note:
        lines.append(f"    # {category.note}")
    words = [word for word in category.granted_by if word.isprintable()]
    if category.is_always_active:
        lines += ["    consent: exempt", "    # basis: add the reason why it needs no consent"]
    else:
        lines.append("    consent: required")
        told = f"    granted_by: [{', '.join(map(quoted, words))}]"
        lines.append(
            told
            if words
            else "    # granted_by: add its word in the consent cookie; until then, its cookies are blocked"
        )
    return "".join(f"{line}\n" if is_active else f"# {line}\n" for line in lines)


def _entry(found: CookieList, cookie: Listed, category: str) -> DraftedEntry:
    if cookie.other_site:
        told = f"a cookie of {printable(cookie.other_site)}"
        told += ", which is another site, so it is not declared" if found.is_site_known else "; declare it with --host"
        return DraftedEntry(f"  # {printable(cookie.name)}: {told}\n", is_declared=False)
    if _hides_answer(found, cookie):
        told = "it also matches the consent cookie, so it is not declared; write its names yourself"
        return DraftedEntry(f"  # {printable(cookie.name)}: {told}\n", is_declared=False)
    lines = [f"  - name: {scalar(cookie.name)}"]
    if cookie.place:
        lines.append(f"    # {'recorded' if found.is_observed else 'listed; not seen in traffic'}: {cookie.place}")
    lines += [f"    # {printable(note)}" for note in cookie.notes]
    if category:
        lines.append(f"    category: {scalar(category)}")
    else:
        title = found.categories[cookie.category].title if cookie.category in found.categories else ""
        lines.append(f"    # category: {scalar(title) if title else CATEGORY}")
    if cookie.purpose and not is_placeholder(cookie.purpose):
        lines.append(f"    purpose: {scalar(cookie.purpose)}")
    else:
        said = f'; the list has only "{printable(cookie.purpose)}"' if cookie.purpose else ""
        lines.append(f"    # purpose: {PURPOSE}{said}")
    lines += _lifetime(found, cookie)
    if cookie.party:
        lines.append(f"    party: {scalar(cookie.party)}")
    if cookie.set_by:
        lines.append(f"    set_by: {cookie.set_by}{'  # as the collector recorded it' if found.is_observed else ''}")
    elif cookie.name in _CLOUDFLARE:
        lines.append("    # set_by: infrastructure, if Cloudflare is in front of the website")
    else:
        lines.append("    # set_by: server, or script if a script on the page sets it")
    if cookie.set_by != "script" and cookie.is_script_readable:
        lines.append("    http_only: keep  # recorded without HttpOnly")
    elif cookie.set_by != "script" and is_script_read(cookie.name):
        lines.append("    http_only: keep  # scripts are known to read it")
    return DraftedEntry("\n".join([*lines, ""]))


def _hides_answer(found: CookieList, cookie: Listed) -> bool:
    """Check for a glob that makes the consent cookie depend on consent."""
    category = found.categories.get(cookie.category)
    is_gated = category is None or not category.is_always_active
    return (
        found.consent is not None and is_gated and "*" in cookie.name and name_matches(cookie.name, found.consent.name)
    )


def _lifetime(found: CookieList, cookie: Listed) -> list[str]:
    if cookie.lifetime is None:
        said = printable(cookie.lifetime_said)
        why = f"not understood ({said})" if re.search(r"\w", said) else "not in the list"
        return [f"    # lifetime: {why}; choose one (lifetime_source is then chosen)"]
    if not cookie.is_lifetime_stated:
        return [f"    lifetime: {cookie.lifetime.text}  # the default of the consent manager"]
    source = [] if found.is_observed else ["    lifetime_source: stated"]
    return [f"    lifetime: {cookie.lifetime.text}", *source]
