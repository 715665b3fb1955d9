"""Validators of pages with the guard's tag: the entity-tag includes the guard's revision.

Without it, a browser would keep a page with an old tag as long as the application reports the page as unchanged. The
rules:

- The ETag of a page with a tag ends in `--cw-` and the revision. It is weak. Last-Modified is removed.
- The application gets entity-tags without that ending. Its 304 response gets the ending back.
- Entity-tags with another revision are removed, because the browser's copy has an old tag. In page requests, dates and
entity-tags without a revision are removed too, because that copy may have no tag."""

import re

from cookiewarden.serve.wire.head import fields_of

MARK = b"--cw-"
MAX_TAGS = 100
"""Maximum number of entity-tags in the fields of a request. A field that exceeds it is removed."""

_CONDITIONS = re.compile(
    rb"\r\n(if-none-match|if-match|if-range|if-modified-since|range):[ \t]*([^\r\n]*)", re.IGNORECASE
)
_TAG = re.compile(rb'(?:W/)?"[^"]*"')
_MARKED = re.compile(rb'((?:W/)?"[^"]*)' + MARK + rb'([0-9a-f]{16})"')
_ETAG = re.compile(rb"(\r\netag:[ \t]*)([^\r\n]*)", re.IGNORECASE)
_LAST_MODIFIED = re.compile(rb"\r\nlast-modified:[^\r\n]*", re.IGNORECASE)


class Conditions:
    """The conditional fields of one request that concern the guard."""

    def __init__(self, revision: bytes, is_page: bool) -> None:
        self.revision = revision
        self.is_page = is_page
        self.known: set[bytes] = set()
        """Entity-tags from which this revision was removed, without `W/`."""
        self._dropped: set[bytes] = set()
        """Fields from which an entity-tag was removed."""
        self._left: set[bytes] = set()
        """Fields in which an entity-tag is left."""
        self._quotes = 0
        """Number of quotes in the fields so far; an entity-tag has two."""

    def towards_application(self, fields: bytes) -> bytes | None:
        """Return the request's fields for the application; None if its If-Match cannot be satisfied."""
        edited = _CONDITIONS.sub(self._tags, fields)
        if b"if-match" in self._dropped and b"if-match" not in self._left:
            return None
        gone = {name for name in self._dropped if name not in self._left}
        if b"if-none-match" in gone or self.is_page:
            gone.add(b"if-modified-since")  # RFC 9110 13.1.3: without If-None-Match it takes effect
        if b"if-range" in gone:
            gone.add(b"range")
        return _CONDITIONS.sub(lambda found: b"" if found[1].lower() in gone else found[0], edited)

    def _tags(self, found: re.Match[bytes]) -> bytes:
        """Return one field with the entity-tags that are meant for the application."""
        name, value = found[1].lower(), found[2]
        if name in (b"range", b"if-modified-since"):
            return found[0]
        drops_plain = self.is_page and name != b"if-match"
        if value.strip(b" \t") == b"*" or not (drops_plain or MARK in value):
            self._left.add(name)
            return found[0]
        self._quotes += value.count(b'"')
        if MARK not in value or self._quotes > 2 * MAX_TAGS:
            self._dropped.add(name)
            return b""
        if _TAG.sub(b"", value).strip(b", \t"):  # not a valid list of entity-tags
            (self._dropped if drops_plain else self._left).add(name)
            return b"" if drops_plain else found[0]
        tags = _TAG.findall(value)
        left = []
        for tag in tags:
            marked = _MARKED.fullmatch(tag) if MARK in tag else None
            if marked is None and not drops_plain:
                left.append(tag)
            elif marked is not None and marked[2] == self.revision:
                plain = marked[1] + b'"'
                self.known.add(plain.removeprefix(b"W/"))
                left.append(plain)
        if len(left) < len(tags):
            self._dropped.add(name)
        if not left:
            return b""
        self._left.add(name)
        return b"\r\n" + found[1] + b": " + b", ".join(left) if left != tags else found[0]

    def marked(self, head: bytes) -> bytes:
        """Return the head of a page with a tag. Its Last-Modified has been removed."""
        return _ETAG.sub(self._marked, head)

    def marked_again(self, head: bytes) -> bytes:
        """Return the head of a 304 response, which may confirm a page with a tag."""
        if not self.known:
            return head
        is_known = any(
            name.lower() == b"etag" and value.removeprefix(b"W/") in self.known for name, value in fields_of(head)
        )
        has_tag = is_known or not _ETAG.search(head)
        return self.marked(_LAST_MODIFIED.sub(b"", head)) if has_tag else head

    def _marked(self, found: re.Match[bytes]) -> bytes:
        """Return the ETag line with the revision. An invalid ETag is removed, because browsers return it unchanged."""
        tag = found[2].strip(b" \t")
        if not _TAG.fullmatch(tag):
            return b""
        return found[1] + b"W/" + tag.removeprefix(b"W/")[:-1] + MARK + self.revision + b'"'
