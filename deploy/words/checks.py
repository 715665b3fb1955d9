"""The meaning of each problem code and its fix."""

from typing import NamedTuple


class Words(NamedTuple):
    """A section of policies/checks.md."""

    meaning: str
    fix: str


NO_FILE = {
    "too-large": "A policy file of more than 32 MiB is not kept in this repository.",
    "not-static": "`check` does not report it; `cookiewarden compile` does.",
}
"""Reasons why a code has no broken file, by code."""

CHECKS = {
    "unreadable": Words(
        "The file exists, but the system cannot read it: its permissions forbid that, or it is a folder or a pipe.",
        "Name a regular file, and give the user of the proxy the permission to read it.",
    ),
    "not-utf8": Words(
        "The file has a byte sequence that is not valid UTF-8.",
        "Save the file as UTF-8.",
    ),
    "too-large": Words(
        "The file is larger than 32 MiB. A register of 100,000 entries takes 15 MB. If a file has more than 1,000 "
        "problems, the code also states the number of the others.",
        "Remove comments or entries, or split the register with `include`.",
    ),
    "syntax": Words(
        "The file is not valid YAML, or it is nested more than 32 levels deep.",
        "Fix the line of the message. Quote values that contain `: `, `#`, `*`, `{` or `[`.",
    ),
    "yaml-feature": Words(
        "Policies do not allow anchors, aliases, merge keys, tags, a second document, and keys that are not text. Reviewers must see each value at the place where it applies.",
        "Write the value out. Quote a name that begins with `*`, `&` or `!`.",
    ),
    "duplicate-key": Words(
        "A mapping has the same key twice.",
        "Remove one of the two.",
    ),
    "unknown-key": Words(
        "The key does not exist at this place. Most often it is a typing error.",
        "Use the key that the message suggests, or remove it.",
    ),
    "missing-key": Words(
        "A required key is missing: `name` of an entry, or `file` of an include.",
        "Add the key.",
    ),
    "wrong-type": Words(
        "The value has another type, for example a list at a place that requires a mapping.",
        "Write the value in the form that the message names.",
    ),
    "wrong-value": Words(
        "The value is not one of the allowed values.",
        "Use one of the values that the message lists.",
    ),
    "bad-lifetime": Words(
        "The value is not a valid lifetime. `30m` is ambiguous: it could mean minutes or months.",
        "Write `session`, or a number with a unit, such as `s`, `min`, `h`, `d`, `w`, `mo` (730 h) or `y` (365 d). See [Lifetimes](reference.md#lifetimes).",
    ),
    "bad-name": Words(
        "Browsers cannot send a cookie with this name.",
        "Copy the name from the Set-Cookie header, without encoding or decoding it.",
    ),
    "include-missing": Words(
        "The included file does not exist.",
        "Correct the path, which is relative to the folder of the main file.",
    ),
    "include-outside": Words(
        "The included file is outside the folder of the policy, directly or through a symbolic link.",
        "Move the file below the folder of the main file.",
    ),
    "include-circle": Words(
        "A file includes itself, directly or through another file.",
        "Remove this line from `include`.",
    ),
    "include-nested": Words(
        "An included file includes another file. Included files can have the keys `version` and `cookies` only.",
        "Include the other file from the main file.",
    ),
    "except-unmatched": Words(
        "`except` names an entry that the included file does not have.",
        "Use the name exactly as the included file has it, or remove it from `except`.",
    ),
    "duplicate-entry": Words(
        "Two entries have the same name and overlapping scopes, or a file is included twice.",
        "Remove one of the entries, or give them scopes that do not overlap.",
    ),
    "ambiguous-glob": Words(
        "Two globs of equal rank can match the same name, so the [order of precedence](reference.md#precedence) does not decide between them.",
        "Give one of them a longer literal prefix or suffix, or another `scope`.",
    ),
    "unknown-category": Words(
        "The category of the entry is not a key of `categories`.",
        "Correct the name, or add the category.",
    ),
    "missing-category": Words(
        "The entry has no category, and at least one category of the policy requires consent. Every entry must then state whether its cookie needs consent. Entries with `set_by: infrastructure` are exempt.",
        "Add `category` to the entry.",
    ),
    "no-consent-cookie": Words(
        "A category requires consent, but the policy does not name the cookie that holds the visitor's answer.",
        "Add `consent: {cookie: NAME, format: FORMAT}`. See [Consent](reference.md#consent).",
    ),
    "consent-undeclared": Words(
        "The application could not read the visitor's answer, because the policy would remove or hide the consent cookie. The cookie must be declared for all hosts, in an exempt category, without `until`, `seal` and `rename_to`, and with `forward: true`.",
        "Declare the consent cookie in this way.",
    ),
    "http-only-script": Words(
        "The entry adds HttpOnly to a cookie that a script sets. Scripts cannot set or read such a cookie.",
        "Write `http_only: keep`, or `set_by: server` if no script uses the cookie.",
    ),
    "seal-script": Words(
        "The entry seals a cookie that a script sets or reads. A script cannot decrypt the value.",
        "Remove `seal`, or write `set_by: server` if no script uses the cookie.",
    ),
    "rename-impossible": Words(
        "The cookie cannot be renamed: the entry is a glob, a script uses the cookie, or another entry has the new name.",
        "Declare the cookie by its full name, with `set_by: server`, and choose a name that is not in use.",
    ),
    "key-in-policy": Words(
        "The policy contains a key for sealed cookies. Many people can read a policy file.",
        "Create a new key with `cookiewarden key new FILE`, and pass it with [--seal-key-file](../deploy/settings.md#seal_key_file). Do not use the old key again, because it was exposed.",
    ),
    "prefix-conflict": Words(
        "The entry has a rule that the prefix of its name does not permit, so browsers would refuse the cookie. A `__Host-` cookie needs Secure and `Path=/`, and must not have Domain. A `__Secure-` cookie needs Secure; a `__Http-` cookie also needs HttpOnly.",
        "Remove the rule, or use a name without the prefix.",
    ),
    "no-lifetime": Words(
        "The policy does not limit how long browsers keep the cookie.",
        "Add `lifetime`.",
    ),
    "no-purpose": Words(
        "The statement cannot explain the cookie to visitors.",
        "Add `purpose`.",
    ),
    "no-cookies": Words(
        "The policy declares no cookies, so every cookie counts as undeclared.",
        "Declare the cookies of the application. `cookiewarden learn` drafts the entries from recorded traffic.",
    ),
    "lifetime-over-400d": Words(
        "The lifetime is longer than 400 days. Browsers limit all cookies to 400 days.",
        "Write `400d` or less, and correct the published statement.",
    ),
    "weakens": Words(
        "The rule removes a protection that the application may set: Secure, HttpOnly, Partitioned, or a SameSite value other than None.",
        "Remove the rule, unless the application cannot work with the protection.",
    ),
    "glob-too-broad": Words(
        "The glob has fewer than three literal characters, so it declares unrelated cookies too.",
        "Write more of the name before the `*`.",
    ),
    "http-only-read": Words(
        "The entry adds HttpOnly to a name that scripts are known to read: `csrftoken`, `XSRF-TOKEN` or `_xsrf`. If the defaults add HttpOnly, further names are reported, for example `csrf_token_*`, `wp-settings-*` and `_ga`. Forms of the application may then fail.",
        "Write `http_only: keep`, unless you know that no script reads the cookie.",
    ),
    "no-owner": Words(
        "The entry has an end date, but does not name the person or team that is responsible, or the reason.",
        "Add `owner` and `reason`.",
    ),
    "entry-expired": Words(
        "The `until` date of the entry has passed, so its cookie counts as undeclared. The example was checked on 1 January 2027.",
        "Remove the entry, or set a later date.",
    ),
    "expires-soon": Words(
        "The `until` date of the entry is within 30 days. The example was checked on 1 January 2027.",
        "Remove the cookie from the application, make the entry permanent, or set a later date.",
    ),
    "device-bound": Words(
        "Browsers compare the name and the attributes of a device-bound cookie with the registration of its session. A rule may change one of them. Browsers would then refresh the session before each request. Rules of `defaults` count too.",
        "Write `keep` for the named key in the entry. `lifetime`, `seal` and `priority` are allowed.",
    ),
    "not-static": Words(
        "The rule needs the proxy: keys, own pages, counters or a date. `cookiewarden compile` refuses it.",
        "Remove the rule, or run cookiewarden as a proxy or as the processor of Envoy.",
    ),
    "no-effect": Words(
        "The key has no effect in combination with the other keys of the policy.",
        "Remove the key, or change the other key that the message names.",
    ),
    "no-translation": Words(
        "The statement is published in a language in which this text is missing.",
        "Add the text in that language, or remove the language from `statement.languages`.",
    ),
    "no-basis": Words(
        "A category is exempt from consent, but the statement cannot explain the reason.",
        "Add `basis` to the category.",
    ),
}
