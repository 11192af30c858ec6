"""One case of the drill centre, and browsers of people who may look at it or act in it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.factories.cases import Story
from tests.factories.people import signed_in

_TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')


@dataclass
class Browser:
    """Somebody's browser: it reads a page and sends its forms as they stand there."""

    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def text(self, path: str) -> str:
        response = self.get(path)
        assert response.status_code == 200, response.status_code
        return response.text

    def post(self, path: str, *, page: str = "/help", **fields: object) -> TestResponse:
        token = _TOKEN.search(self.get(page).text)
        assert token is not None
        values = {name: str(value) for name, value in fields.items()}
        return self.client.post(path, data={"csrf_token": token[1], **values})


@pytest.fixture
def people(app: Flask, installation: Installation, drill: Centre) -> Callable[..., Browser]:
    """Return the browser of a person with roles, by name."""

    def of(*roles: str, name: str | None = None, centre: Centre | None = None) -> Browser:
        return Browser(signed_in(app, installation, centre or drill, roles or ("operator",), name=name))

    return of


@pytest.fixture
def story(installation: Installation, drill: Centre, clock: FrozenClock) -> Story:
    """A reported case whose stop was asked for."""
    return Story(installation, drill, clock)
