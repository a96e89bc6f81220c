"""How the sandbox talks: HTTP, REST, WebSocket and sessions."""
