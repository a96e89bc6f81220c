"""Kills at random: ``python -m tests.soak --kills 1000``.

Publications to all hosts are killed with -9 at a random moment or a random point, again and again, until the next one
gets through; then the world is held to the promise. Prints one line at the end; the last figures stand in
``docs/reliability.md``.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.reliability.figures import LostError, TwiceError
from tests.reliability.harness import HOSTS, World, open_world
from tests.reliability.test_kills import POINTS

_KILLS_MOST_EACH = 4
_LONGEST_LIFE = {"hub-public": 1.6, "hub-private": 1.6, "dir": 0.7, "url": 0.7}


def main() -> int:
    """Kill as often as asked, and return 0 when nothing was lost or done twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1 << 32)
    chance, sums, started = random.Random(seed), Counter[str](), time.monotonic()
    while sums["kills"] < given.kills:
        _one(chance, sums)
        sys.stderr.write(f"\r{sums['kills']} kills, {sums['publications']} publications")
    shown = ", ".join(
        f"{sums[name]} {name}" for name in ("kills", "publications", "survived", "lost", "twice", "untidy")
    )
    sys.stdout.write(f"{shown}; seed {seed}, {time.monotonic() - started:.0f} s\n")
    return 0 if sums["survived"] == sums["publications"] else 1


def _one(chance: random.Random, sums: Counter[str]) -> None:
    """Kill one publication a few times and let it get through."""
    host = chance.choice(HOSTS)
    with TemporaryDirectory() as folder, open_world(Path(folder), host) as world:
        world.uploads_most = _KILLS_MOST_EACH + 1  # an upload that dies before its commit is one more PUT of one object
        for _ in range(chance.randint(1, _KILLS_MOST_EACH)):
            sums["kills"] += _killed(world, chance)
            world.age()
        sums["publications"] += 1
        try:
            _finish(world)
            sums["survived"] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted, and the soak goes on
            kind = "lost" if isinstance(error, LostError) else "twice" if isinstance(error, TwiceError) else "untidy"
            sums[kind] += 1
            traceback.print_exc()


def _killed(world: World, chance: random.Random) -> bool:
    """Let a publication die at a random point or moment, and say whether it did."""
    work = chance.choice(("publish", "resume"))
    if chance.random() < 0.5:
        ended = world.run(work, point=chance.choice(POINTS[world.host]), count=chance.choice((1, 1, 1, 2, 3)))
    else:
        process = world.begin(work)
        time.sleep(chance.uniform(0, _LONGEST_LIFE[world.host]))
        process.kill()
        ended = process.end()
    if ended.orphans:
        raise AssertionError(ended.orphans)
    return ended.signal == signal.SIGKILL


def _finish(world: World) -> None:
    """Go on as a person does: resume, and give the command again."""
    for work in ("publish", "resume"):
        ended = world.run(work)
        if ended.code != 0:
            raise LostError(ended.said)
    world.require_ready()


if __name__ == "__main__":
    sys.exit(main())
