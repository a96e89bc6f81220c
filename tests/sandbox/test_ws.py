from __future__ import annotations

import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from rw_hooks.sandbox import PHASES, Faults
from tests.sandbox.rawclient import Client, MakeClient

READY = list(PHASES)
PING = {"taskType": "ping", "ping": True}
PONG = {"data": [{"taskType": "ping", "pong": True}]}


def _session(talk: Any) -> str:
    return talk.item()["connectionSessionUUID"]


def test_the_first_message_must_show_the_key(client: Client) -> None:
    for first in (PING, {"taskType": "authentication", "apiKey": "wrong"}):
        with client.connection() as talk:
            talk.send(first)
            (error,) = talk.frame()["errors"]
            assert (error["code"], error["taskType"]) == ("invalidApiKey", "authentication")
            with pytest.raises(ConnectionClosed):
                talk.frame()
    assert not client.sandbox.world.connections


def test_a_new_connection_gets_a_session_of_its_own(client: Client) -> None:
    with client.talk() as one, client.talk() as other:
        assert _session(one) != _session(other)
    assert [connection.resumed for connection in client.sandbox.world.connections] == [False, False]


def test_an_unknown_session_is_replaced_by_a_new_one(client: Client) -> None:
    with client.talk(session="00000000-0000-4000-8000-000000000000") as talk:
        assert _session(talk) != "00000000-0000-4000-8000-000000000000"


def test_a_ping_is_answered(client: Client) -> None:
    with client.talk() as talk:
        talk.item()
        talk.send(PING)
        assert talk.frame() == PONG


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]"])
def test_a_message_that_is_no_array_of_tasks_is_refused_and_the_connection_stays(client: Client, text: str) -> None:
    with client.talk() as talk:
        talk.item()
        talk.connection.send(text)
        assert talk.frame()["errors"]
        talk.send(PING)
        assert talk.frame() == PONG


def test_an_idle_connection_is_closed(make_client: MakeClient) -> None:
    client = make_client(idle_limit=0.6)
    with client.talk() as talk:
        talk.item()
        with pytest.raises(ConnectionClosed):
            talk.frame()


def test_a_browser_is_not_let_in(client: Client) -> None:
    with pytest.raises(InvalidStatus), connect(client.sandbox.ws_url, origin="https://evil.example", proxy=None):
        pass


@pytest.mark.parametrize("phase", PHASES[:-1])
def test_a_dropped_connection_can_be_resumed_and_misses_nothing(make_client: MakeClient, phase: str) -> None:
    client = make_client(delay=0.02, faults=Faults(drop_after=phase))
    with client.talk() as talk:
        session = _session(talk)
        talk.send(client.task())
        seen = talk.statuses(until=phase)
        with pytest.raises(ConnectionClosed):
            talk.frame()
    client.settled()
    with client.talk(session) as talk:
        assert _session(talk) == session
        assert seen + talk.statuses() == READY
    assert client.sandbox.world.connections[-1].resumed


def test_a_connection_is_dropped_as_often_as_asked_for(make_client: MakeClient) -> None:
    client = make_client(faults=Faults(drop_after="validated", drop_times=2))
    lost = []
    for number in range(3):
        with client.talk() as talk:
            talk.item()
            talk.send(client.task(air=f"sandbox:{number}@1"))
            try:
                talk.statuses()
            except ConnectionClosed:
                lost.append(number)
    assert lost == [0, 1]


def test_frames_are_lost_after_the_replay_window(make_client: MakeClient) -> None:
    client = make_client(replay_window=0.1, faults=Faults(drop_after="validated"))
    with client.talk() as talk:
        session = _session(talk)
        talk.send(client.task())
        talk.statuses(until="validated")
    client.settled()
    time.sleep(0.15)
    with client.talk(session) as talk:
        assert _session(talk) == session
        talk.send(PING)
        assert talk.frame() == PONG


def test_frames_of_a_live_upload_follow_those_replayed(make_client: MakeClient) -> None:
    client = make_client(delays={"stored": 0.4}, faults=Faults(drop_after="validated"))
    with client.talk() as talk:
        session = _session(talk)
        talk.send(client.task())
        talk.statuses(until="validated")
    with client.talk(session) as talk:
        talk.item()
        assert talk.statuses() == READY[1:]


@pytest.mark.parametrize("keep", [True, False])
def test_a_restart_keeps_or_forgets_sessions(make_client: MakeClient, keep: bool) -> None:
    client = make_client(delays={"stored": 0.6})
    with client.talk() as talk:
        session = _session(talk)
        talk.send(client.task())
        talk.statuses(until="optimized")
        client.sandbox.restart_websocket(keep_sessions=keep)
        with pytest.raises(ConnectionClosed):
            talk.frame()
    assert client.settled() == "ready"
    with client.talk(session) as talk:
        assert (_session(talk) == session) is keep
        if keep:
            assert talk.statuses() == ["stored", "ready"]


def test_a_stopped_websocket_refuses_connections_until_it_starts_again(client: Client) -> None:
    client.sandbox.stop_websocket()
    with pytest.raises(ConnectionRefusedError), client.connection():
        pass
    client.sandbox.start_websocket()
    with client.talk() as talk:
        assert _session(talk)


@pytest.mark.parametrize("how", ["forbidden", "reset"])
def test_a_refused_handshake(client: Client, how: str) -> None:
    client.sandbox.faults.refuse_websocket = how
    with pytest.raises((InvalidHandshake, OSError, EOFError)), client.connection():
        pass
    client.sandbox.faults.refuse_websocket = "no"
    with client.talk() as talk:
        assert _session(talk)


def test_async_delivery_changes_nothing_over_websocket(make_client: MakeClient) -> None:
    client = make_client(dialect="founding")
    with client.talk() as talk:
        talk.item()
        talk.send(client.task(deliveryMethod="async"))
        assert talk.statuses() == READY
