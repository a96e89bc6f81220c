"""Upload one model with the older runware package, in an environment where it is installed; print what came back."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from runware import Runware
from runware.types import IUploadModelLora

FIELDS = {
    "air", "architecture", "name", "downloadURL", "uniqueIdentifier", "version", "format", "private", "category",
}  # fmt: skip


async def main() -> None:
    order = json.load(sys.stdin)
    client = Runware(api_key=order["key"], url=order["ws_url"])
    await client.connect()
    started = time.monotonic()
    reply: dict[str, object] = {}
    try:
        models = await client.modelUpload(
            IUploadModelLora(**{name: value for name, value in order["task"].items() if name in FIELDS})
        )
        reply["statuses"] = [model["status"] for model in models]
    except Exception as error:  # noqa: BLE001 - this SDK raises bare Exception
        reply["error"] = str(error)
    reply["seconds"] = time.monotonic() - started
    json.dump(reply, sys.stdout)
    await client.disconnect()


asyncio.run(main())
