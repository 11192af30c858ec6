"""Built files of the front end: their hashed names, and how they are sent."""

import json
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from antifraud.console.frame.page import open_to_all

FOLDER: Final = Path(__file__).resolve().parent.parent / "static" / "dist"
PREFIX: Final = "/static/dist"
A_YEAR: Final = 31_536_000


class AssetsMissing(Exception):
    """The front end was not built: run `make assets`."""


class Assets:
    """The manifest of the last build."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Take the folder that the build writes to."""
        self._path = folder / "manifest.json"
        self._read: tuple[int, dict[str, str]] = (0, {})

    def names(self) -> dict[str, str]:
        """Return which built file stands for which name, as of the last build.

        Raises:
            AssetsMissing: There is no build.
        """
        try:
            built_at = self._path.stat().st_mtime_ns
            if built_at != self._read[0]:
                self._read = (built_at, json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            message = f"{self._path} is missing: run `make assets`"
            raise AssetsMissing(message) from error
        return self._read[1]

    def address(self, name: str) -> str:
        """Return the address of a built file.

        Raises:
            AssetsMissing: The build has no such file.
        """
        built = self.names().get(name)
        if built is None:
            message = f"the front end has no {name}: run `make assets`"
            raise AssetsMissing(message)
        return f"{PREFIX}/{built}"


def register(app: Flask) -> None:
    """Serve the built files, and let templates name them by ``asset()``."""
    assets = Assets()
    app.jinja_env.globals["asset"] = assets.address
    files = Blueprint("assets", __name__)

    @files.get(f"{PREFIX}/<path:name>")
    @open_to_all
    def file(name: str) -> Response:
        """Send one built file; its name changes with its content, so that it may be kept for a year."""
        path = safe_join(str(FOLDER), name)
        if path is None or not Path(path).is_file():
            raise NotFound
        packed = request.accept_encodings["gzip"] > 0 and Path(f"{path}.gz").is_file()
        content = Path(f"{path}.gz" if packed else path).read_bytes()
        response = Response(content, content_type=_TYPES.get(Path(name).suffix, "application/octet-stream"))
        response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
        response.vary.add("Accept-Encoding")
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        return response

    app.register_blueprint(files)


_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
