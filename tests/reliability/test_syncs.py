"""What one publication syncs to the disk, and what it leaves in the state folder."""

from __future__ import annotations

import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.doubles.preload import built
from tests.reliability.harness import open_world, zygote

MOST = 16


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """Build the library that counts syncs."""
    return built("syncs", tmp_path_factory.mktemp("syncs"))


def synced(world, log: Path) -> Counter[str]:
    log.unlink(missing_ok=True)
    assert world.run("publish").code == 0
    return Counter(Path(line).name for line in log.read_text().splitlines()) if log.exists() else Counter()


@pytest.mark.parametrize("host", ["hub-private", "url"])
def test_a_publication_is_synced_where_that_is_needed(tmp_path, library, host):
    with open_world(tmp_path, host) as world:
        log = tmp_path / "syncs"
        world.zygote = partial(zygote, preload=library)
        world.environ["RW_SYNCS"] = str(log)
        counted = synced(world, log)
        world.require_ready()
    sys.stdout.write(f"{host}: {dict(counted)}\n")
    assert 1 <= counted.total() <= MOST, counted


def test_asking_again_for_what_is_ready_leaves_nothing_behind(tmp_path):
    with open_world(tmp_path, "url") as world:
        for _ in range(2):
            assert world.run("publish").code == 0
        before = sorted(path.relative_to(world.home) for path in world.home.rglob("*"))
        for _ in range(5):
            assert world.run("publish").code == 0
        assert sorted(path.relative_to(world.home) for path in world.home.rglob("*")) == before
        world.require_ready()
