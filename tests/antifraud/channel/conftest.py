"""A centre and its banks, both on real ports."""

from collections.abc import Iterator

import pytest

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.factories.wire import Wire


@pytest.fixture
def wire(installation: Installation, drill: Centre, clock: FrozenClock) -> Iterator[Wire]:
    """The drill centre, ready to send, and the simulated banks."""
    found = Wire(installation, drill, clock)
    found.start()
    yield found
    found.stop()
