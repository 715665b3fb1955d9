"""Keys of an entry, and the subset that `defaults` may contain."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from cookiewarden.core.policy.fields import (
    Bool,
    Bound,
    DomainRule,
    FlagVerb,
    Host,
    LifetimeSource,
    Name,
    NewName,
    PathRule,
    Phrase,
    Priority,
    RequestPath,
    SameSiteRule,
    Secure,
    Sentence,
    Setter,
    Stage,
    TooLarge,
    Until,
)
from cookiewarden.core.policy.models.base import StrictModel, no_items, optional, or_mapping
from cookiewarden.core.policy.scalars import rename_item, seal_item


class RulesModel(StrictModel):
    """Verbs for attributes, for all cookies (in `defaults`) or for one cookie (in its entry)."""

    secure: Secure | None = optional(
        "Secure: true adds it, https adds it if the browser used HTTPS, false does not require it, remove "
        "deletes it, keep (default) leaves it unchanged."
    )
    http_only: FlagVerb | None = optional(
        "HttpOnly: true adds it, false does not require it, remove deletes it, keep (default) leaves it unchanged. "
        "In defaults it applies only to cookies whose set_by is server."
    )
    same_site: SameSiteRule | None = optional(
        "SameSite. Lax, Strict or None sets exactly this value, remove deletes it, and keep (default) leaves it "
        "unchanged. A mapping with default sets its value if the application set none. A mapping with at_least raises "
        "a weaker value to it."
    )
    partitioned: FlagVerb | None = optional(
        "Partitioned (CHIPS): true adds it, false does not require it, remove deletes it, keep (default) leaves it "
        "unchanged."
    )
    path: PathRule | None = optional(
        "Path: exactly this path, or keep (default). A mapping with from and to moves that path and the paths below "
        "it; a list has several moves."
    )
    domain: DomainRule | None = optional(
        "Domain: the widest domain allowed (a wider one is replaced, a narrower one is kept), host-only to remove the "
        "attribute, or keep (default). A mapping with from and to replaces exactly that domain; a list has several "
        "moves."
    )
    priority: Priority | None = optional("Priority (a Chrome extension): exactly this value, or keep (default).")
    supersede: Bool | None = optional(
        "If the policy changes path, domain or partition, expire the cookie that browsers may still hold under the old "
        "ones. The default is true, and false for moves with from and to."
    )
    renew: Bool | None = optional(
        "If false, a visit does not extend the cookie's life. A line with the value that the browser already holds is "
        "dropped (default true)."
    )
    lifetime: Bound | None = optional(
        "Maximum time that a browser may keep the cookie, from each time it is set. It is session, or a number with a "
        "unit (s, min, h, d, w, mo = 730 h, y = 365 d)."
    )


class ScopeModel(StrictModel):
    """Hosts and paths to which an entry applies."""

    hosts: list[Host] = Field(
        default_factory=no_items,
        description="Values of the Host header, without port. *.example.org matches all hosts below example.org, but "
        "not example.org itself.",
        max_length=256,
    )
    paths: list[RequestPath] = Field(
        default_factory=no_items,
        description="Request paths under which the cookie may be set. They are not checked when a browser returns it.",
        max_length=64,
    )


class SealModel(StrictModel):
    """Options for sealing a cookie's value."""

    accept_plain_until: Until | None = optional(
        "Last day on which unsealed values are accepted, such as 2026-12-31 (default: they are rejected)."
    )
    context: str | None = optional(
        "Text to which sealed values are bound, in addition to the cookie's name, if the cookie is not host-only "
        "(default: the policy's name).",
        min_length=1,
    )
    too_large: TooLarge | None = optional(
        "Decision on values that fit into a cookie only unsealed, from about 3,000 bytes: block (default), or pass to "
        "forward them unsealed in both directions."
    )


class RenameModel(StrictModel):
    """The name under which browsers keep a cookie."""

    name: NewName = Field(
        description="Name with a prefix whose rules browsers enforce: __Host-, __Secure-, __Http- or __Host-Http-."
    )
    accept_plain_until: Until | None = optional(
        "Last day on which the application's own name is accepted in requests without the new one (default: always)."
    )


ShortSeal = Annotated[Annotated[SealModel, or_mapping("boolean", SealModel)] | None, BeforeValidator(seal_item)]
ShortRename = Annotated[Annotated[RenameModel, or_mapping("string", RenameModel)] | None, BeforeValidator(rename_item)]


class EntryModel(RulesModel):
    """A declared cookie."""

    name: Name = Field(
        description="Name of the cookie in HTTP headers, or a glob in which * matches zero or more characters. It is "
        "case-sensitive and never decoded."
    )
    scope: ScopeModel | None = optional("Hosts and paths to which this entry is limited.")
    category: str | None = optional("Category under which the statement lists the cookie.")
    purpose: Sentence | None = optional("Purpose of the cookie in the statement, as one text or one per language.")
    lifetime_source: LifetimeSource | None = optional(
        "Origin of the lifetime: stated (in the published statement) or chosen (by the policy's author)."
    )
    renewed: Sentence | None = optional("Event that restarts the lifetime, for the statement.")
    set_by: Setter | None = optional(
        "Setter of the cookie: server (default), script, both, or infrastructure (such as a load balancer in front)."
    )
    party: Phrase | None = optional("Company that the cookie belongs to.")
    owner: Phrase | None = optional("Person or team responsible for this entry.")
    reason: Phrase | None = optional("Reason for this entry.")
    until: Until | None = optional(
        "Last day of a dated exception (to 24:00 UTC), such as 2026-12-31. Afterwards the entry counts as absent."
    )
    forward: Bool | None = optional("If false, the application does not receive the cookie (default true).")
    seal: ShortSeal = optional(
        "If true, browsers get the value encrypted and the application gets the original (needs --seal-key-file)."
    )
    rename_to: ShortRename = optional(
        "Name under which browsers keep the cookie, such as __Host-sid, with the attributes that its prefix requires. "
        "The application sees its own name."
    )
    device_bound: Bool | None = optional(
        "If true, the browser binds the cookie to the device (Device Bound Session Credentials). No rule of the entry "
        "may then change an attribute that browsers compare (default false)."
    )
    stage: Stage | None = optional("report only reports this entry while the rest of the policy is enforced.")
