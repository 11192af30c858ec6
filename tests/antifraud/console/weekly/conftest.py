"""The drill centre with a hand that drives its cases, and its page as a reader of the street sees it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.antifraud.console.weekly.facts import Weeks
from tests.antifraud.timeliness.driven import Drive


@pytest.fixture
def drive(installation: Installation, drill: Centre, clock: FrozenClock) -> Drive:
    return Drive(installation, drill, clock)


@pytest.fixture
def weeks(drive: Drive) -> Weeks:
    return Weeks(drive)


@pytest.fixture
def reader(app: Flask) -> FlaskClient:
    """A browser in which nobody signed in."""
    return app.test_client()
