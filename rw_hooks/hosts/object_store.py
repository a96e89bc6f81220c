"""``s3://bucket/prefix``, ``gs://bucket/prefix``, ``az://container/prefix``: a cloud's object store, through obstore.

Credentials, region and endpoint come from the cloud's usual variables and files, which obstore reads itself. The
object's key contains the sha256, so uploading a file twice changes nothing, and no other file is ever replaced. Runware
gets a signed URL. A killed upload may leave parts behind: give the bucket a rule that removes old multipart uploads.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from importlib import import_module
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from rw_hooks.errors import MissingError, RefusedError, RwHooksError, UnreachableError, UsageError
from rw_hooks.hosts.protocol import HostConfig, HostedFile, Location, Progress
from rw_hooks.support.deadline import Deadline
from rw_hooks.support.failpoints import reach
from rw_hooks.support.redact import redact, redact_url

__all__ = ["ObjectStoreHost"]

_SIGNED_FOR = timedelta(hours=6)
_CHUNK = 8 * 1024 * 1024
_AT_ONCE = 4
_MESSAGE_MAX = 200
_METADATA = "169.254.169.254"  # the instance metadata service, which is asked only if no credentials are set
_KEYS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_CLIENT = {"timeout": "300s", "connect_timeout": "15s", "allow_http": True}
_RETRY = {"max_retries": 5, "retry_timeout": timedelta(seconds=60)}


class ObjectStoreHost:
    """A bucket, or a prefix in one.

    Raises:
        UsageError: The URL names no bucket, or has a query.
        MissingError: obstore is not installed.
    """

    def __init__(self, url: str, config: HostConfig) -> None:
        del config  # obstore reads the cloud's own variables
        parts = urlsplit(url)
        if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
            raise UsageError(
                "bad_host", f"--host: {redact_url(url)!r} names no bucket",
                hint=f"write --host {parts.scheme}://bucket/prefix; the keys come from the cloud's usual variables",
            )  # fmt: skip
        self._url = url.rstrip("/")
        self._bucket = f"{parts.scheme}://{parts.netloc}"
        self._prefix = parts.path.strip("/")
        self._obstore = _obstore()

    @property
    def url(self) -> str:
        """The host's own URL."""
        return self._url

    def check(self) -> None:
        """Ask for an object that does not exist. Whether writing is allowed can be seen only by an upload."""
        try:
            self._obstore.head(self._store, "rw-hooks-check")
        except Exception as error:  # noqa: BLE001 - as above
            if _name(error) not in {"FileNotFoundError", "NotFoundError", "PermissionDeniedError"}:
                self._refuse(error)

    def find(self, file: HostedFile) -> Location | None:
        """Return the place of the bytes, if there is an object with their sha256, name and size."""
        try:
            size = self._obstore.head(self._store, self._key(file.sha256, file.name))["size"]
        except Exception as error:  # noqa: BLE001 - as above
            if _name(error) in {"FileNotFoundError", "NotFoundError", "PermissionDeniedError"}:
                return None
            self._refuse(error)
        if size != file.size:
            return None
        return self._location(file)

    def upload(self, file: HostedFile, progress: Progress, deadline: Deadline) -> Location:
        """Upload the file under its key; the last part is sent only if all parts are the bytes that were inspected."""
        del deadline  # the progress keeps it
        trouble: list[RwHooksError] = []
        reach("store.before_put")
        try:
            self._obstore.put(
                self._store,
                self._key(file.sha256, file.name),
                _parts(file, progress, trouble),
                chunk_size=_CHUNK,
                max_concurrency=_AT_ONCE,
            )
        except Exception as error:  # noqa: BLE001 - as above
            if trouble:
                raise trouble[0] from None
            self._refuse(error)
        reach("store.after_put")
        return self._location(file)

    def mint(self, location: Location, deadline: Deadline) -> SecretStr:
        """Return a URL that is signed for six hours."""
        del deadline
        return SecretStr(self._signed(self._key_of(location)))

    def delete(self, location: Location, deadline: Deadline) -> None:
        """Remove the object of that key."""
        del deadline
        if location.host != self._url:
            raise RefusedError(
                "not_ours",
                f"{location.url} is not in {self._url}, so it is not deleted",
                hint="remove it there yourself",
            )
        try:
            self._obstore.delete(self._store, self._key_of(location))
        except Exception as error:  # noqa: BLE001 - as above
            if _name(error) not in {"FileNotFoundError", "NotFoundError"}:
                self._refuse(error)

    def _key_of(self, location: Location) -> str:
        sha256, name = location.url.split("/")[-2:]
        return self._key(sha256, unquote(name))

    def _location(self, file: HostedFile) -> Location:
        url = redact_url(self._signed(self._key(file.sha256, file.name)))
        return Location(host=self._url, url=url, access="signed")

    def _key(self, sha256: str, name: str) -> str:
        return "/".join(filter(None, [self._prefix, sha256, name]))

    def _signed(self, key: str) -> str:
        try:
            return str(self._obstore.sign(self._store, "GET", key, _SIGNED_FOR))
        except Exception as error:  # noqa: BLE001 - as above
            self._refuse(error)

    @cached_property
    def _store(self) -> Any:  # noqa: ANN401 - obstore is an extra, and its types with it
        try:
            return import_module("obstore.store").from_url(self._bucket, client_options=_CLIENT, retry_config=_RETRY)
        except Exception as error:  # noqa: BLE001 - as above
            self._refuse(error)

    def _refuse(self, error: Exception) -> NoReturn:
        raise _mapped(error, self._url) from None


def _obstore() -> Any:  # noqa: ANN401 - as above
    try:
        return import_module("obstore")
    except ImportError:
        raise MissingError(
            "host_package_missing", "s3://, gs:// and az:// hosts need a package that is not installed",
            hint="pip install 'rw-hooks[cloud]'",
        ) from None  # fmt: skip


def _parts(file: HostedFile, progress: Progress, trouble: list[RwHooksError]) -> Iterator[bytes]:
    """Yield the parts, and keep an error that ends them, because obstore raises it as an error of its own."""
    try:
        yield from file.chunks(progress, _CHUNK)
    except RwHooksError as error:
        trouble.append(error)
        raise


def _name(error: Exception) -> str:
    return type(error).__name__


def _mapped(error: Exception, url: str) -> RwHooksError:
    lines = redact(str(error)).strip().splitlines()
    said = f"{url}: {lines[0][:_MESSAGE_MAX] if lines else _name(error)}"
    keys = _KEYS[urlsplit(url).scheme]
    if _name(error) == "UnauthenticatedError" or _METADATA in said:
        return MissingError("store_credentials", said, hint=f"set {keys}, or give another --host")
    if _name(error) in {"PermissionDeniedError", "FileNotFoundError", "NotFoundError"}:
        return RefusedError(
            "store_refused", said, hint=f"give the key in {keys} write permission, or give another --host"
        )
    if isinstance(error, ValueError) or _name(error) == "UnknownConfigurationKeyError":
        return UsageError("bad_host", said, hint=f"check --host and {keys}")
    return UnreachableError("store_unreachable", said, hint="nothing is lost; run 'rw-hooks resume' to continue")
