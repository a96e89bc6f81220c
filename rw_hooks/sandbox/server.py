"""The sandbox as a whole: one platform, its two endpoints, and a folder that is served."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING

from rw_hooks.sandbox.http import API_PATH, HOST, MEDIA_PATH, HttpEndpoint
from rw_hooks.sandbox.media import Media
from rw_hooks.sandbox.platform import Platform
from rw_hooks.sandbox.rest import Rest
from rw_hooks.sandbox.settings import SandboxSettings
from rw_hooks.sandbox.uploads import Uploads
from rw_hooks.sandbox.world import Model, World
from rw_hooks.sandbox.ws import WsEndpoint

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
        folder: What the file host serves.
        faults: Switches for misbehaviour; may be set at any time.
        world: What happened so far.
        key: The API key that is accepted.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        settings: SandboxSettings = SandboxSettings(),  # noqa: B008 - frozen
        announce: Announce | None = None,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="rw-hooks-sandbox-", ignore_cleanup_errors=True)
        base = Path(self._temporary.name)
        spool = base / "spool"
        spool.mkdir()
        self.folder = folder or base / "files"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.faults = settings.faults.model_copy()
        self.world = World()
        self.key = settings.key
        self._closing = Event()
        media = Media()
        self._uploads = Uploads(settings, self.faults, self.world, spool, announce or _say_nothing)
        platform = Platform(settings, self.faults, self.world, self._uploads, media)
        rest = Rest(platform, settings, self.faults, self._closing)
        self._http = HttpEndpoint(settings.port, self.folder, rest, media, self.faults)
        self._ws = WsEndpoint(platform, settings, self.faults, self.world)
        media.base_url = self._http.url.rstrip("/") + MEDIA_PATH

    @property
    def files_url(self) -> str:
        """The base URL of the file host, with a slash at its end."""
        return self._http.url

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
        self._http.start()
        self._ws.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.set()
        self._ws.stop()
        self._http.stop()
        self._uploads.close()
        self._temporary.cleanup()


def _say_nothing(_model: Model, _message: str) -> None:
    """Announce to nobody."""
