"""The drill centre, with a clock and a hand that drives its cases."""

import pytest

from antifraud.auth.service import Centre
from antifraud.foundation.clock import FrozenClock
from antifraud.installation import Installation
from tests.antifraud.timeliness.driven import Drive


@pytest.fixture
def drive(installation: Installation, drill: Centre, clock: FrozenClock) -> Drive:
    return Drive(installation, drill, clock)
