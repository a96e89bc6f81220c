from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import SecretStr

from rw_hooks.errors import MissingError
from rw_hooks.hosts.hub.api import HubApi
from rw_hooks.runware import Endpoint, RunwareClient

USERS: dict[str, Callable[[SecretStr], object]] = {
    "RUNWARE_API_KEY": lambda key: RunwareClient(Endpoint("https://x.example/v1", "wss://x.example/v1", key)),
    "HF_TOKEN": lambda token: HubApi("https://x.example", token),
}


@pytest.mark.parametrize("variable", USERS)
@pytest.mark.parametrize("pasted", ["\u201ccanary\u201d", "canary\u200b", "canary\nexport X=1", "canary\u00e9"])
def test_a_key_that_no_header_can_hold_is_told_by_its_variable_and_not_shown(variable: str, pasted: str) -> None:
    with pytest.raises(MissingError, match=variable) as caught:
        USERS[variable](SecretStr(pasted))
    assert (caught.value.code, caught.value.exit_code) == ("bad_key", 4)
    assert "canary" not in str(caught.value.as_json())
