"""Random secrets in every place where one can come in: none may come out, whatever goes wrong.

Logs are at level DEBUG. While a publication is under way its own secret URLs lie in the inbox and in one table of the
journal, both for the owner alone; when it is over they are nowhere. Keys and tokens are nowhere at any time.
"""

from __future__ import annotations

import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rw_hooks.engines.local.sqlite_store import SqliteStore
from rw_hooks.support.redact import redact
from tests.reliability.harness import AIR, Ended, World, open_world
from tests.reliability.test_kills import POINTS

pytestmark = pytest.mark.reliability("a secret comes out")


class Canaries:
    """Secrets of one case, and a look at all that it leaves.

    Attributes:
        tokens: May be nowhere at any time.
        urls: Parts of secret URLs: may be in the owner's files until the publication is over.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._folder = world.folder
        key = "rw" + secrets.token_hex(20)
        self.tokens = [key]
        self.urls = [f"canary{secrets.token_hex(12)}" for _ in range(3)]
        hero, hook, signature = self.urls
        world.options |= {
            "hero_image": f"https://images.example/h.png?token={hero}",
            "webhook_url": f"https://user:{hook}@hooks.example/ready",
        }
        if world.host == "url":
            world.options["host"] += f"?X-Amz-Signature={signature}"
        if world.hub is not None:
            self.tokens.append(world.hub.token)
        object.__setattr__(world.sandbox._settings, "key", key)
        world.environ["RUNWARE_API_KEY"] = key
        self._seen: dict[str, bytes] = {}

    def require_none(self, *, while_under_way: bool = False) -> None:
        """Look into every file that is there, the names of the files, and what was sampled of processes."""
        for path in [path for path in self._folder.rglob("*") if path.is_file() and "served" not in path.parts]:
            allowed = while_under_way and self._world.home in path.parents and _is_own(path)
            hits = self._hits(path.read_bytes() + str(path).encode(), self.tokens if allowed else self._all)
            assert hits == [], f"{path.name} holds {len(hits)} secrets"
        for name, content in self._seen.items():
            assert self._hits(content, self._all) == [], f"a secret in {name}"

    @property
    def _all(self) -> list[str]:
        return [*self.tokens, *self.urls]

    @staticmethod
    def _hits(content: bytes, canaries: list[str]) -> list[str]:
        return [canary for canary in canaries if canary.encode() in content]

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Sample the arguments of all processes, and the environment of the one that moves the bytes."""
        over = threading.Event()
        thread = threading.Thread(target=self._sample, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _sample(self, over: threading.Event) -> None:
        while not over.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                self._sample_one(process)

    def _sample_one(self, process: Path) -> None:
        try:
            arguments = (process / "cmdline").read_bytes()
            self._seen[f"argv of {process.name}"] = arguments
            environment = (process / "environ").read_bytes()
            if b"hosts.hub.child" in arguments and str(self._folder).encode() in environment:
                self._seen[f"environment of {process.name}"] = environment
        except OSError:
            return

    @property
    def has_seen_upload(self) -> bool:
        return any(name.startswith("environment") for name in self._seen)


def _is_own(path: Path) -> bool:
    """Whether only the owner can read it."""
    return path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) == 0


def publish(world: World, **more: object) -> Ended:
    return world.run("publish", level="DEBUG", **more)


@pytest.mark.parametrize("host", ["hub-private", "url", "dir"])
def test_a_publication_that_succeeds_leaves_no_secret(tmp_path, host):
    with open_world(tmp_path, host, dialect="founding") as world:
        canaries = Canaries(world)
        with SqliteStore(world.home), canaries.sampling():  # who reads meanwhile must not keep what is deleted
            ended = publish(world)
            canaries.require_none()
        assert ended.outcome
        assert ended.outcome[0]["status"] == "ready", ended.outcome
        assert world.sandbox.world.models[AIR].fields["heroImageURL"] == world.options["hero_image"]
        assert canaries.has_seen_upload == (host == "hub-private")
        assert "hero_image" not in ended.said
        canaries.require_none()
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [world.home, *world.home.rglob("*")]}
        assert {mode for path, mode in modes.items() if path.is_dir() and path != world.home / "huggingface"} == {0o700}
        open_files = [
            path for path, mode in modes.items() if mode & 0o077 and path.is_file() and "hub" not in path.parts
        ]
        assert open_files == []


SOME_POINTS = ["inbox.after_rename", "journal.enroll.after", "journal.submission.after", "register.phase.downloaded"]


@pytest.mark.parametrize("point", SOME_POINTS)
def test_a_publication_that_is_killed_leaves_secrets_to_its_owner_alone_and_none_when_it_is_over(tmp_path, point):
    with open_world(tmp_path, "url", dialect="founding") as world:
        canaries = Canaries(world)
        publish(world, point=point)
        canaries.require_none(while_under_way=True)
        assert world.run("resume", level="DEBUG").code == 0
        assert world.journal()[0].status == "ready"
        canaries.require_none()


@pytest.mark.parametrize("end", ["cancelled", "refused"])
def test_a_publication_that_does_not_get_ready_leaves_no_secret_when_it_is_cancelled(tmp_path, end):
    with open_world(tmp_path, "url", dialect="founding") as world:
        canaries = Canaries(world)
        world.sandbox.faults.fail_downloads = 9
        ended = publish(world)
        assert ended.outcome
        assert ended.outcome[0]["error"]["code"] == "download_failed"
        canaries.require_none(while_under_way=True)
        if end == "cancelled":
            assert world.run("cancel", name=world.journal()[0].id).code == 0
            canaries.require_none()


FAULTS = {
    "the Hub refuses the token": ("info", 401),
    "the Hub fails at the commit": ("commit", 500),
    "the storage refuses the bytes": ("lfs-put", 403),
    "the signed URL has expired": ("cdn-get", 403),
    "the Hub gives no signed URL": ("resolve", 404),
}


@pytest.mark.parametrize(("endpoint", "status"), FAULTS.values(), ids=FAULTS)
def test_no_fault_of_the_hub_makes_a_secret_come_out(tmp_path, endpoint, status):
    with open_world(tmp_path, "hub-private", dialect="founding") as world:
        canaries = Canaries(world)
        world.options["timeout"] = 6
        assert world.hub
        message = f"no: token {world.hub.token} at https://cdn.example/x?X-Amz-Signature={canaries.urls[2]}"
        world.hub.fail(endpoint, status, times=50, message=message)
        assert publish(world).code == 0
        canaries.require_none(while_under_way=True)


@pytest.mark.parametrize(("host", "point"), [
    (host, point) for host in ("url", "hub-private") for point in POINTS[host]
    if not point.startswith("inbox") and (host == "url" or "hub" in point)
][::3])  # fmt: skip
def test_a_traceback_with_all_locals_shows_no_secret(tmp_path, host, point):
    with open_world(tmp_path, host, dialect="founding") as world:
        canaries = Canaries(world)
        blown = publish(world, blow=point)
        assert "blown up on purpose" in blown.said
        assert "Locals:" in blown.said
        canaries.require_none(while_under_way=True)


@pytest.mark.parametrize("text", [
    "use_cls_token=True", "max_token_length: 225", "class_tokens", "the tokenizer of sdxl", "token_warmup_step 0.5",
    "keep_tokens = 2", "secretary painting", "password_reset style", "a key visual", "sk style",
    "https://hf.co/user/repo",
    '{"ss_keep_tokens": "1", "ss_max_token_length": "225"}', "weighted_captions", "ti_token_string sks",
    "basic training",
])  # fmt: skip
def test_what_only_sounds_like_a_secret_stays(text):
    assert redact(text) == text


def test_the_state_folder_is_the_owners_alone_also_where_it_was_open(tmp_path):
    with open_world(tmp_path, "dir") as world:
        world.home.mkdir(mode=0o755)
        assert publish(world).code == 0
        assert stat.S_IMODE(world.home.stat().st_mode) == 0o700
