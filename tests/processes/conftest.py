"""One spawner for the folder, and a fresh system for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from antifraud.foundation.settings import Settings
from tests.processes.harness import System, system
from tests.processes.procs import Spawner


@pytest.fixture(scope="session")
def spawner() -> Iterator[Spawner]:
    """The process that starts all others."""
    started = Spawner()
    yield started
    started.close()


@pytest.fixture
def whole(database_settings: Settings, spawner: Spawner, tmp_path: Path) -> Iterator[System]:
    """An installation of which nothing runs yet."""
    with system(database_settings, spawner, tmp_path) as made:
        yield made
