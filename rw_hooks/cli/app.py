"""From a list of arguments to an exit code: the parser, and the one place where errors become messages.

The terminal library is imported only where something is drawn, because ``inspect --json`` of a header needs less time
than this import.
"""

from __future__ import annotations

from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

from rw_hooks.cli.commands import COMMANDS
from rw_hooks.errors import EXIT_INTERRUPTED, RwHooksError, UsageError

__all__ = ["build", "run"]


def build() -> App:
    """Return the parser; a command's module is loaded when the command is called."""
    app = App(
        name="rw-hooks",
        help_format="plaintext",
        version_flags=(),
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(json_list=False, json_dict=False),  # "[v2] maya.safetensors" is a path
    )
    for command in COMMANDS:
        app.command(command.target, name=command.name, help=command.help)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. The user always sees a message, never a traceback."""
    try:
        _require_delimiter(arguments)
        code = build()(list(arguments))
    except CycloptsError as error:
        return _failed(_usage(error))
    except RwHooksError as error:
        return _failed(error)
    except KeyboardInterrupt:
        from rw_hooks.cli.show import say

        say("Interrupted. Your publications are safe in the journal; run 'rw-hooks resume' to continue them.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        raise  # the reader of standard output has ended, which is not a bug
    except Exception as error:  # noqa: BLE001 - the last line of defence; the traceback goes to a file
        from rw_hooks.cli.bug import report_bug

        return report_bug(error)
    return code if isinstance(code, int) else 0


def _failed(error: RwHooksError) -> int:
    from rw_hooks.cli.show import say_error

    say_error(error)
    return error.exit_code


def _require_delimiter(arguments: Sequence[str]) -> None:
    """Require ``--`` before the trainer's command: otherwise its ``--name`` would be read as an option of rw-hooks."""
    if list(arguments[:1]) == ["run"] and not {"--", "--help", "-h"}.intersection(arguments):
        raise UsageError("no_command", "no command was given after '--'", hint="rw-hooks run [options] -- COMMAND...",
                         stage="setup")  # fmt: skip


def _usage(error: CycloptsError) -> UsageError:
    command = " ".join(("rw-hooks", *(error.command_chain or ())))
    return UsageError("usage", str(error), hint=f"{command} --help")
