from __future__ import annotations

import pytest

from rw_hooks.errors import UnreachableError
from rw_hooks.hosts.retrying import send
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.http import open_client
from tests.doubles.fileserver import FileServer, Page


def test_a_server_that_wants_no_pause_is_not_asked_without_one() -> None:
    with FileServer() as server, open_client() as client:
        server.pages["/x"] = Page(b"", status=503, headers={"Retry-After": "0"})
        with pytest.raises(UnreachableError):
            send(client, "GET", f"{server.url}/x", deadline=Deadline.after(1.0))
        assert len(server.seen) < 5
