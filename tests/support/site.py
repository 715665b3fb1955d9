"""A site for commands that fetch pages."""

import contextlib
import http.server
import threading
from collections.abc import Iterator, Mapping

Page = tuple[int, Mapping[str, str], bytes]
"""Status, fields and body."""


@contextlib.contextmanager
def site(pages: Mapping[str, Page]) -> Iterator[str]:
    """Yields its URL without the final slash. Other paths are a 404; a query counts only where `pages` has it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = self.path if self.path in pages else self.path.partition("?")[0]
            status, fields, body = pages.get(page, (404, {}, b""))
            self.send_response(status)
            for name, value in {**fields, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
