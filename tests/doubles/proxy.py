"""A TCP proxy on loopback that makes a connection as bad as a test wants.

Every connection that it accepts takes the next fault from the queue; with none left it passes everything on.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal

__all__ = ["Proxy", "Trouble"]

_CHUNK = 65_536


@dataclass(frozen=True)
class Trouble:
    """What happens to one connection.

    Attributes:
        kind: ``refuse`` resets it at once; ``reset`` resets it after ``after`` bytes; ``stall`` passes nothing more on
            after ``after`` bytes; ``drip`` passes single bytes, ``pause`` seconds apart, after ``after`` bytes;
            ``half-close`` tells the client that nothing more will come after ``after`` bytes.
        after: Bytes in the direction that fails.
        upstream: Whether the way to the server fails (else the way back).
        pause: Seconds between two bytes of a drip.
    """

    kind: Literal["refuse", "reset", "stall", "drip", "half-close"]
    after: int = 0
    upstream: bool = True
    pause: float = 0.05


class Proxy:
    """The proxy in front of one server. Use it as a context manager.

    Attributes:
        connections: How many were accepted.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.removeprefix("http://").partition(":")
        self._target = host, int(port)
        self._troubles: deque[Trouble] = deque()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0
        self.connections = 0

    def __enter__(self) -> Proxy:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def add(self, trouble: Trouble, times: int = 1) -> None:
        """Give the next connections this trouble."""
        self._troubles.extend([trouble] * times)

    async def _listen(self) -> asyncio.Server:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        return server

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        trouble = self._troubles.popleft() if self._troubles else None
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if trouble is not None and trouble.kind == "refuse":
            _reset(writer)
            return
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._join(reader, writer, trouble)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trouble: Trouble | None) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        both = (writer, there_writer)
        up = trouble if trouble is not None and trouble.upstream else None
        down = trouble if trouble is not None and not trouble.upstream else None
        try:
            await asyncio.gather(_pass_on(reader, there_writer, up, both), _pass_on(there_reader, writer, down, both))
        finally:
            for end in both:
                end.close()


async def _pass_on(
    source: asyncio.StreamReader,
    sink: asyncio.StreamWriter,
    trouble: Trouble | None,
    both: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
) -> None:
    passed = 0
    while True:
        room = _CHUNK if trouble is None else max(0, min(_CHUNK, trouble.after - passed))
        if trouble is not None and room == 0:
            await _misbehave(source, sink, trouble, both)
            return
        data = await source.read(room)
        if not data:
            break
        sink.write(data)
        await sink.drain()
        passed += len(data)
    if sink.can_write_eof():
        sink.write_eof()


async def _misbehave(
    source: asyncio.StreamReader,
    sink: asyncio.StreamWriter,
    trouble: Trouble,
    both: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
) -> None:
    if trouble.kind == "reset":
        for end in both:
            _reset(end)
    elif trouble.kind == "stall":
        await asyncio.Event().wait()
    elif trouble.kind == "half-close":
        both[0].write_eof()
    else:
        while data := await source.read(1):
            sink.write(data)
            await sink.drain()
            await asyncio.sleep(trouble.pause)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
