"""What the type checkers must see of the public face; never run, checked by mypy and pyright."""

from __future__ import annotations

from pathlib import Path

from typing_extensions import assert_type

import rw_hooks
from rw_hooks.artifact.model import Inspection
from rw_hooks.publication.model import Publication

assert_type(rw_hooks.publish("model.safetensors"), Publication)
assert_type(rw_hooks.publish(Path("model.safetensors"), trigger_words=["mystyle"], private=True), Publication)
assert_type(rw_hooks.publish("model.safetensors").exit_code, int)
assert_type(rw_hooks.inspect(Path("model.safetensors")), Inspection)

try:
    rw_hooks.publish("model.safetensors", host="hf://user/repo")
except rw_hooks.MissingError as error:
    assert_type(error.hint, str)
    assert_type(error.exit_code, int)
except (rw_hooks.UsageError, rw_hooks.ArtifactError, ValueError) as wrong:
    assert_type(str(wrong), str)
except (rw_hooks.RefusedError, rw_hooks.UnreachableError, rw_hooks.RwHooksError) as refused:
    assert_type(refused.retryable, bool)
