"""Risks: edits that can take something away from the application, with the evidence for and against each edit."""

from collections.abc import Iterator
from dataclasses import dataclass

from cookiewarden.core.cookies.cookie import parse_set_cookie
from cookiewarden.core.engine.decision import Reason
from cookiewarden.core.engine.verbs import STRENGTH, same_site_of
from cookiewarden.core.policy.problem import counted
from cookiewarden.core.report.evidence import against_http_only, for_http_only, readable, sent_from_other_sites
from cookiewarden.core.report.inventory import Record
from cookiewarden.core.report.judge import Judgement


@dataclass(frozen=True, slots=True)
class Risk:
    """An edit that can take something away."""

    edit: str
    """The edit and the way to state it in the entry."""
    is_certain: bool = False
    """True if traffic was seen that the edit would stop, even if the entry states it."""
    against: tuple[str, ...] = ()
    """Observations against the edit."""
    in_favour: tuple[str, ...] = ()
    """Observations for the edit."""


def risks(judgement: Judgement, record: Record, hidden: int) -> list[Risk]:
    """Return the risks of the edits of a Set-Cookie line that the entry does not state itself, and certain ones.

    `hidden`: the number of cookies that the application sets with HttpOnly."""
    found = [*_same_site(judgement, record), *_device_bound(judgement, record)]
    if Reason.HTTP_ONLY_ADDED in judgement.reasons and not judgement.stated & {"http_only", "rename_to"}:
        against = (f"set {readable(record)} without HttpOnly", *against_http_only(record, hidden))
        edit = (
            "HttpOnly added to a cookie without it; state http_only in its entry: true, or keep if scripts use the "
            "cookie"
        )
        found.append(Risk(edit, False, against, for_http_only(record)))
    over_http = {Reason.SECURE_ADDED, Reason.SECURE_OVER_HTTP}
    if over_http <= set(judgement.reasons) and "secure" not in judgement.stated:
        against = (f"set {counted(judgement.count, 'time')} over plain HTTP, where browsers refuse Secure",)
        edit = "Secure added although browsers seem to use plain HTTP; state secure in its entry: https, or true"
        found.append(Risk(edit, False, against))
    for reason, key, edit in _NARROWER:
        if reason in judgement.reasons and not judgement.stated & {key, "rename_to"}:
            found.append(Risk(f"{edit}; state {key} in its entry"))
    return found


_COMPARED = {
    Reason.RENAMED: "rename_to",
    Reason.DOMAIN_CHANGED: "domain",
    Reason.PATH_CHANGED: "path",
    Reason.PARTITIONED_CHANGED: "partitioned",
    Reason.SECURE_ADDED: "secure",
    Reason.SECURE_REMOVED: "secure",
    Reason.SAME_SITE_CHANGED: "same_site",
    Reason.HTTP_ONLY_ADDED: "http_only",
    Reason.HTTP_ONLY_REMOVED: "http_only",
}
"""Keys by the edits of attributes that browsers compare with a device-bound session's registration."""


def _device_bound(judgement: Judgement, record: Record) -> list[Risk]:
    keys = [key for reason, key in _COMPARED.items() if reason in judgement.reasons] if record.device_bound else []
    if not keys:
        return []
    edit = (
        "an edit changes this device-bound cookie, so browsers would refresh its session before each request; keep "
        f"{', '.join(keys)}, and add device_bound: true to its entry"
    )
    return [Risk(edit, is_certain=True)]


_NARROWER = (
    (Reason.DOMAIN_CHANGED, "domain", "Domain narrowed by the defaults, so other hosts do not get the cookie"),
    (Reason.PATH_CHANGED, "path", "Path changed by the defaults, so other paths may not get the cookie"),
    (Reason.LIFETIME_CAPPED, "lifetime", "lifetime reduced by the defaults, so browsers forget the cookie sooner"),
    (Reason.PARTITIONED_CHANGED, "partitioned", "partition changed by the defaults, so other sites do not share it"),
)


def _same_site(judgement: Judgement, record: Record) -> Iterator[Risk]:
    if Reason.SAME_SITE_CHANGED not in judgement.reasons:
        return
    before, after = (_same_site_in(line) for line in (judgement.before, judgement.after or b""))
    if STRENGTH[after] < STRENGTH[b"lax"]:
        return
    value = after.decode().capitalize()
    if record.cross_site and STRENGTH[before] < STRENGTH[b"lax"]:
        against = (sent_from_other_sites(record),)
        edit = f"SameSite={value} would stop requests from other sites; state same_site in its entry: keep, or None"
        if record.cross_posts:
            yield Risk(edit, True, against)
        elif "same_site" not in judgement.stated:
            yield Risk(edit, False, against)
    elif after == b"strict" and "same_site" not in judgement.stated:
        yield Risk("SameSite=Strict, so links from other sites arrive without the cookie; state same_site in its entry")


def _same_site_in(line: bytes) -> bytes:
    cookie = parse_set_cookie(line)
    return same_site_of(cookie) if cookie is not None else b""
