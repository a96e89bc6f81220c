"""What stands around every host, tried with hosts that do as badly as a test wants."""

from __future__ import annotations

import _thread
import os
import threading
import time
from email.message import Message
from urllib.error import HTTPError, URLError

import pytest
from pydantic import SecretStr

from rw_hooks.errors import ArtifactChangedError, RefusedError, UnreachableError
from rw_hooks.hosts import Guarded, Location
from rw_hooks.support.deadline import Deadline

SECRET = "k3y-of-the-host"


def quiet(*_):
    """Take progress and say nothing."""


class Shelf:
    """A host in memory.

    Args:
        act: Called by an upload with file, progress and deadline, before it puts the bytes there.
    """

    url = "shelf://here"

    def __init__(self, act=quiet):
        self.act, self.there, self.uploads = act, {}, 0

    def check(self): ...

    def find(self, file):
        return self.there.get(file.sha256)

    def upload(self, file, progress, deadline):
        self.uploads += 1
        self.act(file, progress, deadline)
        location = Location(host=self.url, url=f"https://shelf.example/{file.sha256}", access="public")
        self.there[file.sha256] = location
        return location

    def mint(self, location, _deadline):
        return SecretStr(location.url)


class Clearable(Shelf):
    def delete(self, location, _deadline):
        self.there = {sha256: place for sha256, place in self.there.items() if place != location}


def raises(error, times=1):
    left = [error] * times

    def act(*_):
        if left:
            raise left.pop()

    return act


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr("rw_hooks.hosts.guarded.pause_before", lambda _: 0.01)


def test_what_is_there_is_not_uploaded_again(file, deadline):
    shelf = Shelf()
    first = Guarded(shelf).upload(file, quiet, deadline)
    assert Guarded(shelf).upload(file, quiet, deadline) == first
    assert shelf.uploads == 1


@pytest.mark.parametrize("call", ["upload", "mint", "delete"])
def test_a_call_that_hangs_ends_within_a_second_of_its_deadline(file, call):
    free = threading.Event()
    hangs = lambda *_: free.wait(20)  # noqa: E731 - one line
    shelf = Clearable(hangs)
    shelf.mint = shelf.delete = hangs
    place = Location(host=shelf.url, url="https://shelf.example/x", access="public")
    calls = {
        "upload": lambda: Guarded(shelf).upload(file, quiet, Deadline.after(0.3)),
        "mint": lambda: Guarded(shelf).mint(place, Deadline.after(0.3)),
        "delete": lambda: Guarded(shelf).delete(place, Deadline.after(0.3)),
    }
    started = time.monotonic()
    with pytest.raises(UnreachableError) as slow:
        calls[call]()
    free.set()
    assert slow.value.code == "host_slow"
    assert 0.25 < time.monotonic() - started < 1.3


def test_a_host_is_not_asked_when_the_time_is_over(file):
    asked = []
    shelf = Shelf()
    shelf.find = asked.append
    with pytest.raises(UnreachableError) as slow:
        Guarded(shelf).upload(file, quiet, Deadline.after(0))
    assert (slow.value.code, asked) == ("host_slow", [])


def drips(ended):
    def act(file, progress, deadline):
        try:
            for done in range(1000):
                progress(done, file.size)
                time.sleep(0.02)
        finally:
            ended.set()

    return act


def test_the_progress_ends_an_upload_whose_time_is_over(file):
    ended = threading.Event()
    with pytest.raises(UnreachableError):
        Guarded(Shelf(drips(ended))).upload(file, quiet, Deadline.after(0.2))
    assert ended.is_set()


def test_an_interrupted_upload_does_not_go_on_behind_the_callers_back(file, deadline):
    ended = threading.Event()
    threading.Timer(0.3, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        Guarded(Shelf(drips(ended))).upload(file, quiet, deadline)
    assert ended.is_set()


def test_passing_trouble_is_tried_again_a_few_times(file, deadline):
    away = UnreachableError("away", "it is away")
    Guarded(shelf := Shelf(raises(away, 3))).upload(file, quiet, deadline)
    assert shelf.uploads == 4
    with pytest.raises(UnreachableError, match="it is away"):
        Guarded(shelf := Shelf(raises(away, 99))).upload(file, quiet, deadline)
    assert shelf.uploads == 5


def test_a_pause_that_is_longer_than_the_time_left_is_not_begun(file, monkeypatch):
    monkeypatch.setattr("rw_hooks.hosts.guarded.pause_before", lambda _: 5.0)
    started = time.monotonic()
    with pytest.raises(UnreachableError, match="it is away"):
        Guarded(Shelf(raises(UnreachableError("away", "it is away")))).upload(file, quiet, Deadline.after(4.0))
    assert time.monotonic() - started < 4.0


def test_a_refusal_is_not_tried_again(file, deadline):
    with pytest.raises(RefusedError):
        Guarded(shelf := Shelf(raises(RefusedError("no", "no")))).upload(file, quiet, deadline)
    assert shelf.uploads == 1


def test_an_upload_whose_answer_was_lost_is_found_and_not_made_again(file, deadline):
    shelf = Shelf()
    put = shelf.upload

    def lose(*arguments):
        put(*arguments)
        raise ConnectionResetError

    shelf.upload = lose
    assert Guarded(shelf).upload(file, quiet, deadline) == shelf.there[file.sha256]
    assert shelf.uploads == 1


@pytest.mark.parametrize("kind", [Shelf, Clearable])
def test_a_file_that_is_rewritten_meanwhile_is_refused_and_taken_back(file, deadline, kind):
    shelf = kind(lambda *_: file.path.write_bytes(os.urandom(file.size)))
    with pytest.raises(ArtifactChangedError):
        Guarded(shelf).upload(file, quiet, deadline)
    assert bool(shelf.there) == (kind is Shelf)


@pytest.mark.parametrize("trouble", [PermissionError(13, "no"), RefusedError("no", "no"), ValueError("a bug")])
def test_what_cannot_be_taken_back_hides_not_that_the_file_was_changed(file, deadline, trouble):
    class Stuck(Shelf):
        def delete(self, _location, _deadline):
            raise trouble

    with pytest.raises(ArtifactChangedError):
        Guarded(Stuck(lambda *_: file.path.write_bytes(os.urandom(file.size)))).upload(file, quiet, deadline)


def test_an_interrupted_call_has_no_time_left(file, deadline):
    class Slow(Shelf):
        def delete(self, _location, its_deadline):
            while not its_deadline.passed:
                time.sleep(0.01)
            ended.set()

    ended = threading.Event()
    location = Guarded(slow := Slow()).upload(file, quiet, deadline)
    threading.Timer(0.3, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        Guarded(slow).delete(location, deadline)
    assert ended.is_set()


def test_a_file_that_is_changed_is_no_fault_of_the_host(file, deadline):
    def vanish(*_):
        file.path.unlink()
        raise RefusedError("checksum", "wrong checksum")

    with pytest.raises(ArtifactChangedError):
        Guarded(Shelf(vanish)).upload(file, quiet, deadline)


def test_the_chunks_of_a_file_are_whole_or_without_their_last(file):
    told = []
    assert b"".join(file.chunks(lambda done, _: told.append(done), 100_000)) == file.path.read_bytes()
    assert told == [*range(100_000, file.size, 100_000), file.size]
    file.path.write_bytes(b"x" * file.size)
    taken = []
    with pytest.raises(ArtifactChangedError):
        taken.extend(file.chunks(quiet, 100_000))
    assert sum(map(len, taken)) < file.size


def test_progress_never_goes_back_and_ends_at_the_size(file, deadline):
    def tell(file, progress, _):
        for done in (10, 5, 20):
            progress(done, file.size)

    told = []
    Guarded(Shelf(tell)).upload(file, lambda done, _: told.append(done), deadline)
    assert told == [10, 20, file.size]


@pytest.mark.parametrize(
    ("raised", "kind", "code"),
    [
        (HTTPError("https://x.example/", 403, f"no {SECRET}", Message(), None), RefusedError, "host_refused"),
        (HTTPError("https://x.example/", 503, "busy", Message(), None), UnreachableError, "host_unreachable"),
        (URLError(f"no way to https://{SECRET}@x.example"), UnreachableError, "host_unreachable"),
        (ConnectionResetError(SECRET), UnreachableError, "host_unreachable"),
        (KeyError(SECRET), RefusedError, "host_fault"),
        (RefusedError("acme_no", f"{SECRET} is wrong", hint=f"not {SECRET}"), RefusedError, "acme_no"),
    ],
)  # fmt: skip
def test_what_a_host_raises_is_told_as_ours_without_its_secrets(file, deadline, raised, kind, code):
    with pytest.raises(kind) as told:
        Guarded(Shelf(raises(raised, 99)), SECRET).upload(file, quiet, deadline)
    assert type(told.value) is kind
    assert told.value.code == code
    assert SECRET not in str(told.value.as_json()) + str(told.value)


def test_trouble_of_this_machines_own_disk_stays_what_it_is(file, deadline):
    with pytest.raises(OSError, match="No space left"):
        Guarded(Shelf(raises(OSError(28, "No space left on device")))).upload(file, quiet, deadline)


def test_a_host_need_not_be_able_to_delete(file, deadline):
    host = Guarded(Shelf())
    with pytest.raises(RefusedError) as refused:
        host.delete(host.upload(file, quiet, deadline), deadline)
    assert refused.value.code == "host_keeps"
