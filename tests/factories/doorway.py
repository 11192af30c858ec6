"""A source of reports before the real web application, in this process or on a real port."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, text
from typing_extensions import override
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import TestResponse

from antifraud.app import create_app
from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.founding import token_path
from antifraud.installation import Installation
from tests.factories import reports

PATH = "/api/v1/reports"


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    @override
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@dataclass
class Doorway:
    """One centre's reports API; every post is by a source's own token, under a key of its own if none is given."""

    installation: Installation
    centre: Centre
    clock: FrozenClock
    app: Flask = field(init=False)
    _posted: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Build the application once."""
        self.app = create_app(self.installation)

    def token(self, source: str = "110") -> str:
        """Return the token that the set-up made for a source."""
        return token_path(self.installation.settings, self.centre.code, source).read_text(encoding="ascii").strip()

    def headers(self, key: str | None = None, source: str = "110", **changes: str | None) -> dict[str, str]:
        """Return the headers of a valid post, changed as told: None leaves one out, `_` stands for `-`."""
        self._posted += 1
        found: dict[str, str | None] = {
            "Authorization": f"Bearer {self.token(source)}",
            "Idempotency-Key": key or f"key-{self._posted}",
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in changes.items()},
        }
        return {name: value for name, value in found.items() if value is not None}

    def post(self, body: object, key: str | None = None, source: str = "110", **headers: str | None) -> TestResponse:
        """Post a document, or bytes as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.app.test_client().post(PATH, data=raw, headers=self.headers(key, source, **headers))

    def report(self, source_ref: str = "110-1", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - members of a report
        """Return a valid report of now."""
        return reports.report(self.clock.now(), source_ref=source_ref, **changes)

    def transfer(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - members of a transfer
        """Return a valid transfer of now."""
        return reports.transfer(self.clock.now(), **changes)

    def accepted(self, document: dict[str, Any], **how: str) -> dict[str, Any]:
        """Post a report that must be accepted; return what was told."""
        answer = self.post(document, **how)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = json.loads(answer.data)
        return told

    def rows(self, sql: str, **values: Any) -> list[Any]:  # noqa: ANN401 - rows
        """Read or change rows of the centre."""
        with self.installation.database.begin(self.centre.id) as connection:
            found = connection.execute(text(sql), values)
            return list(found) if found.returns_rows else []

    def as_owner(self, statement: str) -> None:
        """Change the database as its owner may: to make a fault of ours happen, or to end it."""
        engine = create_engine(self.installation.settings.database_url or "")
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def count(self, table: str, where: str = "true") -> int:
        """Count rows of the centre."""
        return int(self.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])  # noqa: S608 - our own words

    def tasks(self) -> list[str]:
        """Return the kinds of the open tasks."""
        return [row.kind for row in self.rows("SELECT kind FROM tasks WHERE state = 'open' ORDER BY kind")]

    @contextmanager
    def on_a_port(self) -> Iterator[int]:
        """Serve the application on a real port."""
        server = make_server("127.0.0.1", 0, self.app, threaded=True, request_handler=_Quiet)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def problem(answer: TestResponse, status: int, kind: str) -> dict[str, Any]:
    """Return the problem document of an answer that must be this problem and complete."""
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json"), answer.text
    told: dict[str, Any] = json.loads(answer.data)
    assert (told["status"], told["type"]) == (status, f"/problems/{kind}"), told
    assert told["title"]
    assert told["detail"]
    assert all(error["pointer"].startswith(("", "/")) and error["detail"] for error in told.get("errors", ()))
    return told


def pointers(told: dict[str, Any]) -> list[str]:
    """Return where the faults of a problem document are."""
    return [error["pointer"] for error in told["errors"]]
