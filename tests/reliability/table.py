"""The table in ``docs/reliability.md``, made from the tests themselves: ``python -m tests.reliability.table``."""

from __future__ import annotations

import contextlib
import io
import sys
from collections import Counter
from pathlib import Path

import pytest

__all__ = ["PAGE", "current", "inserted"]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- table: begin (python -m tests.reliability.table) -->", "<!-- table: end -->"
INJECTED = {
    "kill -9 at a named point": "before and after every journal write and every outside effect, on four hosts: "
    "Hub public, Hub private, folder, URL; then `resume` alone",
    "os._exit at a named point": "the same points, without a signal",
    "kill -9 of the worker": "the same points in a worker, and in a hook that hands over",
    "the answer is lost": "every endpoint of the Hub, frame and REST answer of Runware does its work in silence",
    "a status instead of an answer": "18 statuses and `Retry-After` of all kinds, at every endpoint, once and for ever",
    "a bad network": "refused, reset, stalled, dripping, half-closed; no such name, no TLS, nobody there",
    "WebSocket trouble in any order": "drops, restarts, lost sessions; duplicate, reordered, invalid frames",
    "the n-th system effect fails": "open, rename, link, unlink, mkdir, connect, send, recv, fsync, spawn in turn",
    "a full disk": "a small disk filled to each page, a limit on each file, read-only; SQLite's own writes, the hook's",
    "a state folder on a network": "no locks, no shared memory, stale handles in every call, renames done and denied",
    "a damaged or foreign state folder": "truncated, overwritten journals; newer schemas; foreign queue items; locks",
    "two versions at once": "an older and a newer schema of queue items and journal, each way, at once, in the middle",
    "many at once": "64 processes, 8 ranks, 1000 saves and killed workers, cancel and resume, two keys and endpoints",
    "the file under our feet": "rewritten, truncated, replaced, deleted at each stage; links, pipes, odd names",
    "hostile input": "configs that are bombs, metadata with terminal escapes, answers of wrong shapes",
    "the clock jumps": "hours, days and years forth and back; signed URLs that have expired",
    "a secret comes out": "random keys, tokens, signed URLs; looked for in files, DEBUG logs, argv, locals",
}


class _Counting:
    """Counts the cases of each class while tests are collected."""

    def __init__(self) -> None:
        self.normal: Counter[str] = Counter()
        self.slow: Counter[str] = Counter()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            marker = item.get_closest_marker("reliability")
            if marker is not None and marker.args:
                sums = self.slow if item.get_closest_marker("slow") else self.normal
                sums[marker.args[0]] += marker.kwargs.get("cases", 1)


def current() -> str:
    """Return the table as the tests are now."""
    counting = _Counting()
    with contextlib.redirect_stdout(io.StringIO()):
        arguments = [
            "--collect-only",
            "-q",
            "-n0",
            "-m",
            "reliability",
            "-p",
            "no:cacheprovider",
            str(ROOT / "tests" / "reliability"),
        ]
        code = pytest.main(arguments, plugins=[counting])
    if code != pytest.ExitCode.OK:
        raise SystemExit(f"the tests could not be collected: {code!r}")
    rows = [
        f"| {name} | {injected} | {counting.normal[name]} | {counting.slow[name]} |"
        for name, injected in INJECTED.items()
    ]
    unknown = {*counting.normal, *counting.slow} - set(INJECTED)
    if unknown:
        raise SystemExit(f"no words for {unknown}")
    total = f"| **all** | | **{sum(counting.normal.values())}** | **{sum(counting.slow.values())}** |"
    head = ["| fault class | what is injected | cases in every run | more in the slow set |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, total])


def inserted(page: str, table: str) -> str:
    """Return the page with the table in its place."""
    before, after = page.partition(BEGIN)[0], page.partition(END)[2]
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    fresh = inserted(text, current())
    if "--check" in sys.argv:
        sys.exit(0 if fresh == text else "docs/reliability.md is stale: run 'python -m tests.reliability.table'")
    PAGE.write_text(fresh, encoding="utf-8")
