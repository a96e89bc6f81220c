"""Upload one model with runware-sdk, in an environment where it is installed; print what came back as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from runware import Runware


async def main() -> None:
    order = json.load(sys.stdin)
    async with Runware(
        api_key=order["key"],
        transport="websocket",
        ws_base_url=order["ws_url"],
        http_base_url=order["api_url"],
    ) as client:
        started = time.monotonic()
        items = await client.model_upload(order["task"])
        seconds = time.monotonic() - started
        found = await client.model_search({"search": order["task"]["air"]})
    json.dump({"seconds": seconds, "statuses": [item["status"] for item in items], "found": found}, sys.stdout)


asyncio.run(main())
