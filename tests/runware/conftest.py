from __future__ import annotations

import pytest

from tests.doubles.runware_script import ScriptedRunware


@pytest.fixture
def runware():
    with ScriptedRunware() as server:
        yield server
