"""The sandbox as a whole: one platform, its two endpoints, and a folder that is served."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING

from rw_hooks.sandbox.media import Media
from rw_hooks.sandbox.platform import Platform
from rw_hooks.sandbox.settings import SandboxSettings
from rw_hooks.sandbox.transport.http import API_PATH, MEDIA_PATH, HttpEndpoint
from rw_hooks.sandbox.transport.loopback import HOST
from rw_hooks.sandbox.transport.rest import Rest
from rw_hooks.sandbox.transport.ws import WsEndpoint
from rw_hooks.sandbox.uploads import Uploads
from rw_hooks.sandbox.world import Model, World

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Sandbox"]

Announce = Callable[[Model, str], None]
"""Called with each model whose upload ended, and the message that went with its last status."""


class Sandbox:
    """The Runware API and a file host on loopback; runs while its ``with`` block does.

    ::

        with Sandbox(folder) as sandbox:
            settings = load(environ={"RUNWARE_API_URL": sandbox.api_url, "RUNWARE_WS_URL": sandbox.ws_url,
                                     "RUNWARE_API_KEY": sandbox.key})

    Args:
        folder: What the file host serves; a temporary folder when None.
        settings: How it behaves.
        announce: Called with each upload's end, from the upload's thread.

    Attributes:
        faults: Switches for misbehaviour; may be set at any time.
        world: What happened so far.
        key: The API key that is accepted.
        folder: What the file host serves.
    """

    folder: Path
    _http: HttpEndpoint
    _ws: WsEndpoint

    def __init__(
        self,
        folder: Path | None = None,
        *,
        settings: SandboxSettings = SandboxSettings(),  # noqa: B008 - frozen
        announce: Announce | None = None,
    ) -> None:
        self.faults = settings.faults.model_copy()
        self.world = World()
        self.key = settings.key
        self._folder = folder
        self._settings = settings
        self._announce = announce or _say_nothing
        self._stack = ExitStack()

    @property
    def files_url(self) -> str:
        """The base URL of the file host, with a slash at its end."""
        return self._http.url

    @property
    def host_url(self) -> str:
        """What ``--host`` should be for files to be put into the folder, and be served from there."""
        return f"{self.folder.as_uri().replace('file:', 'dir:', 1)}?url={self.files_url}"

    @property
    def api_url(self) -> str:
        """What ``RUNWARE_API_URL`` should be."""
        return self._http.url.rstrip("/") + API_PATH

    @property
    def ws_url(self) -> str:
        """What ``RUNWARE_WS_URL`` should be."""
        return f"ws://{HOST}:{self._ws.port}/v1"

    def stop_websocket(self) -> None:
        """Cut all WebSocket connections and refuse new ones at the port."""
        self._ws.stop()

    def start_websocket(self) -> None:
        """Listen for WebSocket connections again, on the same port."""
        self._ws.start()

    def restart_websocket(self, *, keep_sessions: bool) -> None:
        """Cut all connections and listen again, with or without memory of the sessions."""
        self._ws.stop()
        if not keep_sessions:
            self._ws.sessions.forget()
        self._ws.start()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            spool = Path(
                stack.enter_context(TemporaryDirectory(prefix="rw-hooks-sandbox-", ignore_cleanup_errors=True))
            )
            self.folder = (self._folder or spool / "files").absolute()
            self.folder.mkdir(parents=True, exist_ok=True)
            self._start(spool, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, spool: Path, stack: ExitStack) -> None:
        settings, faults, world = self._settings, self.faults, self.world
        closing, media = Event(), Media()
        uploads = Uploads(settings, faults, world, spool, self._announce)
        stack.callback(uploads.close)
        platform = Platform(settings, faults, world, uploads, media)
        rest = Rest(platform, settings, faults, closing)
        self._http = HttpEndpoint(settings.port, self.folder, rest, media, faults)
        media.base_url = self._http.url.rstrip("/") + MEDIA_PATH
        self._http.start()
        stack.callback(self._http.stop)
        self._ws = WsEndpoint(platform, settings, faults, world)
        self._ws.start()
        stack.callback(self._ws.stop)
        stack.callback(closing.set)


def _say_nothing(_model: Model, _message: str) -> None:
    """Announce to nobody."""
