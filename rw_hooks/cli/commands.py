"""The table of commands. Standard library only, so that the overview needs no parser and no terminal library."""

from __future__ import annotations

from dataclasses import dataclass

from rw_hooks import __version__
from rw_hooks.errors import EXIT_CODES

__all__ = ["COMMANDS", "Command", "overview"]


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: The name that the user types.
        usage: Its arguments, as shown in the overview.
        help: One sentence for people.
    """

    name: str
    usage: str
    help: str

    @property
    def target(self) -> str:
        """The place of its function, as ``module:function``."""
        return f"rw_hooks.cli.{self.name}:{self.name}"


COMMANDS = (
    Command("publish", "PATH... [options]", "Take trained files through the whole journey, to ready models."),
    Command("explain", "PATH [options]", "Show what would be sent, each field with its source; changes nothing."),
    Command("inspect", "FILE...", "Show what a .safetensors file is and whether it is sound."),
    Command("jobs", "", "List the publications of this machine."),
    Command("resume", "[JOB...]", "Continue publications that were interrupted, refused or unreachable."),
    Command("cancel", "JOB", "Cancel a publication that is not ready."),
    Command("run", "[options] -- COMMAND...", "Run a trainer unchanged, and publish what it saves."),
    Command("watch", "DIR [options]", "Publish what appears in a folder."),
    Command("worker", "", "Publish the files that hooks have saved; hooks start the worker themselves."),
    Command("update", "AIR [FILE] [options]", "Change a published model's description; nothing is uploaded."),
    Command("doctor", "[options]", "Check key, balance, AIR source, host, disk and clock."),
    Command("init", "", "Write a commented rw-hooks.toml."),
    Command("sandbox", "", "Run Runware's API and a file host on this machine, to try and to test."),
    Command("demo", "", "Make a small real LoRA and take it through the whole journey in the sandbox."),
)


def overview() -> str:
    """Return what ``rw-hooks --help`` prints."""
    width = max(len(f"{command.name} {command.usage}") for command in COMMANDS)
    lines = [f"  {f'{command.name} {command.usage}':<{width}}  {command.help}" for command in COMMANDS]
    codes = [f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES]
    return "\n".join(
        [
            f"rw-hooks {__version__}: a trained .safetensors file becomes a ready-to-use Runware model.",
            "",
            "usage: rw-hooks COMMAND [arguments]",
            "",
            *lines,
            "",
            "'rw-hooks COMMAND --help' shows a command's options; 'rw-hooks --version' the version.",
            "",
            "exit codes (several files: the first that is not 0):",
            *codes,
            "",
        ]
    )
