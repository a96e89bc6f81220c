"""Hostile input, clocks that jump, and networks of all bad kinds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.doubles.faults import Faults
from tests.doubles.proxy import Proxy, Trouble
from tests.reliability.harness import AIR, ROOT, open_world
from tests.reliability.test_remote import HUB, finish, publish_in_spite_of

HOSTILE, CLOCK, NETWORK = "hostile input", "the clock jumps", "a bad network"


def yaml_bomb() -> bytes:
    lines = ["a0: &a0 [lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(lines).encode()


CONFIGS = {
    "bomb.yaml": yaml_bomb(),
    "deep.yaml": b"[" * 100_000,
    "object.yaml": b"a: !!python/object/apply:os.system ['touch /tmp/owned']",
    "deep.json": b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
    "huge.toml": b"",
    "nul.toml": b"\0" * 1000,
    "deep.toml": b"a = " + b"[" * 50_000,
    "latin.json": '{"größe": 1}'.encode("latin-1"),
    "number.json": b"1" * 100_000,
}


@pytest.mark.reliability(HOSTILE)
@pytest.mark.parametrize("name", CONFIGS)
def test_a_hostile_config_is_refused_or_ignored_in_time(tmp_path, name):
    with open_world(tmp_path, "dir") as world:
        config = tmp_path / name
        config.write_bytes(CONFIGS[name])
        if name.startswith("huge"):
            with config.open("ab") as file:
                file.truncate(110_000_000)
        world.options |= {"config": str(config), "timeout": 15}
        ended = world.run("publish", seconds=25)
        assert (ended.code, ended.late) == (0, False), ended.said
        assert ended.outcome
        assert ended.outcome[0]["status"] in {"ready", "failed"}
        assert (ended.outcome[0].get("error") or {}).get("code") != "internal_error"


@pytest.mark.reliability(HOSTILE)
def test_what_a_file_says_of_itself_moves_no_cursor(tmp_path):
    with open_world(tmp_path, "dir") as world:
        evil = "\x1b]0;owned\x07\x1b[2J\r\x9b31m\u202egnp"
        content = world.file.read_bytes()
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        header["__metadata__"] |= {"ss_training_comment": evil, "modelspec.title": evil + "x", "ss_output_name": evil}
        raw = json.dumps(header).encode()
        world.file.write_bytes(len(raw).to_bytes(8, "little") + raw + content[8 + length :])
        environ = {**world.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'integrations'}", "COLUMNS": "200"}
        for command in ("inspect", "explain"):
            words = [sys.executable, "-m", "rw_hooks", command, str(world.file)]
            shown = subprocess.run(words, env=environ, cwd=tmp_path, capture_output=True, check=False, timeout=60)
            text = (shown.stdout + shown.stderr).decode()
            assert not {"\x1b", "\x07", "\x9b", "\r", "\u202e"} & set(text), text


@pytest.mark.reliability(HOSTILE)
@pytest.mark.parametrize("endpoint", ["info", "commit", "cdn-get"])
def test_an_answer_of_a_wrong_shape_is_an_honest_end(tmp_path, endpoint):
    answer_in_a_wrong_shape(tmp_path, endpoint)


@pytest.mark.slow
@pytest.mark.reliability(HOSTILE)
@pytest.mark.parametrize(
    "endpoint", [name for name in HUB if name not in {"lfs-complete", "info", "commit", "cdn-get"}]
)
def test_every_answer_of_a_wrong_shape_is_an_honest_end(tmp_path, endpoint):
    answer_in_a_wrong_shape(tmp_path, endpoint)


def answer_in_a_wrong_shape(tmp_path, endpoint):
    with open_world(tmp_path, "hub-private") as world:
        assert world.hub
        world.hub.fail(endpoint, 200, times=1, message="\x1b[2Jnot what you asked for")
        publication = publish_in_spite_of(world)
        assert "\x1b" not in json.dumps(publication, ensure_ascii=False)
        world.hub.faults = Faults()
        if publication["status"] == "failed":
            world.run("publish")
        finish(world)


@pytest.mark.reliability(CLOCK)
@pytest.mark.parametrize(("point", "seconds"), [
    ("host.before_upload", -86_400.0), ("host.before_upload", 10 * 365 * 86_400.0),
    ("register.phase.validated", 3600.0), ("register.phase.validated", -3600.0),
])  # fmt: skip
def test_a_clock_that_jumps_changes_nothing(tmp_path, point, seconds):
    with open_world(tmp_path, "url") as world:
        ended = world.run("publish", point=point, clock=seconds)
        assert ended.code == 0, ended.said
        world.require_ready()


@pytest.mark.reliability(CLOCK)
@pytest.mark.parametrize("times", [1, 2])
def test_an_expired_url_is_minted_anew(tmp_path, times):
    with open_world(tmp_path, "hub-private") as world:
        world.sandbox.faults.fail_downloads = times
        ended = world.run("publish")
        assert ended.outcome
        assert ended.outcome[0]["status"] == "ready", ended.outcome
        fetched = world.sandbox.world.downloads
        assert [bool(entry.problem) for entry in fetched] == [True] * times + [False]
        assert len({entry.url for entry in fetched}) == times + 1
        assert world.sandbox.world.models[AIR].sha256 == world.sha256


KINDS = ("reset", "stall", "half-close", "drip")
AFTER = (0, 300, 70_000, 300_000, 500_000)
CDN = [(kind, after) for kind in KINDS for after in AFTER]
SOME_CDN = [case for number, case in enumerate(CDN) if number % 5 == (number // 5) % 5]


def upload_through(tmp_path, trouble: Trouble) -> None:
    with open_world(tmp_path, "hub-private") as world:
        assert world.hub
        with Proxy(world.hub.cdn_url) as proxy:
            world.hub.cdn_front = proxy.url
            proxy.add(trouble)
            world.uploads_most = 2
            publish_in_spite_of(world)
            finish(world)


@pytest.mark.reliability(NETWORK)
@pytest.mark.parametrize(("kind", "after"), SOME_CDN)
def test_an_upload_over_a_bad_network_is_finished_once(tmp_path, kind, after):
    upload_through(tmp_path, Trouble(kind, after=after, pause=0.2))


@pytest.mark.slow
@pytest.mark.reliability(NETWORK)
@pytest.mark.parametrize("upstream", [True, False])
@pytest.mark.parametrize(("kind", "after"), [*CDN, ("refuse", 0)])
def test_an_upload_over_every_bad_network_is_finished_once(tmp_path, kind, after, upstream):
    upload_through(tmp_path, Trouble(kind, after=after, upstream=upstream, pause=0.2))


@pytest.mark.reliability(NETWORK)
@pytest.mark.parametrize("kind", ["refuse", *KINDS])
@pytest.mark.parametrize("remote", ["REST", "WebSocket"])
def test_runware_over_a_bad_network_registers_once(tmp_path, remote, kind):
    register_through(tmp_path, remote, kind, 1)


@pytest.mark.slow
@pytest.mark.reliability(NETWORK)
@pytest.mark.parametrize("kind", ["refuse", *KINDS])
@pytest.mark.parametrize("remote", ["REST", "WebSocket"])
def test_runware_over_a_bad_network_three_times_registers_once(tmp_path, remote, kind):
    register_through(tmp_path, remote, kind, 3)


def register_through(tmp_path, remote, kind, times):
    with open_world(tmp_path, "url") as world:
        name, path = ("RUNWARE_API_URL", "/v1") if remote == "REST" else ("RUNWARE_WS_URL", "/v1")
        address = world.environ[name]
        with Proxy("http://" + address.partition("://")[2].removesuffix(path)) as proxy:
            world.environ[name] = address.partition("://")[0] + "://" + proxy.url.partition("://")[2] + path
            proxy.add(Trouble(kind, after=400, upstream=remote == "REST", pause=0.5), times)
            publish_in_spite_of(world)
            finish(world)


UNREACHABLE = {
    "no such name": {"RUNWARE_API_URL": "http://nowhere.invalid/v1", "RUNWARE_WS_URL": "ws://nowhere.invalid/v1"},
    "no TLS there": {"RUNWARE_API_URL": "https://127.0.0.1:{port}/v1"},
    "nobody listens": {"RUNWARE_API_URL": "http://127.0.0.1:9/v1", "RUNWARE_WS_URL": "ws://127.0.0.1:9/v1"},
}


@pytest.mark.reliability(NETWORK)
@pytest.mark.parametrize("environ", UNREACHABLE.values(), ids=UNREACHABLE)
def test_an_unreachable_platform_is_said_and_nothing_is_lost(tmp_path, environ):
    with open_world(tmp_path, "url") as world:
        good = dict(world.environ)
        port = good["RUNWARE_API_URL"].rpartition(":")[2].partition("/")[0]
        world.environ |= {name: value.format(port=port) for name, value in environ.items()}
        world.options["timeout"] = 3
        publication = publish_in_spite_of(world)
        assert (publication["status"], publication["error"]["retryable"]) == ("pending", True)
        world.environ = good
        assert world.run("publish").code == 0
        world.require_once()
