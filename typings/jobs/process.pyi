from collections.abc import Mapping
from typing import Any

class BaseExtensionProcess:
    job: Any
    def __init__(self, process_id: int, job: Any, config: Mapping[str, Any]) -> None: ...
    def run(self) -> None: ...
