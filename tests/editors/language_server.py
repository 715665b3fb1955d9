"""A session with a language server over standard input and output, as in an editor (Language Server Protocol 3.17)."""

import json
import subprocess
import time
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

SERVER = Path(__file__).parents[2] / ".venv/npm/node_modules/yaml-language-server/bin/yaml-language-server"


class Session:
    """One server, for the files of one folder."""

    def __init__(self, folder: Path) -> None:
        assert SERVER.exists(), "make test-editors installs yaml-language-server from npm"
        self.folder = folder
        self.process = subprocess.Popen(["node", SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
        self.messages: Queue[dict[str, Any]] = Queue()
        Thread(target=self._read, daemon=True).start()
        self.number = 0
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        capabilities = {"textDocument": {"completion": {"completionItem": {"documentationFormat": ["markdown"]}}, "hover": {"contentFormat": ["markdown"]}}}  # fmt: skip
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": capabilities})
        self.tell("initialized", {})

    def close(self) -> None:
        self.ask("shutdown", None)
        self.tell("exit", None)
        self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()

    # Messages

    def _read(self) -> None:
        while line := self.process.stdout.readline():
            length = 0
            while line.strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                line = self.process.stdout.readline()
            self.messages.put(json.loads(self.process.stdout.read(length)))

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        self.number += 1
        self._send({"id": self.number, "method": method, "params": params})
        return self._until(lambda m: m.get("id") == self.number and "method" not in m)["result"]

    def _until(self, wanted: Any, seconds: float = 30) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while True:
            try:
                message = self.messages.get(timeout=max(0.0, end - time.monotonic()))
            except Empty:
                raise AssertionError("the language server sends nothing") from None
            if "method" in message and "id" in message:  # it requests settings, and gets empty ones
                asked = message.get("params", {}).get("items", [])
                self._send({"id": message["id"], "result": [None for _ in asked]})
            if message.get("method") == "textDocument/publishDiagnostics":
                self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
            if wanted(message):
                return message

    # Actions of an editor

    def open(self, name: str) -> list[str]:
        """Open a file. Return its marks, each with its line."""
        path = self.folder / name
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": path.read_text()}
        self.tell("textDocument/didOpen", {"textDocument": document})
        self._until(lambda m: m.get("method") == "textDocument/publishDiagnostics" and m["params"]["uri"] == path.as_uri())  # fmt: skip
        found = self.diagnostics[path.as_uri()]
        return [f"{d['range']['start']['line'] + 1}: {d['message']}" for d in found]

    def _at(self, name: str, line: int, column: int) -> dict[str, Any]:
        return {"textDocument": {"uri": (self.folder / name).as_uri()}, "position": {"line": line - 1, "character": column - 1}}  # fmt: skip

    def hover(self, name: str, line: int, column: int) -> str:
        found = self.ask("textDocument/hover", self._at(name, line, column))
        return found["contents"]["value"] if found else ""

    def completions(self, name: str, line: int, column: int) -> dict[str, str]:
        """Return the completions that are offered, with their descriptions."""
        found = self.ask("textDocument/completion", self._at(name, line, column))
        items = found["items"] if isinstance(found, dict) else found or []
        return {item["label"]: _text(item.get("documentation", "")) for item in items}


def _text(documentation: Any) -> str:
    return documentation["value"] if isinstance(documentation, dict) else documentation
