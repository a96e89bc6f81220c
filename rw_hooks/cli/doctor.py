"""``rw-hooks doctor``: what would stop a publication, each problem with its fix."""

from __future__ import annotations

from rw_hooks.api.doctor import doctor as check_all
from rw_hooks.cli.common import settings_from
from rw_hooks.cli.flags import Flags, Options
from rw_hooks.cli.show import print_rows

__all__ = ["doctor"]

_NO_FLAGS = Flags()

_WORDS = {True: "ok", False: "wrong", None: "unknown"}


def doctor(*, options: Options = _NO_FLAGS) -> int:
    """Check key, balance, AIR source, host, disk and clock; each problem is shown with its fix."""
    code = 0
    for check in check_all(settings_from(options)):
        rows = [(f"{_WORDS[check.ok]:<8}{check.name:<8}", check.message)]
        print_rows([*rows, ("", f"fix: {check.fix}")] if check.fix else rows)
        code = code or check.exit_code
    return code
