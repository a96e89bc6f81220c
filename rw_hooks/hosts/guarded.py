"""What all hosts have in common. It is wrapped around each host, so that a host need not do it itself.

- **Deadline.** Every call runs in a thread of its own. The caller waits until its deadline and less than a second more.
  An upload that reports its progress is stopped at the deadline, and also when the caller is interrupted.
- **Not twice.** A file that :meth:`find` finds is not uploaded.
- **Unchanged.** The file's state is compared before and after the upload. If it was changed meanwhile, the uploaded
  file is deleted, if the host can delete.
- **Retry.** An upload that fails for a temporary reason is tried again a few times.
- **Errors.** They contain no secrets. Any other exception of a host becomes an error of rw-hooks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar
from urllib.error import HTTPError, URLError

from pydantic import SecretStr

from rw_hooks.errors import ArtifactChangedError, RefusedError, RwHooksError, UnreachableError
from rw_hooks.hosts.file_guard import FileGuard
from rw_hooks.hosts.protocol import Deletes, Host, HostedFile, Location, Progress
from rw_hooks.hosts.retrying import may_pass, pause_before
from rw_hooks.support import http
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.redact import redact

__all__ = ["Guarded"]

T = TypeVar("T")

_TRIES = 5
_GRACE = 0.7  # seconds that a call may need to clean up after its deadline
_TICK = 0.5  # Windows takes no Ctrl-C while it waits
_ASKING = 600.0  # check and find have no deadline of their own; a folder's file of 100 GB has to be hashed
_RESUME = "nothing is lost; run 'rw-hooks resume' to continue, with a longer --timeout if it needs more time"


@dataclass(frozen=True)
class _Leash(Deadline):
    """A deadline that can be ended early, for a call whose caller no longer waits."""

    cut: threading.Event = field(default_factory=threading.Event, compare=False)

    @property
    def left(self) -> float:
        """Seconds left; 0 once it was ended early."""
        return 0.0 if self.cut.is_set() else max(0.0, self.moment - time.monotonic())

    def within(self, seconds: float) -> Deadline:
        """Return the earlier of this deadline and the one in so many seconds; it ends early together with this one."""
        return replace(self, moment=min(self.moment, time.monotonic() + seconds))


class Guarded:
    """A host together with what all hosts have in common.

    Args:
        host: The host itself.
        secrets: Texts that are removed from its error messages.
    """

    def __init__(self, host: Host, *secrets: str) -> None:
        self._host = host
        self._secrets = secrets

    @property
    def url(self) -> str:
        """The host's own URL, without secrets."""
        return self._host.url

    def check(self) -> None:
        """Check whether an upload could succeed; see :meth:`Host.check`."""
        self._call(self._host.check, Deadline.after(_ASKING))

    def find(self, file: HostedFile) -> Location | None:
        """Return the place where exactly these bytes are already stored under this name, or None."""
        return self._call(lambda: self._host.find(file), Deadline.after(_ASKING))

    def upload(self, file: HostedFile, progress: Progress, deadline: Deadline) -> Location:
        """Upload the bytes, unless they are there already, and return their place; see :meth:`Host.upload`."""
        attempt = 0
        while True:
            attempt += 1
            found = self._call(lambda: self._host.find(file), deadline)
            if found is not None:
                return found
            try:
                return self._send(file, progress, deadline)
            except UnreachableError:
                pause = pause_before(attempt)
                if attempt == _TRIES or pause >= deadline.left:
                    raise
            time.sleep(pause)

    def mint(self, location: Location, deadline: Deadline) -> SecretStr:
        """Return a URL from which anyone can download the file now."""
        leash = _leash(deadline)
        return self._call(lambda: self._host.mint(location, leash), leash)

    def delete(self, location: Location, deadline: Deadline) -> None:
        """Remove exactly these bytes; see :meth:`Deletes.delete`.

        Raises:
            RefusedError: The host cannot delete files, may not, or did not store these bytes.
            UnreachableError: The host is unreachable or slow.
        """
        host = self._host
        if not isinstance(host, Deletes):
            raise RefusedError("host_keeps", f"{self.url} cannot delete files", hint="remove the file there yourself")
        leash = _leash(deadline)
        self._call(lambda: host.delete(location, leash), leash)

    def _send(self, file: HostedFile, progress: Progress, deadline: Deadline) -> Location:
        unchanged, leash = FileGuard(file), _leash(deadline)
        tell = _Told(progress, file.size, leash, self._too_slow)
        try:
            location = self._call(lambda: self._host.upload(file, tell, leash), leash)
        except Exception:  # raised again, unless the file was changed meanwhile: then that is the reason
            unchanged.require()
            raise
        try:
            unchanged.require()
        except ArtifactChangedError:
            with suppress(Exception):  # whatever keeps the bytes there, the file was changed
                self.delete(location, deadline)
            raise
        tell.end()
        return location

    def _call(self, act: Callable[[], T], deadline: Deadline) -> T:
        if deadline.passed:
            raise self._too_slow()
        future: Future[T] = Future()
        threading.Thread(target=_carry_out, args=(act, future), name="rw-hooks-host", daemon=True).start()
        try:
            _wait(future, Deadline.after(deadline.left + _GRACE))
        except BaseException:  # raised again; Ctrl+C ends this wait, and the thread must not send on
            _cut(deadline)
            wait([future], _GRACE)
            raise
        if not future.done():
            raise self._too_slow()
        try:
            return future.result()
        except RwHooksError as error:
            raise self._without_secrets(error) from None
        except Exception as error:  # noqa: BLE001 - whatever a host raises becomes an error of ours
            if deadline.passed:
                raise self._too_slow() from None
            raise self._as_ours(error) from None

    def _too_slow(self) -> UnreachableError:
        return UnreachableError("host_slow", f"{self.url} took too long", hint=_RESUME)

    def _without_secrets(self, error: RwHooksError) -> RwHooksError:
        error.message, error.hint = redact(error.message, *self._secrets), redact(error.hint, *self._secrets)
        error.args = (error.message,)
        return error

    def _as_ours(self, error: Exception) -> Exception:
        """Return a host's exception as an error of rw-hooks; an error of this machine's disk stays as it is."""
        status = _status(error)
        said = redact(
            f"{self.url}: {f'HTTP {status}' if status else str(error) or type(error).__name__}", *self._secrets
        )
        if status is not None and not may_pass(status):
            return RefusedError("host_refused", said, hint="check the host's credentials, or give another --host")
        if isinstance(error, (URLError, ConnectionError, TimeoutError, http.HTTPError)):
            return UnreachableError("host_unreachable", said, hint=_RESUME)
        if isinstance(error, OSError) or type(self._host).__module__.startswith("rw_hooks."):
            return error  # the latter is a bug of ours, and is shown as one
        kind = f"{type(error).__module__}.{type(error).__name__}"
        return RefusedError(
            "host_fault", f"{said} ({kind})", hint="report this to the author of this host, or give another --host"
        )


class _Told:
    """Passes the progress on, never backwards, and ends an upload at its deadline.

    Args:
        progress: Is called with the progress.
        size: Bytes of the file.
        deadline: The upload's deadline.
        too_slow: Returns the error to raise.
    """

    def __init__(
        self, progress: Progress, size: int, deadline: Deadline, too_slow: Callable[[], UnreachableError]
    ) -> None:
        self._progress = progress
        self._size = size
        self._deadline = deadline
        self._too_slow = too_slow
        self._done = -1

    def __call__(self, done: int, total: int) -> None:
        if self._deadline.passed:
            raise self._too_slow()
        if done > self._done:
            self._done = done
            self._progress(done, total)

    def end(self) -> None:
        """Report that everything is uploaded, if the host did not."""
        if self._done < self._size:
            self._progress(self._size, self._size)


def _status(error: Exception) -> int | None:
    """Return the HTTP status of a refusal. The server's text is not used, because it may repeat a key that was sent."""
    if isinstance(error, HTTPError):
        error.close()  # it keeps the connection open
        return error.code
    return error.response.status_code if isinstance(error, http.HTTPStatusError) else None


def _leash(deadline: Deadline) -> _Leash:
    return _Leash(deadline.moment)


def _cut(deadline: Deadline) -> None:
    if isinstance(deadline, _Leash):
        deadline.cut.set()


def _wait(future: Future[T], deadline: Deadline) -> None:
    while not future.done() and not deadline.passed:
        wait([future], min(deadline.left, _TICK))


def _carry_out(act: Callable[[], T], future: Future[T]) -> None:
    try:
        future.set_result(act())
    except BaseException as error:  # noqa: BLE001 - it is raised again where the call is waited for
        future.set_exception(error)
