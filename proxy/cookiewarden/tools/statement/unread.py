"""Texts on a page that look like names or lifetimes of cookies, and that the reader has not read."""

import re
from collections.abc import Iterator
from itertools import islice

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.policy.policy import is_script_read
from cookiewarden.tools.statement.claims import LeftOut, Published, quoted
from cookiewarden.tools.statement.columns import is_clear
from cookiewarden.tools.statement.items import MAX_ITEM, is_lone_word, is_strong, is_unlike_words, weak_text
from cookiewarden.tools.statement.labels import label, pairs
from cookiewarden.tools.statement.lines import LineKind, PageLine
from cookiewarden.tools.statement.names import MAX_NAMES, STRONG, could_be_a_name, names_in, pattern
from cookiewarden.tools.statement.phrases import day_in, has_number_of_time, is_like_lifetime, lifetime_of
from cookiewarden.tools.statement.words import folded, head_of, speaks_of_cookies, storage_of, words

MAX_HEADING = 200
"""Maximum characters of a heading that are looked at."""
MENTION = re.compile(
    r"(?<![\w/.@%:=&?*<>\[{-])(?<![\w\]]\()(_{1,2}[A-Za-z][\w*.-]*|[A-Z][A-Z_]*SESS(?:ION)?ID|[A-Z]+\.[A-Za-z]+_Session\w+)(?![\w(=])"
)
"""Names in running text."""
_SNAKE = re.compile(r"(?<![\w/.@%:=&?*<>-])([a-z0-9]+(?:_[a-z0-9]+)+)(?![\w(=@/])", re.IGNORECASE)
"""Words with underscores, which are names in a sentence about cookies."""
_CAMEL = re.compile(r"(?<![\w/.@%:=&?*<>-])([a-z]+[A-Z]?[a-z]*(?:Id|ID)|[a-z]+\.sid)(?![\w(=@/])")
"""Words such as sessionId, which are names in a sentence about cookies."""
_OF_FRAMEWORKS = re.compile(
    r"(?<![\w/.@%:=&?*<>-])([a-z]*(?:csrf|xsrf)\w*|[a-z]*sess(?:ion)?id|[A-Z]+(?:-[A-Z]+)*-(?:TOKEN|CSRF|XSRF|SESSION|AUTH|SID|ID))"
    r"(?![\w(=@/-])"
)
"""Names that frameworks give to cookies, such as csrftoken and XSRF-TOKEN, in a sentence about cookies."""
_CALLED = re.compile(
    r"\bcookies? (?:is |are )?(?:called|named|labelled|with the name|genaamd|met de naam|namens|mit dem namen"
    r"|appel\u00e9e?s?|nomm\u00e9e?s?|llamad[ao]s?|denominad[ao]s?|chiamat[oi]|denominat[oi]|o nazwie)"
    r"\s+[\"'`\u201c\u2018\u201e\u00ab]?\s?([\w][\w*.-]{0,127})",
    re.IGNORECASE,
)
"""Name behind a word for it: `a cookie called theme`."""


def unread(lines: list[PageLine], published: Published) -> Iterator[LeftOut]:
    """Yield the lines that were not read and perhaps are cookies, and then names in text."""
    places = {left.line for left in published.left_out if not left.is_understood}
    heading = ""
    is_stacked = any(line.is_read and _is_name_in_its_line(line) for line in lines)
    among = _among_cookies(lines)
    for at, line in enumerate(lines):
        heading = line.text[:MAX_HEADING] if line.kind is LineKind.HEADING else heading
        if line.is_read:
            continue
        why = _why(line) or _why_of_item(line, heading) or _why_of_word(line, is_stacked or at in among)
        why = why or _why_of_time(line, at in among)
        if why and not (line.number in places and line.kind is LineKind.TEXT):
            yield LeftOut(line.number, why)
            line.is_read = True
            line.why = why
    told = [left.why for left in published.left_out if not left.is_understood]
    told += [line.why for line in lines if line.why]
    yield from _footnotes(lines, published)
    yield from _mentions(lines, [claim.name for claim in published.claims], told)


def _among_cookies(lines: list[PageLine]) -> range:
    """Return the indices of the lines from the first line that was read to the last one."""
    read = [at for at, line in enumerate(lines) if line.is_read]
    return range(read[0], read[-1]) if read else range(0)


def _why_of_time(line: PageLine, is_among: bool) -> str:
    """Return the reason to report a text among cookies that has a number with a unit of time, or ""."""
    is_text = is_among and line.kind in (LineKind.TEXT, LineKind.ITEM)
    is_told = is_text and has_number_of_time(line.text[:MAX_ITEM])
    return f"perhaps a lifetime, among cookies: {quoted(line.text)}" if is_told else ""


def _footnotes(lines: list[PageLine], published: Published) -> Iterator[LeftOut]:
    """Yield names that end with a star, if a line below explains the star."""
    if not any(_FOOTNOTE.match(line.text) for line in lines if line.kind is LineKind.TEXT):
        return
    for claim in published.claims:
        if re.search(r"[A-Za-z0-9]\*+$", claim.written):
            told = f"the star of {quoted(claim.written)} is perhaps a footnote; it is read as a placeholder"
            yield LeftOut(claim.line, told, is_row=False)


_FOOTNOTE = re.compile(r"\*+\)?\s*[^\W\d_]")
"""Line that explains a star."""


def _why(line: PageLine) -> str:
    """Return the reason to report a line that was not read, or ""."""
    if line.kind is LineKind.ROW:
        return f"perhaps a cookie, outside of a table: {quoted(' '.join(line.cells))}" if _has_cookie(line) else ""
    if line.kind not in (LineKind.TEXT, LineKind.ITEM) or len(line.text) > MAX_ITEM:
        return ""
    if weak_text(line) is not None or _leads_with_a_name(line) or _is_short_item(line):
        return f"perhaps a cookie, outside of a list: {quoted(line.text)}"
    if _labels_a_name(line.text) or _has_marked_labels(line) or _is_set(line.text):
        return f"perhaps a cookie in one line with its values: {quoted(line.text)}"
    if _marks_a_name(line) or _has_capitals_beside_lifetime(line.text):
        return f"perhaps a cookie in text: {quoted(line.text)}"
    if _is_lifetime(line) or _states_a_lifetime(line.text):
        return f"a lifetime without the name of its cookie: {quoted(line.text)}"
    return ""


def _why_of_item(line: PageLine, heading: str) -> str:
    """Return the reason to report an item about a cookie without a name, such as `Consent banner (1 year)`, or ""."""
    if line.kind is not LineKind.ITEM or len(line.text) > MAX_ITEM or "cookie" not in folded(f"{heading} {line.text}"):
        return ""
    found = _AT_THE_END.search(line.text)
    is_told = found is not None and is_like_lifetime(found[1] or found[2])
    return f"an item with a lifetime, without the name of its cookie: {quoted(line.text)}" if is_told else ""


_AT_THE_END = re.compile(r"(?:\(([^()]{1,60})\)|[:,;\u2013\u2014-]\s*([^:,;()\u2013\u2014-]{1,60}))\s*\.?$")


def _is_name_in_its_line(line: PageLine) -> bool:
    return line.kind in (LineKind.TEXT, LineKind.HEADING) and is_clear(line.text) and could_be_a_name(line.text)


def _why_of_word(line: PageLine, is_stacked: bool) -> str:
    """Return the reason to report a word in the place of a name, or "". `is_stacked`: the page has names that stand
    alone above their text."""
    is_there = is_stacked and line.kind in (LineKind.TEXT, LineKind.HEADING) and is_lone_word(line)
    return f"perhaps a cookie, alone in its line: {quoted(line.text)}" if is_there else ""


def _has_cookie(line: PageLine) -> bool:
    """Check for a row with a name that is clear, or with a word and a lifetime."""
    cells = [cell for cell in line.cells if cell]
    if any(is_clear(cell) and could_be_a_name(cell) and re.search(r"[A-Za-z]", cell) for cell in cells):
        return True
    return bool(cells) and could_be_a_name(cells[0]) and any(lifetime_of(cell) is not None for cell in cells[1:])


def _leads_with_a_name(line: PageLine) -> bool:
    """Check for an emphasised name, or one in code, at the beginning of a line."""
    names = names_in(line.lead.rstrip(" .:\u2013\u2014-"), False)
    return bool(names) and all("_" in name or is_script_read(name) or name.lower().endswith("sid") for name in names)


def _is_short_item(line: PageLine) -> bool:
    """Check for an item that begins with a clear name, or is a word and a lifetime: `cart, 14 days`."""
    found = _FIRST_WORD.match(line.text) if line.kind is LineKind.ITEM else None
    if found is None or not could_be_a_name(found[1]):
        return False
    is_strong = re.search(r"^[A-Za-z0-9.-]+_[A-Za-z0-9]|SESS(?:ION)?ID$", found[1]) is not None
    return is_strong or (found[1][:1].islower() and is_like_lifetime(line.text[found.end() :]))


_FIRST_WORD = re.compile(r"([^\s:;,()]{1,128})[\s:;,(]+")


def _labels_a_name(text: str) -> bool:
    """Check for a name behind a label for it (`Cookie name: sid`), or beside a lifetime (`Duration: vuid: 2 years`)."""
    starts = [0, *(found.end() for found in islice(_SENTENCE.finditer(text), MAX_SENTENCES))]
    return any(_is_labelled(text[start : start + MAX_LABELLED], is_first=start == 0) for start in starts)


def _has_marked_labels(line: PageLine) -> bool:
    """Check for emphasised labels without colons: `**Name** sid **Expires** 1 day`."""
    first = label(line.lead)
    return first is not None and first.kind == "name" and any(map(label, line.marked[1:]))


_SENTENCE = re.compile(r"[.,;|]\s+(?=[^:]{1,40}:)")
MAX_SENTENCES = 50
"""Maximum parts of a text that are looked at for labels."""
MAX_LABELLED = 300
"""Maximum characters of a label and its value."""


def _is_labelled(text: str, is_first: bool) -> bool:
    before, _, value = text.partition(":")
    last = before.split()[-1:]
    head = label(before) or head_of(before) or label(last[0] if last else "")
    if head is None or head.kind not in ("name", "lifetime"):
        return False
    if any(_is_a_name(name) and lifetime_of(span) is not None for name, span in _BESIDE.findall(value)):
        return True
    if head.kind == "lifetime":
        span = re.split(r"[.;|]\s|[.;|]$", value)[0]
        return not is_first and label(before) is not None and lifetime_of(span) is not None
    if label(before) is None:
        return False
    names = names_in(value.strip(" ."), False) or _FIRST_VALUE.findall(value)[:1]
    names = [name for name in names if could_be_a_name(name)]
    has_values = has_number_of_time(value) or any(map(label, _INNER_LABEL.findall(value)))
    are_only = head.phrase != "cookies" and all(name[:1].islower() for name in names)
    return bool(names) and (are_only or has_values or any(STRONG.search(name) for name in names))


_BESIDE = re.compile(
    r"(?<![^\s,;:])([^\s:;,()]{1,128})\s?(?:[:(=\u2013\u2014]|-(?=\s))\s?([^():;,.\u2013\u2014]{1,40})"
)
"""Name and perhaps its lifetime: `vuid: 2 years`, `vuid (2 years)`."""
_FIRST_VALUE = re.compile(r"^\s*([^\s:;,.()|]{1,128})(?=[.;,|]|\s[|(\u2013\u2014-]|\s[^\W\d_]{1,20}:)")
_INNER_LABEL = re.compile(r"([^\W\d_]{1,20}):")


def _is_a_name(word: str) -> bool:
    return could_be_a_name(word) and (word[:1].islower() or STRONG.search(word) is not None)


def _is_set(text: str) -> bool:
    """Check for a sentence that gives a name and its lifetime: `Vimeo sets vuid, which is kept for 2 years`."""
    for found in _SETS.finditer(text):
        is_named = _is_a_name(found["name"]) and head_of(found["name"]) is None
        if is_named and found["name"].lower() not in ("it", "them", "this") and has_number_of_time(found["rest"]):
            return True
    return False


_SETS = re.compile(
    r"\b(?:sets|places|drops|plaatst|setzt|d\u00e9pose|imposta|instala|define|zet|called|named|genaamd)\s+"
    r"(?P<name>[^\s:;,()]{1,128})(?P<rest>(?:,|\s\(|\s(?:which|that|with|for|die|dat|mit|voor|qui)\b)[^.;]{0,200})"
)
"""Sentence about a cookie that is set."""


def _marks_a_name(line: PageLine) -> bool:
    """Check for an emphasised word that could be a name, in a text about a cookie with a lifetime."""
    if not line.marked or not has_number_of_time(line.text):
        return False
    names = [name for name in line.marked if could_be_a_name(name) and re.search(r"[^\W\d]", name)]
    is_about_cookies = speaks_of_cookies(line.text)
    return any(
        is_clear(name) or (is_unlike_words(name) and (is_about_cookies or not name[:1].islower())) for name in names
    )


def _has_capitals_beside_lifetime(text: str) -> bool:
    """Check for a word of capitals with its lifetime: `Google Maps: NID (6 months)`."""
    found = islice(_CAPITALS_BESIDE.finditer(text), MAX_SENTENCES)
    return any(is_unlike_words(one[1]) and lifetime_of(one[2]) is not None for one in found)


_CAPITALS_BESIDE = re.compile(
    r"(?<![^\s,;:(])([A-Z][A-Z0-9._-]{2,127})\s?[:(=\u2013\u2014]\s?([^():;,.\u2013\u2014]{1,40})"
)


def _is_lifetime(line: PageLine) -> bool:
    """Check for a line that is a lifetime, alone or with its label. A line about session cookies is a heading."""
    found = pairs(line.cells or (line.text,))
    texts = [text for head, text in found if head.kind == "lifetime"] if found else [line.text]
    if any(head.kind == "type" and storage_of(text) for head, text in found):
        return True
    if any(head.kind == "lifetime" and _is_perhaps_a_time(text) for head, text in found):
        return True
    is_title = "cookie" in folded(line.text) and not re.search(r"[0-9]", line.text)
    return (
        not is_title
        and not day_in(line.text)
        and any(is_like_lifetime(text) and re.search(r"[^\W\d]", text) for text in texts)
    )


def _is_perhaps_a_time(text: str) -> bool:
    """Check for a time that is perhaps one of several: `until the browser closes or 24 hours`."""
    return has_number_of_time(text) or words().session.search(folded(text)) is not None


def _states_a_lifetime(text: str) -> bool:
    """Check for a labelled lifetime in a text about cookies: `cookie lifetime: 20 days; purpose: …`."""
    if not speaks_of_cookies(text):
        return False
    found = islice(_LABELLED.finditer(text), MAX_SENTENCES)
    labelled = [(head_of(one[1]), one[2]) for one in found]
    return any(
        head is not None and head.kind == "lifetime" and lifetime_of(span) is not None for head, span in labelled
    )


_LABELLED = re.compile(r"(?<!\w)([^\W\d_][\w ]{2,40}):(?=\s+([^;.|:]{1,40}))")


def _marked_beside_cookie(line: PageLine) -> list[str]:
    """Return emphasised words, code and quoted words beside the word cookie: `the "theme" cookie`."""
    said = line.text[:MAX_ITEM]
    words_of_it = {*line.marked, *(found[1] for found in islice(_QUOTED.finditer(said), MAX_NAMES))}
    found = [
        word
        for word in words_of_it
        if could_be_a_name(word)
        and word[:1].islower()
        and word.isascii()
        and "cookie" not in word
        and word not in _KINDS
    ]
    return [word for word in sorted(found) if re.search(_BESIDE_COOKIE.format(re.escape(word)), said, re.IGNORECASE)]


_QUOTED = re.compile(r"""["'`\u201c\u2018\u201e\u00ab]\s?([A-Za-z][\w.-]{1,63})\s?["'`\u201d\u2019\u00bb]""")
_BESIDE_COOKIE = r"""cookies?\W{{1,3}}{0}(?![\w-])|(?<![\w-]){0}\W{{1,3}}(?:session |tracking )?cookie\b"""
_KINDS = frozenset(
    ["one", "no", "any", "each", "this", "single", "session", "persistent", "essential", "necessary", "functional"]
)
"""Words before `cookie` that are emphasised and are not names."""


def _mentions(lines: list[PageLine], known: list[str], told: list[str]) -> Iterator[LeftOut]:
    """Yield names in text and in other lists that were not read, each once."""
    seen: set[str] = set()
    for line in lines:
        if line.kind not in (LineKind.TEXT, LineKind.HEADING, LineKind.ITEM):
            continue
        mentions = MENTION.findall(line.text[:MAX_ITEM])
        if speaks_of_cookies(line.text[:MAX_ITEM]):
            for form in (_SNAKE, _CAMEL, _OF_FRAMEWORKS, _CALLED):
                mentions += form.findall(line.text[:MAX_ITEM])
            mentions += _marked_beside_cookie(line)
        if line.is_read:
            mentions += [said for said in line.marked if is_strong(said) and could_be_a_name(said)]
        for said in (one.rstrip(".") for one in mentions):
            name = pattern(said.rstrip("._-"))
            if name in seen or len(seen) >= MAX_NAMES or any(name_matches(other, name) for other in known):
                continue
            seen.add(name)
            if not any(said in why for why in told):
                yield LeftOut(line.number, f"a name outside of lists and tables: {quoted(said)}", is_row=False)
