"""All errors of rw-hooks, as one tree.

::

    RwHooksError                     code, stage, retryable, message, hint, exit_code
    ├── UsageError (ValueError)      2  the call itself is wrong; nothing was done
    ├── ArtifactError (ValueError)   3  the file must not be published
    │   └── ArtifactChangedError        the file was rewritten while it was being read
    ├── MissingError                 4  a key, an AIR source, a host or a usable state folder is missing
    │   └── JournalError                the journal cannot be read or written
    ├── RefusedError                 5  a remote refused; it will refuse again until something changes
    │   └── ConflictError               a remote already holds something else there
    └── UnreachableError             6  a remote is unreachable or slow; the publication stays in the journal
        (ConnectionError)

Any other exception is a bug of rw-hooks (exit code 1).

Every error says what happened (``message``) and which command or action fixes it (``hint``). ``code`` is a stable word
for scripts. ``stage`` is the stage in which it happened (``inspect``, ``describe``, ``host``, ``preflight``,
``register`` or ``settle``), or ``setup`` before the first stage.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

__all__ = [
    "EXIT_BUG",
    "EXIT_CODES",
    "EXIT_DONE",
    "EXIT_INTERRUPTED",
    "EXIT_PIPE",
    "ArtifactChangedError",
    "ArtifactError",
    "ConflictError",
    "JournalError",
    "MissingError",
    "RefusedError",
    "RwHooksError",
    "UnreachableError",
    "UsageError",
]

EXIT_DONE = 0
EXIT_BUG = 1
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141  # as a shell tells of a program that a closed pipe ended


class RwHooksError(Exception):
    """The base class of all errors of rw-hooks.

    Args:
        code: A stable word for scripts, such as ``insufficient_credits``.
        message: What happened, in one sentence, without secrets.
        hint: What fixes it: a command or an action. It may be empty when the message says enough.
        stage: The stage in which it happened; the engine sets it when it is empty.
        details: More values for the JSON output, such as Runware's ``allowedValues``.
    """

    exit_code: ClassVar[int] = EXIT_BUG
    means: ClassVar[str] = "a bug of rw-hooks; the traceback is in a file that the message names"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        stage: str = "",
        details: dict[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.stage = stage
        self.details = details or {}

    def __reduce__(self) -> tuple[object, ...]:
        """Make the error picklable (exceptions with keyword arguments are not by themselves)."""
        again = partial(type(self), hint=self.hint, stage=self.stage, details=self.details)
        return again, (self.code, self.message)

    def as_json(self) -> dict[str, object]:
        """Return the ``error`` object of ``publish --json``."""
        shown: dict[str, object] = {
            "code": self.code,
            "stage": self.stage,
            "retryable": self.retryable,
            "message": self.message,
            "hint": self.hint,
        }
        return {**shown, **self.details}


class UsageError(RwHooksError, ValueError):
    """The call itself is wrong: an unknown option, a malformed AIR, a value out of bounds."""

    exit_code = 2
    means = "the call is wrong: an unknown option, a malformed value; nothing was done"


class ArtifactError(RwHooksError, ValueError):
    """The file must not be published: broken, untrained, or not a model that Runware takes."""

    exit_code = 3
    means = "the artifact is bad: broken, untrained, or no model that Runware takes"


class ArtifactChangedError(ArtifactError):
    """The file was rewritten, truncated or replaced while it was being read."""


class MissingError(RwHooksError):
    """Something that only the user can give is missing; the message names the option."""

    exit_code = 4
    means = "something is missing that only you can give: a key, a host, a usable state folder; the message says what"


class JournalError(MissingError):
    """The state folder or the journal in it cannot be used; nothing was sent that is not in the journal."""


class RefusedError(RwHooksError):
    """A remote refused: wrong key, no credit, no permission, an invalid field."""

    exit_code = 5
    means = "a remote refused; it will not succeed unchanged"


class ConflictError(RefusedError):
    """A remote already holds something else under this name."""


class UnreachableError(RwHooksError, ConnectionError):
    """A remote is unreachable, slow or has an error of its own; trying again later may succeed."""

    exit_code = 6
    means = "a remote is unreachable or slow; the publication is kept, and 'rw-hooks resume' goes on"
    retryable = True


EXIT_CODES: tuple[tuple[int, str], ...] = (
    (EXIT_DONE, "done"),
    *(
        (kind.exit_code, kind.means)
        for kind in (RwHooksError, UsageError, ArtifactError, MissingError, RefusedError, UnreachableError)
    ),
    (EXIT_INTERRUPTED, "interrupted with Ctrl-C; what was begun is kept"),
    (EXIT_PIPE, "the reader of standard output closed the pipe, as 'head' does; there is no message"),
)
"""Every exit code of a command, and what it means."""
