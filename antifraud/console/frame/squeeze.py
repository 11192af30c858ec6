"""Pages squeezed on their way: HTML is a third of a first load, and nothing in front of us may do it."""

import gzip
import io
import secrets
from typing import Final

from flask import Flask, Response, request

WORTH_IT: Final = 1_000
_LEVEL: Final = 5
_MOST_PADDING: Final = 48


def register(app: Flask) -> None:
    """Squeeze every page of the application that is long enough, for whoever takes gzip."""
    app.after_request(squeezed)


def squeezed(response: Response) -> Response:
    """Return a page in gzip where that is worth it; streams, files and what is squeezed already stay as they are."""
    if response.mimetype != "text/html" or response.is_streamed or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    content = response.get_data()
    if len(content) < WORTH_IT or request.accept_encodings["gzip"] <= 0:
        return response
    packed = io.BytesIO()
    # A name of random length in the head: how long the page is says nothing of the token that stands in it
    # beside what somebody typed (the attack BREACH).
    name = secrets.token_hex(secrets.randbelow(_MOST_PADDING) + 1)
    with gzip.GzipFile(filename=name, mode="wb", compresslevel=_LEVEL, fileobj=packed, mtime=0) as file:
        file.write(content)
    response.set_data(packed.getvalue())
    response.headers["Content-Encoding"] = "gzip"
    return response
