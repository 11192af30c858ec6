"""The process of the simulated banks: loopback only, connections kept, everything stopped on request."""

import io
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from typing_extensions import override
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from antifraud.foundation.clock import Clock
from antifraud.simulator.app import create_app
from antifraud.simulator.callbacks import Callbacks
from antifraud.simulator.faults import Faults
from antifraud.simulator.setup import admin_token, load_config
from antifraud.simulator.world import World

HOST: Final = "127.0.0.1"
_IDLE_SECONDS: Final = 120.0
_STOP_SEEN_SECONDS: Final = 0.05
_MAX_BODY: Final = 2_097_152
_LOG: Final = logging.getLogger(__name__)


class _KeptConnection(WSGIRequestHandler):
    """Answers request after request on one connection, which Werkzeug's own handler does not.

    A body of announced length is read whole first, so the next request line is where it should be; anything else
    ends the connection.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = _IDLE_SECONDS

    @override
    def run_wsgi(self) -> None:
        length = self.headers.get("Content-Length", "0")
        chunked = "Transfer-Encoding" in self.headers
        if chunked or not (length.isascii() and length.isdigit()) or int(length) > _MAX_BODY:
            self.close_connection = True
            self.send_error(413)
            return
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(length)))
        pieces = self.server.app(environ, self._start)
        try:
            for piece in pieces:
                self.wfile.write(piece)
                self.wfile.flush()
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def _start(self, status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[[bytes], int]:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in names and int(code) != 204:  # noqa: PLR2004 - has no body by definition
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        return self.wfile.write

    @override
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: addresses and counts are in the ledger."""


class SimulatorServer:
    """All simulated banks behind one port."""

    def __init__(self, home: Path, clock: Clock, port: int) -> None:
        """Open the books and the port; 0 takes a free one.

        Raises:
            FileNotFoundError: ``prepare`` never ran for this home.
        """
        config = load_config(home)
        self.world = World(home, config, clock)
        self.faults = Faults()
        self.callbacks = Callbacks(self.world, self.faults)
        self._app = create_app(self.world, self.callbacks, self.faults, admin_token(home))
        self._server: BaseWSGIServer = make_server(
            HOST, port, self._app, threaded=True, request_handler=_KeptConnection
        )
        self.port: int = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_STOP_SEEN_SECONDS,), name="simulator", daemon=True
        )

    def start(self) -> None:
        """Begin to answer and to call back."""
        self.callbacks.start()
        self._thread.start()
        _LOG.info("simulated banks on %s:%s", HOST, self.port)

    def stop(self) -> None:
        """Stop answering, let go of requests that hang on purpose, close the books."""
        self._app.extensions["stop"]()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.callbacks.stop()
        self.world.close()
