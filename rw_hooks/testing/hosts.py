"""The test suite for hosts.

Make a subclass whose name begins with ``Test``, and override the fixture ``host_url``; most hosts need no more. Tests
that need help, such as breaking the host's network, are skipped with the reason until the subclass provides it by
another fixture or attribute.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from rw_hooks.errors import ArtifactChangedError, MissingError, RefusedError, UnreachableError, UsageError
from rw_hooks.hosts import Guarded, HostConfig, HostedFile, Location, Progress, open_host
from rw_hooks.hosts.anonymous import AnonymousClient
from rw_hooks.support import http
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.redact import is_secret_url
from rw_hooks.testing import _upload_and_die

__all__ = ["ODD_NAMES", "HostSuite", "MakeFile", "WrongCredentials"]

ODD_NAMES = {
    "spaces": "two  spaces.safetensors",
    "hash": "a#b.safetensors",
    "percent": "100%.safetensors",
    "looks_encoded": "a%20b%2Fc.safetensors",
    "question_mark": "what?.safetensors",
    "ampersand_and_plus": "a&b=c+d.safetensors",
    "umlaut": "l\u00f6r\u00e4.safetensors",
    "long": "n" * 200 + ".safetensors",
    "leading_dash": "-rf.safetensors",
}
_COMPOSED, _DECOMPOSED = "l\u00f6ra.safetensors", "lo\u0308ra.safetensors"
_SECONDS = 60.0
_SHORT = 0.5
_PROMISED = 1.0  # seconds after its deadline within which an upload must end
_BUSY = 1.0  # on a busy machine


class MakeFile(Protocol):
    """Makes a file of random bytes."""

    def __call__(self, name: str = "maya.safetensors", size: int = 300_000) -> HostedFile:
        """Return the file, as it was inspected."""
        ...


@dataclass(frozen=True)
class WrongCredentials:
    """A host with credentials that it does not accept.

    Attributes:
        open: Returns the host.
        secret: The text that no error may show.
    """

    open: Callable[[], Guarded]
    secret: str


class HostSuite:
    """The tests.

    Attributes:
        uploads: Whether files are uploaded; False for a host where they must already be.
        deletes: Whether the host can delete files.
        keeps_history: Whether a deleted file can still be downloaded at its old URL.
        smallest: Bytes of the smallest file that the host serves.
        large: Bytes of a file whose upload takes some time.
    """

    uploads = True
    deletes = True
    keeps_history = False
    smallest = 0
    large = 20_000_000

    # What a subclass says about its host.

    @pytest.fixture
    def host_url(self) -> str:
        """Return the host's URL, as given to ``--host``. Every subclass must override this."""
        pytest.fail("override the fixture host_url")

    @pytest.fixture
    def host_config(self, tmp_path: Path) -> HostConfig:
        """Return the host's config."""
        return HostConfig(tmp_path / "home")

    @pytest.fixture
    def put_there(self) -> Callable[[HostedFile], None]:
        """Return a function that stores a file at the host, for a host to which nothing is uploaded."""
        return lambda _file: None

    @pytest.fixture
    def likely_url(self) -> Callable[[HostedFile], str | None]:
        """Return a function that returns the public URL of a file, if this can be known before the upload."""
        return lambda _file: None

    @pytest.fixture
    def wrong_credentials(self) -> WrongCredentials:
        """Return a host with wrong credentials."""
        pytest.skip("the fixture wrong_credentials is not overridden: the host has none, or cannot be given wrong ones")

    @pytest.fixture
    def break_network(self) -> Callable[[], None]:
        """Return a function that breaks the next connection to the host in the middle of an upload."""
        pytest.skip("the fixture break_network is not overridden: the host has no network, or it cannot be broken")

    @pytest.fixture
    def expire_urls(self) -> Callable[[], None]:
        """Return a function that makes all URLs expire that were minted before."""
        pytest.skip("the fixture expire_urls is not overridden: URLs do not expire, or not within a test")

    # What the tests use.

    @pytest.fixture
    def open_anew(self, host_url: str, host_config: HostConfig) -> Callable[[], Guarded]:
        """Return a function that opens the host again, as another process would."""
        return lambda: open_host(host_url, host_config)

    @pytest.fixture
    def host(self, open_anew: Callable[[], Guarded]) -> Guarded:
        """Return the host."""
        return open_anew()

    @pytest.fixture
    def make_file(self, tmp_path: Path, put_there: Callable[[HostedFile], None]) -> MakeFile:
        """Return a maker of files with random bytes."""
        folder = tmp_path / "weights"
        folder.mkdir()

        def make(name: str = "maya.safetensors", size: int = 300_000) -> HostedFile:
            content, path = os.urandom(size), folder / f"{len(list(folder.iterdir()))}.safetensors"
            path.write_bytes(content)
            file = HostedFile(path=path, name=name, size=size, sha256=hashlib.sha256(content).hexdigest())
            put_there(file)
            return file

        return make

    # An anonymous GET.

    def test_check_lets_a_host_pass_that_works(self, host: Guarded) -> None:
        host.check()
        host.check()

    def test_anyone_can_download_the_same_bytes(self, host: Guarded, make_file: MakeFile) -> None:
        file = make_file()
        assert _fetched(host, _uploaded(host, file)) == _content(file)

    def test_a_location_holds_no_secret_and_is_enough_to_mint_from(
        self, host: Guarded, open_anew: Callable[[], Guarded], make_file: MakeFile, host_config: HostConfig
    ) -> None:
        file = make_file()
        location = _uploaded(host, file)
        kept = location.model_dump_json()
        assert not is_secret_url(location.url)
        assert host_config.hf_token is None or host_config.hf_token.get_secret_value() not in kept
        assert _fetched(open_anew(), Location.model_validate_json(kept)) == _content(file)

    def test_every_call_can_be_repeated(self, host: Guarded, make_file: MakeFile) -> None:
        file = make_file()
        location = _uploaded(host, file)
        assert _uploaded(host, file) == host.find(file) == host.find(file) == location
        assert _fetched(host, location) == _fetched(host, location) == _content(file)

    def test_a_url_that_expired_is_minted_again(
        self, host: Guarded, make_file: MakeFile, expire_urls: Callable[[], None]
    ) -> None:
        file = make_file()
        location = _uploaded(host, file)
        old = _mint(host, location)
        expire_urls()
        assert _found_at(old) is None
        assert _fetched(host, location) == _content(file)

    # What is there already.

    def test_the_same_bytes_are_not_uploaded_twice(
        self, host: Guarded, open_anew: Callable[[], Guarded], make_file: MakeFile
    ) -> None:
        self._needs_uploads()
        file = make_file()
        first = _uploaded(host, file)
        assert _uploaded(open_anew(), file, _refuse_to_move) == first

    def test_other_bytes_of_that_name_stay(self, host: Guarded, make_file: MakeFile) -> None:
        self._needs_uploads()
        files = [make_file(), make_file()]
        locations = [_uploaded(host, file) for file in files]
        assert [_fetched(host, location) for location in locations] == [_content(file) for file in files]

    def test_what_is_not_there_is_not_found(self, host: Guarded, make_file: MakeFile) -> None:
        self._needs_uploads()
        file, other = make_file(), make_file("other.safetensors")
        assert host.find(file) is None
        _uploaded(host, other)
        assert host.find(file) is None

    def test_what_was_deleted_is_gone_and_nothing_else(
        self, host: Guarded, open_anew: Callable[[], Guarded], make_file: MakeFile
    ) -> None:
        self._needs_uploads()
        if not self.deletes:
            pytest.skip("the host cannot delete")
        file, other = make_file(), make_file("other.safetensors")
        location, kept = _uploaded(host, file), _uploaded(host, other)
        old = _mint(host, location)
        for _ in range(2):
            open_anew().delete(location, Deadline.after(_SECONDS))
            assert open_anew().find(file) is None
        assert self.keeps_history or _found_at(old) is None
        assert _fetched(host, kept) == _content(other)
        assert _fetched(host, _uploaded(host, file)) == _content(file)

    def test_what_another_put_there_is_not_deleted(self, host: Guarded, make_file: MakeFile) -> None:
        if self.uploads:
            pytest.skip("files of this host are uploaded, and may be deleted")
        file = make_file()
        location = _uploaded(host, file)
        with pytest.raises(RefusedError):
            host.delete(location, Deadline.after(_SECONDS))
        assert _fetched(host, location) == _content(file)

    # Names and sizes.

    @pytest.mark.parametrize("kind", ODD_NAMES)
    def test_odd_names(self, host: Guarded, make_file: MakeFile, kind: str) -> None:
        self._needs_uploads()
        file = make_file(ODD_NAMES[kind], 5_000)
        location = _uploaded(host, file)
        assert host.find(file) == location
        assert _fetched(host, location) == _content(file)

    def test_a_name_written_in_two_ways(self, host: Guarded, make_file: MakeFile) -> None:
        self._needs_uploads()
        files = [make_file(name, 5_000) for name in (_COMPOSED, _DECOMPOSED)]
        locations = [_uploaded(host, file) for file in files]
        assert [_fetched(host, location) for location in locations] == [_content(file) for file in files]

    @pytest.mark.parametrize("size", [0, 1])
    def test_tiny_files(self, host: Guarded, make_file: MakeFile, size: int) -> None:
        if size < self.smallest:
            pytest.skip(f"the host does not serve files of less than {self.smallest} bytes")
        file = make_file(size=size)
        assert _fetched(host, _uploaded(host, file)) == _content(file)

    def test_progress_goes_up_and_ends_at_the_size(self, host: Guarded, make_file: MakeFile) -> None:
        self._needs_uploads()
        file = make_file(size=self.large)
        told: list[tuple[int, int]] = []
        _uploaded(host, file, lambda done, total: told.append((done, total)))
        assert told == sorted(told)
        assert {total for _, total in told} == {file.size}
        assert told[-1] == (file.size, file.size)

    # What goes wrong.

    def test_wrong_credentials_are_refused_without_being_shown(
        self, wrong_credentials: WrongCredentials, make_file: MakeFile
    ) -> None:
        with pytest.raises((MissingError, RefusedError)) as refused:
            _uploaded(wrong_credentials.open(), make_file())
        assert wrong_credentials.secret not in str(refused.value.as_json()) + repr(refused.value)

    def test_an_upload_that_is_interrupted_shows_nothing_and_is_made_again(
        self,
        host: Guarded,
        open_anew: Callable[[], Guarded],
        make_file: MakeFile,
        likely_url: Callable[[HostedFile], str | None],
    ) -> None:
        self._needs_uploads()
        file = make_file(size=self.large)
        interruption = _Interruption(lambda: _require_whole_or_none(open_anew(), file, likely_url(file)))
        with pytest.raises(KeyboardInterrupt):
            _uploaded(host, file, interruption)
        _require_whole_or_none(open_anew(), file, likely_url(file))
        assert _fetched(open_anew(), _uploaded(open_anew(), file)) == _content(file)

    def test_an_upload_whose_process_is_killed_shows_nothing_and_is_made_again(
        self,
        open_anew: Callable[[], Guarded],
        make_file: MakeFile,
        likely_url: Callable[[HostedFile], str | None],
        host_url: str,
        host_config: HostConfig,
    ) -> None:
        self._needs_uploads()
        file = make_file(size=self.large)
        _upload_and_be_killed(host_url, host_config, file)
        _require_whole_or_none(open_anew(), file, likely_url(file))
        assert _fetched(open_anew(), _uploaded(open_anew(), file)) == _content(file)

    def test_a_connection_that_breaks_in_the_middle_is_survived(
        self, host: Guarded, make_file: MakeFile, break_network: Callable[[], None]
    ) -> None:
        file = make_file(size=self.large)
        break_network()
        try:
            location = _uploaded(host, file)
        except UnreachableError:
            location = _uploaded(host, file)
        assert _fetched(host, location) == _content(file)

    @pytest.mark.parametrize("seconds", [0.0, _SHORT])
    def test_an_upload_ends_at_its_deadline(
        self, host: Guarded, open_anew: Callable[[], Guarded], make_file: MakeFile, seconds: float
    ) -> None:
        self._needs_uploads()
        file = make_file(size=self.large)
        started = time.monotonic()
        with pytest.raises(UnreachableError):
            host.upload(file, _dawdle, Deadline.after(seconds))
        assert time.monotonic() - started < seconds + _PROMISED + _BUSY
        assert _fetched(open_anew(), _uploaded(open_anew(), file)) == _content(file)

    @pytest.mark.parametrize("when", ["before", "during"])
    def test_a_file_that_is_rewritten_is_not_published(
        self, host: Guarded, open_anew: Callable[[], Guarded], make_file: MakeFile, when: str
    ) -> None:
        self._needs_uploads()
        file = make_file(size=self.large)
        content = _content(file)

        def rewrite(_done: int = 0, _total: int = 0) -> None:
            assert file.path is not None
            file.path.write_bytes(os.urandom(file.size))

        if when == "before":
            rewrite()
        allowed = (ArtifactChangedError,) if when == "during" else (ArtifactChangedError, RefusedError)
        with pytest.raises(allowed):
            _uploaded(host, file, rewrite)
        found = open_anew().find(file)
        assert found is None or _fetched(open_anew(), found) == content

    def _needs_uploads(self) -> None:
        if not self.uploads:
            pytest.skip("nothing is uploaded to this host: the file is there already")


class _Interruption:
    """Checks what anyone can download when the first bytes are sent, and then ends the upload."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look

    def __call__(self, _done: int, _total: int) -> None:
        self._look()
        raise KeyboardInterrupt


def _quiet(_done: int, _total: int) -> None:
    """Ignore the progress."""


def _refuse_to_move(_done: int, _total: int) -> None:
    pytest.fail("bytes were moved")


def _dawdle(_done: int, _total: int) -> None:
    time.sleep(_SHORT)


@dataclass(frozen=True)
class _Bytes:
    """What tells bytes apart: pytest shows both sides of a comparison, and may take minutes to compare the bytes."""

    size: int
    sha256: str

    @classmethod
    def of(cls, content: bytes) -> _Bytes:
        return cls(len(content), hashlib.sha256(content).hexdigest())


def _content(file: HostedFile) -> _Bytes:
    assert file.path is not None
    return _Bytes.of(file.path.read_bytes())


def _uploaded(host: Guarded, file: HostedFile, progress: Progress = _quiet) -> Location:
    return host.upload(file, progress, Deadline.after(_SECONDS))


def _mint(host: Guarded, location: Location) -> str:
    return host.mint(location, Deadline.after(_SECONDS)).get_secret_value()


def _fetched(host: Guarded, location: Location) -> _Bytes | None:
    return _found_at(_mint(host, location))


def _found_at(url: str) -> _Bytes | None:
    content = _get(url)
    return None if content is None else _Bytes.of(content)


def _get(url: str) -> bytes | None:
    """Return what anyone can download at the URL; None if it is refused."""
    with http.open_client() as client:
        anonymous = AnonymousClient(client, url, allow_private_addresses=True, deadline=Deadline.after(_SECONDS))
        try:
            with anonymous.fetch() as fetched:
                return b"".join(fetched.chunks)
        except RefusedError:
            return None


def _require_whole_or_none(host: Guarded, file: HostedFile, url: str | None) -> None:
    found = host.find(file)
    assert found is None or _fetched(host, found) == _content(file)
    assert url is None or _found_at(url) in (None, _content(file))


def _upload_and_be_killed(url: str, config: HostConfig, file: HostedFile) -> None:
    try:
        open_host(url, config)
    except UsageError as error:
        pytest.fail(f"another process cannot open the host; is the package with its entry point installed? {error}")
    module = _upload_and_die.__name__
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    died = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", module],
        input=_upload_and_die.asked(url, config, file),
        env=environ,
        check=False,
        capture_output=True,
        text=True,
        timeout=2 * _upload_and_die.SECONDS,
    )
    assert died.returncode != 0, "it was to be killed"
    assert "Traceback" not in died.stderr, died.stderr
