"""The application as the console's tests drive it: on a database of their own, with the front end as it was built."""

import pytest
from flask import Flask

from antifraud.app import create_app
from antifraud.console.catalogue import compile_all
from antifraud.console.frame.assets import Assets, AssetsMissing
from antifraud.installation import Installation


@pytest.fixture(scope="session")
def built() -> None:
    """The translations as they are written now, and a front end that somebody built."""
    compile_all()
    try:
        Assets().names()
    except AssetsMissing as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def app(installation: Installation, built: None) -> Flask:
    """The whole application."""
    made = create_app(installation)
    made.testing = False  # a fault of ours is answered as in production
    return made
