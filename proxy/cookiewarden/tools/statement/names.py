"""Names of cookies on pages, with placeholders and lists of names."""

import re

from cookiewarden.tools.statement.words import folded, words

BROWSERS = frozenset(
    [
        "chrome",
        "firefox",
        "safari",
        "edge",
        "opera",
        "brave",
        "internet",
        "explorer",
        "android",
        "ios",
        "vivaldi",
    ]
)
"""Names of browsers, which are items of lists about settings."""
COMPANIES = frozenset(
    [
        "addthis",
        "adsense",
        "adwords",
        "cookiebot",
        "cookieyes",
        "doubleclick",
        "hotjar",
        "hubspot",
        "javascript",
        "linkedin",
        "mailchimp",
        "onetrust",
        "paypal",
        "quantcast",
        "recaptcha",
        "sharethis",
        "snapchat",
        "tiktok",
        "whatsapp",
        "woocommerce",
        "wordpress",
        "youtube",
    ]
)
"""Names of companies and services that have capitals within, and stand above their cookies."""
STRONG = re.compile(
    r"[_%*0-9]|[a-z][A-Z]|^[A-Z]{4,}$|^(sid|sess|session|lang|token|csrf|locale)|(sid|id|token|session)$|-[a-z]+-"
)
"""Forms of names that other words do not have."""
MAX_NAMES = 50
"""Maximum names with one text; longer lists are not lists of names."""
COUNT = re.compile(r"\s?\[x[0-9]{1,4}\]")
"""Number of cookies of a name in declarations of Cookiebot: `__cf_bm [x2]`."""
_AND = re.compile(r"[,;|\n]|\s/\s|\s&\s|\s(?:and|or|en|of|und|oder|et|ou|y|e|o|i|og|och|ja|si|és|και)\s")
_FOOTNOTE = re.compile("[\\s]?[\u00b9\u00b2\u00b3\u2070-\u2079\u2020\u2021]+$")
"""Mark of a footnote behind a name. Names of cookies are ASCII."""
_REMARK = re.compile(r"[A-Za-z0-9*]\s[\[{<]")
"""Brackets behind a space, which are a remark unless a mark such as `_` is before them: `_fbp {Meta}`, `_ga_ {id}`."""
_OPTIONAL = re.compile(r"\w\((?:[^()]{0,60}[_*<{\[#][^()]{0,60}|\w{1,3})\)|\([^()_]{0,60}(?<![^\s(])_[A-Za-z]")
"""Brackets that are a part of a name, or have another name: `_ga(_*)`, `_ga (and _gid)`."""
_SLASH = re.compile(r"(?<=\w)/(?=_)")
"""Slash between names: `_ga/_gid`."""
_EXPRESSION = re.compile(r"[\\^|+?]")
"""Characters of a regular expression that are left after its classes became placeholders."""


def names_in(cell: str, in_table: bool) -> list[str]:
    """Parse the names in a cell: `sid`, `sid (1 year)`, `a, b`, `a / b`, `a and b`, a name in each line."""
    bare = re.sub(r"\s?\([^()]*\)", "", COUNT.sub("", cell))
    bare = without_others(bare)
    if _REMARK.search(bare) or _OPTIONAL.search(cell):
        return []
    bare = _SLASH.sub(",", bare)
    pieces = [re.split(r"\s?\(|\s[\u2013-]\s", piece)[0] for piece in _AND.split(bare)]
    found = [re.sub(r"\s(?=[\[<{])", "", _FOOTNOTE.sub("", piece.strip(_QUOTES)).strip(_QUOTES)) for piece in pieces]
    found = list(filter(None, found)) if len(found) > 1 else found
    if len(found) == 1 and " " in found[0]:  # one name per line in the source
        found = found[0].split(" ")
        found = found if all(map(STRONG.search, found)) else []
    is_shortened = len(found) > 1 and any(name.endswith(".") and name[-2:-1] != "." for name in found)
    if len(found) > MAX_NAMES or is_shortened:
        return []
    return found if all(could_be_a_name(name, in_table) for name in found) else []


def has_others(cell: str) -> bool:
    """Check whether a cell mentions names that it does not list, such as `_ga and others`."""
    return without_others(cell) != cell


def without_others(cell: str) -> str:
    """Return a cell without words for other names at its end."""
    if len(cell) > MAX_CELL or (said := _LAST_WORDS.search(cell[-MAX_END:])) is None:
        return cell
    words_of_others = folded(said[0]).strip(" ,;.()&")
    while words_of_others and not words().others.fullmatch(words_of_others):
        words_of_others = words_of_others.partition(" ")[2]
    if not words_of_others:
        return cell
    count = len(words_of_others.split())
    kept = " ".join(cell.split()[:-count]) if len(cell.split()) > count else cell
    return re.sub(r"(?:[\s,;]+(?:and|or|und|oder|et|ou|y|e|en|of|i|og|och|a|ja|si|u))?[\s,;&(]*$", "", kept)


MAX_CELL = 4000
"""Maximum characters of a cell with names."""
MAX_END = 80
"""Characters at the end of a cell that can have words for other names."""
_LAST_WORDS = re.compile(r"(?<=\S)(?:[\s,;&(]+[^\s,;&()]{1,20}){1,3}[.)]*$")
"""Last words of a cell."""
_QUOTES = " \"'`\u201c\u201d"


_NOT_IN_NAMES = re.compile(r"[\s;=,\ufffd\u2013\u2014]|^[^\W\d_]{2,}:(?!:)|^www\.|@")
"""White space and marks, a label directly before a value, and addresses. `rc::a` is a name."""


def could_be_a_name(name: str, in_table: bool = False) -> bool:
    """Check a name. `in_table`: it is in a column of names, where the name of a browser can be a cookie's name."""
    if not name or len(name) > 128 or _NOT_IN_NAMES.search(name) or not name.isprintable():
        return False
    if re.search(r"[{}<>\[\]]", pattern(name)) or _EXPRESSION.search(pattern(name)):  # without its other half
        return False
    return (in_table or name.lower() not in BROWSERS) and re.search(r"[\w%]", name) is not None


# Brackets do not nest, so that a page of opening brackets takes linear time.
_ANYTHING = re.compile(
    r"\[[^\[\]]*\](?:[+*]|\{[0-9,]{1,9}\})?|\{[^{}]*\}|<[^<>]*>|(?<![A-Za-z])[xX]{2,}(?![A-Za-z])|#+|\u2026|\.{3}|\*+"
)


def pattern(written: str) -> str:
    """Convert names such as `intercom-id-xxx`, `_ga_<container-id>` and `_gat_[name]` to globs."""
    said = _ANYTHING.sub("*", COUNT.sub("", written).strip())
    said = re.sub(r"(?<=\*)([-_.])[xX](?![^-_.])", r"\1*", said)  # as in _gat_UA-XXXXXX-X
    return re.sub(r"\*+", "*", said).replace(" *", "*")
