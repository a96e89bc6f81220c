"""``dir:///path?url=https://...``: a folder that some web server publishes.

The file is copied under a temporary name, hashed while it is copied, synced and then renamed, so that the web server
never shows half a file. It is deleted only if it still has the same bytes. Another file is never replaced: if its name
is used, the first eight hexadecimal digits of the sha256 are added to the name. They are also added if the file system
has no links (exFAT, some network shares), because a rename there may replace a file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path, PurePath
from urllib.parse import parse_qs, quote, unquote, urlsplit
from urllib.request import url2pathname

from pydantic import SecretStr

from rw_hooks.errors import MissingError, RefusedError, RwHooksError, UnreachableError, UsageError
from rw_hooks.hosts.protocol import HostConfig, HostedFile, Location, Progress
from rw_hooks.support.atomic_file import move
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.failpoints import reach
from rw_hooks.support.private_files import clear_leftovers, sync_folder
from rw_hooks.support.redact import is_secret_url, redact_url

__all__ = ["DirectoryHost"]

_CHUNK = 4_194_304
_MODE = 0o644
_NAME_MAX = 255  # bytes; no file system allows a longer name
_PREFIX, _SUFFIX = ".rw-hooks-", ".partial"
_LEFTOVERS = f"{_PREFIX}????????{_SUFFIX}"  # as tempfile.mkstemp names them
_FORM = "write --host 'dir:///folder?url=https://address-of-that-folder'"


class DirectoryHost:
    """A folder, and the web address at which it is published.

    Raises:
        UsageError: The URL has no folder or no web address.
    """

    def __init__(self, url: str, config: HostConfig) -> None:
        del config  # a folder needs no settings
        parts = urlsplit(url)
        bases = parse_qs(parts.query).get("url", [])
        if parts.netloc or not parts.path.strip("/"):
            raise UsageError("bad_host", f"--host: {redact_url(url)!r} names no folder", hint=_FORM)
        if len(bases) != 1 or not bases[0].startswith(("https://", "http://")) or is_secret_url(bases[0]):
            raise UsageError("bad_host", "--host: dir:// needs the folder's web address, without secrets", hint=_FORM)
        self._folder = Path(url2pathname(parts.path))
        self._base = bases[0].rstrip("/") + "/"
        self._url = url
        self._left: set[Path] = set()

    @property
    def url(self) -> str:
        """The host's own URL."""
        return self._url

    def check(self) -> None:
        """Check that the folder exists and may be written."""
        if not self._folder.is_dir():
            raise MissingError(
                "host_folder_missing",
                f"the folder {self._folder} of --host is not there",
                hint="create the folder that your web server publishes, or give another folder with --host",
            )
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise _not_writable(self._folder)

    def find(self, file: HostedFile) -> Location | None:
        """Return the place of the bytes, if one of their two possible names has them.

        Remove what killed uploads left.
        """
        clear_leftovers(self._folder, _LEFTOVERS)
        try:
            for partial in [*self._left]:
                self._remove(partial)
            present = next((name for name in _names(file) if _holds(self._folder / name, file)), None)
        except OSError as error:
            raise _mapped(error, self._folder) from None
        return None if present is None else self._location(present, file)

    def upload(self, file: HostedFile, progress: Progress, deadline: Deadline) -> Location:
        """Copy the file into the folder."""
        del deadline  # the progress checks it
        self.check()
        try:
            return self._location(self._copy(file, progress), file)
        except OSError as error:
            raise _mapped(error, self._folder) from None

    def mint(self, location: Location, deadline: Deadline) -> SecretStr:
        """Return the location's own URL."""
        del deadline
        return SecretStr(location.url)

    def delete(self, location: Location, deadline: Deadline) -> None:
        """Remove the file if it still has the same bytes."""
        del deadline
        name = unquote(location.url.removeprefix(self._base))
        if location.host != self._url or name != PurePath(name).name or location.revision is None:
            raise RefusedError(
                "not_ours", f"{location.url} was not uploaded by rw-hooks to the folder {self._folder}, so it "
                            "is not deleted",
                hint="remove it there yourself",
            )  # fmt: skip
        try:
            if _hash(self._folder / name) == location.revision:
                (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise _mapped(error, self._folder) from None

    def _location(self, name: str, file: HostedFile) -> Location:
        url = self._base + quote(name)
        return Location(host=self._url, url=url, access="public", revision=file.sha256)

    def _copy(self, file: HostedFile, progress: Progress) -> str:
        descriptor, temporary = tempfile.mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as target:
                target.writelines(file.chunks(progress))
                target.flush()
                os.fsync(target.fileno())
            Path(temporary).chmod(_MODE)
            reach("dir.before_rename")
            name = _give_name(Path(temporary), self._folder, file)
            reach("dir.after_rename")
        finally:
            self._remove(Path(temporary))
        sync_folder(self._folder)
        return name

    def _remove(self, partial: Path) -> None:
        """Remove an upload's temporary file; if that fails, remember it for later."""
        self._left.add(partial)
        partial.unlink(missing_ok=True)
        self._left.discard(partial)


def _names(file: HostedFile) -> tuple[str, str]:
    stem, suffix = PurePath(file.name).stem, PurePath(file.name).suffix
    return file.name, f"{stem}-{file.sha256[:8]}{suffix}"


def _holds(path: Path, file: HostedFile) -> bool:
    if len(os.fsencode(path.name)) > _NAME_MAX or not path.is_file() or path.stat().st_size != file.size:
        return False
    return _hash(path) == file.sha256


def _hash(path: Path) -> str | None:
    """Return the sha256 of a file; None if there is no file."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except FileNotFoundError:
        return None
    return digest.hexdigest()


def _give_name(temporary: Path, folder: Path, file: HostedFile) -> str:
    """Link the file to the first name that is free, or under which another process has put the same bytes meanwhile."""
    first, last = _names(file)
    try:
        (folder / first).hardlink_to(temporary)
    except OSError:
        if _holds(folder / first, file):
            return first
        move(temporary, folder / last)
        return last
    return first


def _not_writable(folder: Path) -> RwHooksError:
    return RefusedError(
        "host_not_writable",
        f"the folder {folder} of --host may not be written",
        hint="give yourself write permission there, or give another folder with --host",
    )


def _mapped(error: OSError, folder: Path) -> RwHooksError:
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return _not_writable(folder)
    return UnreachableError(
        "host_folder_failing",
        f"the folder {folder} of --host cannot be used: {error.strerror or type(error).__name__}",
        hint="nothing is lost; free space or repair the disk, then run 'rw-hooks resume'",
    )
