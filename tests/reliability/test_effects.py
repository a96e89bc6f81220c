"""Fail the n-th system effect, for every n that there is: the end is honest, and going on finishes it once."""

from __future__ import annotations

import pytest

from tests.reliability.effects import KINDS
from tests.reliability.harness import World, open_world


def fail_and_go_on(world: World, kind: str, n: int) -> None:
    """Publish with the n-th effect failing, and go on."""
    count = world.folder / "count"
    world.options["timeout"] = 8
    world.receipt_required = False  # one that cannot be written is said, and no reason to fail
    ended = world.run("publish", effect={"kind": kind, "n": n, "count": str(count)})
    assert (ended.signal, ended.late, ended.orphans) == (0, False, []), ended.said
    assert ended.code == 0, ended.said
    assert ended.outcome is not None
    for publication in ended.outcome:
        if publication["status"] != "ready":
            assert publication["error"]["code"] != "internal_error", (ended.said, publication)
            assert publication["error"]["hint"], publication
    world.age()
    assert world.run("resume").code == 0
    again = world.run("publish")
    assert again.code == 0, again.said
    assert again.outcome
    assert again.outcome[0]["status"] == "ready", again.outcome
    world.require_ready()


def numbers(total: int, step: int) -> range:
    return range(1, total + 1, step)


# How many effects of a kind a publication to a folder has; the whole sweep finds the end by itself.
TOTALS = {"open": 24, "rename": 3, "link": 1, "unlink": 3, "mkdir": 16, "chmod": 3, "sqlite": 1, "connect": 3,
          "spawn": 0, "fsync": 4, "send": 12, "recv": 22}  # fmt: skip
ALL = [(kind, n) for kind in KINDS for n in numbers(TOTALS[kind], 1)]
SOME = [(kind, n) for kind in KINDS for n in numbers(TOTALS[kind], 4)]
REST = [case for case in ALL if case not in SOME]


@pytest.mark.reliability("the n-th system effect fails")
@pytest.mark.parametrize(("kind", "n"), SOME)
def test_a_failing_effect_is_an_honest_end(tmp_path, kind, n):
    with open_world(tmp_path, "dir") as world:
        fail_and_go_on(world, kind, n)


@pytest.mark.reliability("the n-th system effect fails")
@pytest.mark.parametrize("kind", ["spawn", "open"])
def test_a_failing_effect_of_the_upload_is_an_honest_end(tmp_path, kind):
    with open_world(tmp_path, "hub-private") as world:
        fail_and_go_on(world, kind, 1 if kind == "spawn" else TOTALS["open"] - 4)


@pytest.mark.slow
@pytest.mark.reliability("the n-th system effect fails")
@pytest.mark.parametrize(("kind", "n"), REST)
def test_every_effect_fails_once(tmp_path, kind, n):
    with open_world(tmp_path, "dir") as world:
        fail_and_go_on(world, kind, n)


@pytest.mark.reliability
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"send", "recv"}])  # those depend on the time
def test_there_are_no_more_effects_than_are_swept(tmp_path, kind):
    with open_world(tmp_path, "dir") as world:
        count = tmp_path / "count"
        assert world.run("publish", effect={"kind": kind, "n": -1, "count": str(count)}).code == 0
        assert int(count.read_text() or 0) <= TOTALS[kind]
