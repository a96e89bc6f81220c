"""What `pytest -m reliability` prints: one line a fault class, with how many cases there were and what became of them.

A test says its class, and how many cases it is when it is more than one, in its marker:
``@pytest.mark.reliability("lost answers", cases=5)``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

__all__ = ["LostError", "TwiceError", "require"]


pytest.register_assert_rewrite("tests.reliability.harness")


class LostError(AssertionError):
    """What was to be published is not, or nobody knows of it any more."""


class TwiceError(AssertionError):
    """Something was done more than once, or differently than asked for."""


def require(held: bool, error: type[AssertionError], message: str) -> None:
    """Fail as one of the two when a promise is not held."""
    if not held:
        raise error(message)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome: Any = yield
    marker = item.get_closest_marker("reliability")
    if marker is None or not marker.args:
        return
    report = outcome.get_result()
    if call.when == "call" or report.failed:
        error = call.excinfo.type if call.excinfo else None
        report.user_properties.append(("reliability", [
            marker.args[0], marker.kwargs.get("cases", 1), bool(report.passed),
            bool(error and issubclass(error, LostError)), bool(error and issubclass(error, TwiceError)),
        ]))  # fmt: skip


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if "reliability" not in config.getoption("markexpr"):
        return
    sums: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, value in getattr(report, "user_properties", ()):
                if name == "reliability":
                    _add(sums, *value)
    terminalreporter.section("reliability")
    width = max(map(len, sums), default=0)
    for name, of_class in sorted(sums.items()):
        told = "   ".join(f"{word} {of_class[word]:>4}" for word in ("cases", "survived", "lost", "twice"))
        terminalreporter.write_line(f"{name:<{width}}   {told}")


def _add(sums: dict[str, Counter[str]], name: str, cases: int, passed: bool, lost: bool, twice: bool) -> None:
    of_class = sums.setdefault(name, Counter())
    of_class["cases"] += cases
    of_class["survived"] += cases if passed else 0
    of_class["lost"] += lost
    of_class["twice"] += twice
