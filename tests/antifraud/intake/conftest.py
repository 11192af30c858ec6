"""The reports API as a source sees it: the real application, and its own token."""

import pytest

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.factories.doorway import Doorway


@pytest.fixture
def doorway(installation: Installation, drill: Centre, clock: FrozenClock) -> Doorway:
    """The drill centre's reports API, in this process."""
    return Doorway(installation, drill, clock)


@pytest.fixture
def live_doorway(installation: Installation, live: Centre, clock: FrozenClock) -> Doorway:
    """The live centre's reports API."""
    return Doorway(installation, live, clock)
