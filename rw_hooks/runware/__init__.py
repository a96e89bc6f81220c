"""The Runware client: requests, WebSocket and REST transport, and finding out after any doubt."""
