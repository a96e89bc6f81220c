"""``rw-hooks demo``: a small real LoRA, from its training to a ready model, without an account.

It shows all stages with the sandbox. The demo has its own state, file and key; nothing of the user's is read or
written.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr
from rich.text import Text

from rw_hooks.api.publish import publish
from rw_hooks.cli.asjson import AsJson
from rw_hooks.cli.common import show
from rw_hooks.cli.sandbox import export
from rw_hooks.cli.show import clean, terminal
from rw_hooks.config.settings import Given, Settings
from rw_hooks.errors import EXIT_DONE
from rw_hooks.publication.observer import Silent
from rw_hooks.sandbox import Sandbox, SandboxSettings
from rw_hooks.sandbox.adapter import TRIGGER_WORDS, make_adapter
from rw_hooks.sandbox.transport.loopback import require_direct

__all__ = ["demo"]

_SEED, _STEPS, _SHOWN_EVERY = 7, 60, 10
_PHASE_SECONDS = 0.2
_STAGES = {
    "inspect": "inspect    is the file sound, and what is it?",
    "describe": "describe   what does Runware need to know about it?",
    "host": "host       upload it to where Runware can fetch it",
    "preflight": "preflight  can anyone download it, unchanged?",
    "register": "register   tell Runware, and wait until the model is ready",
    "settle": "settle     write the receipt beside the file",
}
_REAL_THING = (export("RUNWARE_API_KEY", "..."), export("HF_TOKEN", "..."), "rw-hooks publish your-lora.safetensors")


class _Narrator(Silent):
    """Prints each stage and phase when it begins."""

    def stage(self, name: str) -> None:
        """Print what the stage is for."""
        _say(_STAGES.get(name, name))

    def phase(self, status: str, message: str) -> None:
        """Print what Runware reports."""
        _say(f"           {clean(status)}: {clean(message)}")

    def note(self, message: str) -> None:
        """Print what a person should know."""
        _say(f"           {clean(message)}")


def demo(*, as_json: AsJson = False) -> int:
    """Train a small LoRA and publish it to the sandbox, through all stages; needs no account and no key."""
    require_direct()
    with (
        TemporaryDirectory(prefix="rw-hooks-demo-", ignore_cleanup_errors=True) as folder,
        Sandbox(Path(folder) / "served", settings=SandboxSettings(delay=_PHASE_SECONDS)) as sandbox,
    ):
        file = Path(folder) / "zkchr7-sketch.safetensors"
        _train(file, silent=as_json)
        settings = _settings(sandbox, Path(folder))
        publication = publish(file, settings=settings, observer=Silent() if as_json else _Narrator())
        show(publication, as_json=as_json)
        if not as_json and publication.exit_code == EXIT_DONE:
            _say(f"\n{_held(sandbox)}\n")
            _say("\n".join(["The real thing:", "", *_REAL_THING]))
    return publication.exit_code


def _train(file: Path, *, silent: bool) -> None:
    def tell(step: int, loss: float) -> None:
        if step % _SHOWN_EVERY == 0 and not silent:
            _say(f"           step {step:>2}  loss {loss:.4f}")

    if not silent:
        _say(f"train      a LoRA for Stable Diffusion 1.5, {_STEPS} steps of gradient descent")
    make_adapter(file, _SEED, _STEPS, tell)
    if not silent:
        _say(f"           wrote {file.name}, {file.stat().st_size} bytes, trigger words: {TRIGGER_WORDS}")


def _settings(sandbox: Sandbox, folder: Path) -> Settings:
    """Return the demo's own settings: no file, variable or token of the user is used."""
    return Settings(
        given={"host": Given(sandbox.host_url, "the demo")},
        home=folder / "state",
        api_url=sandbox.api_url,
        ws_url=sandbox.ws_url,
        api_key=SecretStr(sandbox.key),
    )


def _held(sandbox: Sandbox) -> str:
    models = sandbox.world.models.values()
    return "\n".join(f"The sandbox holds {model.air}: {model.status}, sha256 {model.sha256}" for model in models)


def _say(text: str) -> None:
    terminal().print(Text(text), soft_wrap=True)
