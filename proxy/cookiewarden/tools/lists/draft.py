"""Drafts of registers from lists of cookies. A list shows no traffic, and the draft states this."""

import re

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.policy.policy import Policy, is_script_read
from cookiewarden.core.policy.problem import printable
from cookiewarden.core.report.drift import CATEGORY, PURPOSE, scalar
from cookiewarden.tools.learn.drafting import DraftedEntry, accepted, composed
from cookiewarden.tools.learn.learn import RegisterDraft
from cookiewarden.tools.lists.listed import CookieList, Listed
from cookiewarden.tools.statement.words import folded

_HEAD = """version: 1
policy: {name}
# Drafted from {title}, not from traffic.
# {shows}
# Review the entries, run the proxy, and check cookiewarden forecast. Then set the mode to enforce.
mode: report

undeclared: {{response: block, request: strip}}
defaults: {{secure: true, http_only: true, same_site: {{default: Lax}}}}

{categories}cookies:
"""
_DECLARED = "It does not show which cookies the application sets, or their attributes."
_RECORDED = "It shows the cookies of one visit; other pages and visitors can have more."
_CATEGORIES = """# For each category, add basis (the reason why consent is not requested) or consent: required.
categories:
"""


def drafted(found: CookieList, policy: Policy, is_new: bool) -> RegisterDraft:
    """Draft entries for the cookies of a list that `policy` does not declare. With `is_new`, they have the categories
    that `new_policy_of_list` writes; else categories are comments."""
    missing = [one for one in found.cookies if not any(name_matches(e.name, one.name) for e in policy.entries)]
    categories = _categories(found) if is_new else {}
    entries = [_entry(found, cookie, categories.get(cookie.category, "")) for cookie in missing]
    entries = accepted(_head(found, "draft"), entries)
    return RegisterDraft(entries, [cookie.name for cookie in missing], [], 0)


def new_policy_of_list(name: str, found: CookieList, made: RegisterDraft) -> str:
    """Compose a policy in report mode."""
    return composed(_head(found, name), made.entries)


def _head(found: CookieList, name: str) -> str:
    categories = _categories(found)
    lines = [f"  {scalar(key)}:\n    title: {scalar(title[:120])}\n" for title, key in categories.items()]
    return _HEAD.format(
        name=scalar(name),
        title=found.title,
        shows=_RECORDED if found.is_observed else _DECLARED,
        categories=_CATEGORIES + "".join(lines) + "\n" if lines else "",
    )


def _categories(found: CookieList) -> dict[str, str]:
    """Return the keys of categories by their titles."""
    keys: dict[str, str] = {}
    for title in dict.fromkeys(cookie.category for cookie in found.cookies if cookie.category):
        words = [w for w in re.findall(r"[a-z0-9]+", folded(title)) if w not in ("cookie", "cookies")]
        key = "-".join(words[:3]) or "category"
        while key in keys.values():
            key += f"-{len(keys) + 1}"
        keys[title] = key
    return keys


def _entry(found: CookieList, cookie: Listed, category: str) -> DraftedEntry:
    if cookie.other_site:
        told = f"a cookie of {printable(cookie.other_site)}, which is another site, so it is not declared"
        return DraftedEntry(f"  # {printable(cookie.name)}: {told}\n", is_declared=False)
    lines = [f"  - name: {scalar(cookie.name)}"]
    lines.append(f"    # {'recorded' if found.is_observed else 'listed; not seen in traffic'}: {cookie.place}")
    lines += [f"    # {printable(note)}" for note in cookie.notes]
    if category:
        lines.append(f"    category: {scalar(category)}")
    else:
        lines.append(f"    # category: {scalar(cookie.category) if cookie.category else CATEGORY}")
    lines.append(f"    purpose: {scalar(cookie.purpose)}" if cookie.purpose else f"    # purpose: {PURPOSE}")
    lines += _lifetime(found, cookie)
    if cookie.party:
        lines.append(f"    party: {scalar(cookie.party)}")
    if cookie.set_by:
        lines.append(f"    set_by: {cookie.set_by}  # as the collector recorded it")
    else:
        lines.append("    # set_by: server, or script if a script on the page sets it")
    if cookie.set_by != "script" and cookie.is_script_readable:
        lines.append("    http_only: keep  # recorded without HttpOnly")
    elif cookie.set_by != "script" and is_script_read(cookie.name):
        lines.append("    http_only: keep  # scripts are known to read it")
    return DraftedEntry("\n".join([*lines, ""]))


def _lifetime(found: CookieList, cookie: Listed) -> list[str]:
    if cookie.lifetime is None:
        return ["    # lifetime: not in the list; choose one (lifetime_source is then chosen)"]
    source = [] if found.is_observed else ["    lifetime_source: stated"]
    return [f"    lifetime: {cookie.lifetime.text}", *source]
