"""The client that the rest of the library uses to ask, register and update."""

from __future__ import annotations

import logging
from collections.abc import Callable

from rw_hooks.errors import RwHooksError
from rw_hooks.runware.media import store_image
from rw_hooks.runware.model_upload import ModelUpload
from rw_hooks.runware.queries import read_account, search, versions
from rw_hooks.runware.register import Mint, Order, Register, WebSocketUnavailableError
from rw_hooks.runware.rest_api import RestApi
from rw_hooks.runware.rest_channel import Polling
from rw_hooks.runware.types import Account, Endpoint, Ledger, Listing, Phase, Registration, Timings, Transport
from rw_hooks.runware.websocket import Link
from rw_hooks.support.deadline import Deadline

__all__ = ["RunwareClient"]

_log = logging.getLogger("rw_hooks.runware")


class RunwareClient:
    """Runware, for one endpoint and key. Threads may share it; close it, or use it in a ``with`` statement.

    Args:
        endpoint: Where it is, and the key.
        transport: ``ws`` follows uploads over WebSocket, ``rest`` asks for them; ``auto`` turns from the first to the
            second when WebSocket cannot be had. Questions always go over REST.
        timings: How long to wait for what.
    """

    def __init__(self, endpoint: Endpoint, *, transport: Transport = "auto", timings: Timings | None = None) -> None:
        self.endpoint = endpoint
        self._transport = transport
        self._timings = timings or Timings()
        self._api = RestApi(endpoint, self._timings)
        self._link = Link(endpoint, self._timings)

    def __enter__(self) -> RunwareClient:  # noqa: PYI034 - typing.Self comes with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections.

        Uploads in progress end with an UnreachableError; what was sent continues at Runware.
        """
        self._link.close()
        self._api.close()

    def account(self, deadline: Deadline | None = None) -> Account:
        """Return the account of the key; a restricted key may not read it, and then all fields are None.

        Args:
            deadline: When to stop asking, if this is earlier than the usual time limit.

        Raises:
            RefusedError: The key is refused.
            UnreachableError: There was no answer in time.
        """
        return read_account(self._api, self._patience(deadline))

    def find(self, air: str, deadline: Deadline | None = None) -> Listing | None:
        """Return the model with exactly this AIR, or None.

        Raises:
            RefusedError: Runware refused.
            UnreachableError: There was no answer in time.
        """
        listings = search(self._api, air, self._patience(deadline))
        return next((listing for listing in listings if listing.air == air), None)

    def versions(self, source: str, identifier: str, deadline: Deadline | None = None) -> list[str]:
        """Return the versions that are in use under ``source:id``.

        Raises:
            RefusedError: Runware refused.
            UnreachableError: There was no answer in time.
        """
        return versions(search(self._api, f"{source}:{identifier}", self._patience(deadline)), source, identifier)

    def store_image(self, content: bytes, deadline: Deadline) -> str:
        """Store a preview image at Runware, and return its public URL.

        Raises:
            RefusedError: It is not an image, or Runware refused.
            UnreachableError: There was no answer in time.
        """
        return store_image(self._api, content, self._patience(deadline))

    def register(
        self,
        upload: ModelUpload,
        *,
        ledger: Ledger,
        mint: Mint,
        on_phase: Callable[[Phase], None],
        deadline: Deadline,
    ) -> Registration:
        """Register the model, or continue an earlier attempt, until Runware reports ``ready``.

        The same AIR and ``uniqueIdentifier`` with other fields is an update of the metadata; nothing is fetched then.

        Args:
            upload: The request.
            ledger: Stores what was sent, so that the call can be repeated after any interruption.
            mint: Returns a URL from which Runware can download the file now. Called once, and again if a download
                fails.
            on_phase: Is called with each status once, in the order of arrival.
            deadline: When to stop waiting.

        Raises:
            RefusedError: The platform said no, or the upload failed there.
            UnreachableError: It was not ready by the deadline.
        """
        air = str(upload.air)
        order = Order(upload, ledger, mint, on_phase, lambda: self._is_listed(air, deadline), deadline)
        work = Register(order, self._timings)
        if self._transport != "rest":
            try:
                with self._link.open(air, work.submission, deadline) as box:
                    return work.run(box, give_up=self._transport == "auto")
            except WebSocketUnavailableError as gone:
                _log.warning("no WebSocket connection is possible (%s); %s continues over REST", gone, air)
        return work.run(Polling(self._api, self._timings, deadline), give_up=False)

    def _patience(self, deadline: Deadline | None) -> Deadline:
        patience = Deadline.after(self._timings.lookup)
        return patience if deadline is None else min(patience, deadline, key=lambda entry: entry.moment)

    def _is_listed(self, air: str, deadline: Deadline) -> bool:
        try:
            return self.find(air, deadline) is not None
        except RwHooksError as error:
            _log.info("modelSearch gave no answer: %s", error.message)
            return False
