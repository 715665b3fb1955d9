"""What llhttp reports of the messages on one connection, recorded.

Callbacks only record; whoever feeds acts afterwards. One parser object reads every message of a connection, until
something ends it in the middle: a body that is passed on without it, an upgrade, a response to HEAD.
"""

from collections import deque
from typing import Any, Generic, TypeVar

import httptools

from cookiewarden.serve.head import (
    NOTED,
    Field,
    HeadTooLarge,
    Kinds,
    Limits,
    Message,
    RequestHead,
    ResponseHead,
)

M = TypeVar("M", bound=Message)

SLACK = 4096
"""Octets over the head limit that may be fed before a head that has not ended is refused."""

KINDS = Kinds()


class Reader(Generic[M]):
    """The parser of one side. `messages` holds what has begun and was not taken yet, the oldest first."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.bound = limits.max_head + SLACK
        # While no more than this was fed, no limit on octets can be exceeded, and none is looked at.
        self.small = min(limits.max_head, limits.max_field)
        self.parser: Any
        self.messages: deque[M] = deque()
        self.current: M | None = None
        self.sink: list[Field] = []
        """Where the next field goes: the fields or the trailers of the current message."""
        self.feeding = 0
        """Octets of the present feed."""
        self.fed = 0
        """Octets fed since the current message began, that whole feed counted."""
        self.silent = 0
        """Octets fed since the parser last reported something."""
        self.renew()

    def renew(self) -> None:
        """A parser that stands between two messages; what was recorded stays."""
        self.current = None
        self.fed = self.silent = 0
        self.parser = self.new_parser()

    def new_parser(self) -> Any:
        raise NotImplementedError

    @property
    def in_body(self) -> bool:
        return self.current is not None and self.current.head_complete

    @property
    def in_head(self) -> bool:
        return self.current is not None and not self.current.head_complete

    def feed(self, data: bytes) -> None:
        """Raises HeadTooLarge, httptools.HttpParserUpgrade (with the offset of what follows) or HttpParserError."""
        self.feeding = size = len(data)
        self.fed += size
        self.silent += size
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, HeadTooLarge):
                raise HeadTooLarge from None
            raise
        if self.current is not None and (self.silent > self.bound or len(self.sink) > self.limits.max_fields):
            raise HeadTooLarge
        if self.fed > self.bound and self.in_head:
            raise HeadTooLarge

    def begin(self, message: M) -> None:
        self.current = message
        self.fed = self.feeding
        self.sink = message.fields
        self.messages.append(message)

    def check_head(self, message: M, start_line: int) -> None:
        """Raises HeadTooLarge."""
        if len(message.fields) > self.limits.max_fields:
            raise HeadTooLarge
        if self.fed > self.small:
            self.limits.check(start_line, message.fields)
        message.keep_alive = self.parser.should_keep_alive()
        message.head_complete = True
        self.sink = message.trailers

    # httptools callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        self.silent = 0
        kind = KINDS[name]
        value = value.rstrip(b" \t")
        self.sink.append((name, value, kind))
        if kind >= NOTED and self.current is not None and not self.current.head_complete:
            self.current.notes.append((kind, value))

    def on_body(self, data: bytes) -> None:
        self.silent = 0
        if self.current is not None:
            self.current.chunks.append(data)

    def on_message_complete(self) -> None:
        message = self.current
        if message is not None:
            message.complete = True
            self.current = None
            self.silent = 0


class RequestReader(Reader[RequestHead]):
    def new_parser(self) -> Any:
        self.begun = 0
        """Requests that began since the caller last set this to 0."""
        return httptools.HttpRequestParser(self)

    def on_message_begin(self) -> None:
        self.begun += 1
        self.begin(RequestHead())

    def on_url(self, target: bytes) -> None:
        if self.current is not None:
            self.current.target += target

    def on_headers_complete(self) -> None:
        request = self.current
        if request is not None:
            request.method = self.parser.get_method()
            request.version = self.parser.get_http_version()
            self.check_head(request, len(request.method) + len(request.target))


class ResponseReader(Reader[ResponseHead]):
    def new_parser(self) -> Any:
        return httptools.HttpResponseParser(self)

    def on_message_begin(self) -> None:
        self.begin(ResponseHead())

    def on_status(self, reason: bytes) -> None:
        if self.current is not None:
            self.current.reason += reason

    def on_headers_complete(self) -> None:
        response = self.current
        if response is not None:
            response.status = self.parser.get_status_code()
            response.version = self.parser.get_http_version()
            self.check_head(response, len(response.reason))
