"""The client against the sandbox, which knows nothing of it: both dialects, both transports, and every fault."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from pydantic import SecretStr
from safetensors.numpy import save

from rw_hooks.errors import RefusedError, UnreachableError
from rw_hooks.runware import Account, Endpoint, RunwareClient
from rw_hooks.sandbox import PHASES, Faults, Sandbox, SandboxSettings
from tests.doubles.runware_script import FAST, IMPATIENT
from tests.runware.helpers import MemoryLedger, register, statuses, upload

MODEL = save({"lora_unet_mid.lora_down.weight": np.ones((4, 8), np.float32)})
SHA256 = hashlib.sha256(MODEL).hexdigest()


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a sandbox with a model in its folder, and a client to it."""
    running = []

    def start(*, transport="ws", timings=FAST, **settings):
        sandbox = Sandbox(tmp_path, settings=SandboxSettings(**settings))
        running.append(sandbox.__enter__())
        (tmp_path / "maya.safetensors").write_bytes(MODEL)
        endpoint = Endpoint(sandbox.api_url, sandbox.ws_url, SecretStr(sandbox.key))
        running.append(RunwareClient(endpoint, transport=transport, timings=timings))
        return sandbox, running[-1]

    yield start
    for context in reversed(running):
        context.__exit__(None, None, None)


def publish(sandbox, client, fields=None, name="maya.safetensors", **more):
    request = upload(**{"air": "sandbox:1@1", "uniqueIdentifier": SHA256, **(fields or {})})
    return register(client, request, mint=lambda: SecretStr(sandbox.files_url + name), **more)


@pytest.mark.parametrize("dialect", ["today", "founding"])
@pytest.mark.parametrize("transport", ["ws", "rest"])
def test_an_upload_becomes_ready(start, dialect, transport):
    sandbox, client = start(dialect=dialect, transport=transport)
    assert statuses(publish(sandbox, client))[-1] == "ready"
    assert [download.sha256 for download in sandbox.world.downloads] == [SHA256]


@pytest.mark.parametrize(
    ("rest_mode", "resend"),
    [
        ("first_status", "ready"),
        ("ack", "ready"),
        ("hold_until_timeout", "ready"),
        ("hold_until_timeout", "sequence"),
    ],
)
@pytest.mark.parametrize("get_response", ["stuck_processing", "success_when_ready"])
def test_rest_comes_to_ready_whatever_it_answers(start, rest_mode, resend, get_response):
    sandbox, client = start(
        transport="rest", rest_mode=rest_mode, resend=resend, get_response=get_response, rest_hold=0.2, delay=0.03
    )
    assert statuses(publish(sandbox, client))[-1] == "ready"
    assert len(sandbox.world.downloads) == 1


@pytest.mark.parametrize("rest_mode", ["first_status", "ack"])
def test_what_rest_never_shows_to_be_ready_is_not_called_so(start, rest_mode):
    sandbox, client = start(transport="rest", rest_mode=rest_mode, resend="sequence", get_response="success_when_ready")
    with pytest.raises(UnreachableError) as caught:
        publish(sandbox, client, seconds=1.0)
    assert caught.value.code == "not_confirmed"
    assert len(sandbox.world.downloads) == 1


@pytest.mark.parametrize("delivery", ["sync", "async"])
@pytest.mark.parametrize("transport", ["ws", "rest"])
@pytest.mark.parametrize("resend", ["ready", "sequence"])
def test_the_founding_dialect_takes_a_delivery_method(start, delivery, transport, resend):
    delay = 0.03 if resend == "ready" else 0.0
    sandbox, client = start(dialect="founding", transport=transport, resend=resend, rest_hold=0.1, delay=delay)
    assert statuses(publish(sandbox, client, {"deliveryMethod": delivery}))[-1] == "ready"


@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        ({"deliveryMethod": "sync"}, "--delivery-method"),
        ({"webhookURL": "https://hook.example/"}, "--webhook-url"),
        ({"category": "controlnet", "conditioning": "canny"}, "--category"),
        ({"category": "checkpoint", "type": "refiner"}, "--type"),
    ],
)
@pytest.mark.parametrize("transport", ["ws", "rest"])
def test_todays_dialect_refuses_what_it_no_longer_knows_and_we_show_its_words(start, fields, flag, transport):
    sandbox, client = start(transport=transport)
    with pytest.raises(RefusedError) as caught:
        publish(sandbox, client, fields)
    assert flag in caught.value.hint
    assert caught.value.details["platformCode"]


def test_a_metadata_update_downloads_nothing(start):
    sandbox, client = start()
    ledger = MemoryLedger()
    publish(sandbox, client, ledger=ledger)
    publish(sandbox, client, {"positiveTriggerWords": "zkchr7"}, ledger=ledger)
    assert len(sandbox.world.downloads) == 1
    assert sandbox.world.models["sandbox:1@1"].fields["positiveTriggerWords"] == "zkchr7"


def test_lookups(start):
    sandbox, client = start()
    publish(sandbox, client)
    assert client.account() == Account(air_source="sandbox", balance=10.0, organization=client.account().organization)
    assert client.versions("sandbox", "1") == ["1"]
    found = client.find("sandbox:1@1")
    assert found is not None
    assert found.category == "lora"


def test_a_restricted_key_and_an_object_of_a_balance(start):
    sandbox, client = start(balance_shape="object")
    assert client.account().balance == 10.0
    sandbox.faults.account_forbidden = True
    assert client.account() == Account()


FAULTS = {
    "duplicate frames": {"duplicate_frames": True},
    "reordered frames": {"reorder_frames": True},
    "skipped phases": {"skip_phases": ("validated", "downloaded", "optimized", "stored")},
    "unknown frames": {"unknown_frames": True},
    "invalid json": {"invalid_json": True},
    "stray frames": {"stray_frames": True},
    "no session id": {"no_session_id": True},
    "no air, no task type": {"omit_keys": ("air", "taskType")},
    "odd tags": {"odd_tags": True},
    **{f"drop after {phase}": {"drop_after": phase} for phase in PHASES},
    "many drops": {"drop_after": "validated", "drop_times": 3},
    "drop without sessions": {"drop_after": "optimized", "no_session_id": True},
    "swallowed answer": {"swallow_acks": 1},
    "no websocket": {"refuse_websocket": "forbidden"},
    "cut websocket": {"refuse_websocket": "reset"},
    "no websocket and bad rest": {"refuse_websocket": "reset", "rest_statuses": (429, 500, 502, 503, 504, 524)},
    "truncated rest": {"refuse_websocket": "forbidden", "truncate_json": 2},
    "all at once": {
        "duplicate_frames": True, "reorder_frames": True, "unknown_frames": True, "invalid_json": True,
        "stray_frames": True, "drop_after": "stored",
    },
}  # fmt: skip


@pytest.mark.reliability
@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_an_upload_becomes_ready_once_in_spite_of(start, fault):
    sandbox, client = start(transport="auto", timings=IMPATIENT, delay=0.02, faults=Faults(**fault))
    assert statuses(publish(sandbox, client))[-1] == "ready"
    assert len(sandbox.world.downloads) == 1
    assert list(sandbox.world.models) == ["sandbox:1@1"]


@pytest.mark.reliability
@pytest.mark.parametrize("keep_sessions", [True, False])
def test_a_server_that_restarts_loses_nothing(start, keep_sessions):
    sandbox, client = start(timings=IMPATIENT, delay=0.05)

    def restart(phase):
        if phase.status == "downloaded":
            sandbox.restart_websocket(keep_sessions=keep_sessions)

    assert statuses(publish(sandbox, client, on_phase=restart))[-1] == "ready"
    assert len(sandbox.world.downloads) == 1


@pytest.mark.parametrize("shape", ["errors", "error_object", "error_list", "legacy", "item", "item_code"])
@pytest.mark.parametrize(("transport", "task"), [("ws", "own"), ("ws", "N/A"), ("ws", "absent"), ("rest", "own")])
def test_a_refusal_is_one_in_every_shape(start, shape, task, transport):
    faults = Faults(error_shape=shape, error_task_uuid=task)
    sandbox, client = start(transport=transport, faults=faults, architectures=("flux1d",))
    with pytest.raises(RefusedError, match=r"(?i)architecture"):
        publish(sandbox, client)


@pytest.mark.parametrize("transport", ["ws", "rest"])
def test_a_failed_download_and_a_failed_phase_are_told_apart(start, transport):
    sandbox, client = start(transport=transport)
    with pytest.raises(RefusedError) as caught:
        publish(sandbox, client, name="not-there.safetensors")
    assert caught.value.code == "download_failed"
    sandbox.faults.fail_after = "optimized"
    with pytest.raises(RefusedError) as caught:
        publish(sandbox, client, {"air": "sandbox:2@1"})
    assert caught.value.code == "upload_failed"


def test_the_sandboxs_credit_and_ownership_rules_are_refusals_with_a_hint(start):
    sandbox, client = start(balance=0)
    with pytest.raises(RefusedError) as caught:
        publish(sandbox, client)
    assert caught.value.code == "insufficient_credits"
