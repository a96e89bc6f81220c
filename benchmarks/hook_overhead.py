"""What a hook costs a training: the hand-over itself, and the steps that are trained while a publication runs.

    python benchmarks/hook_overhead.py [--gigabytes 1] [--pairs 8]

Part 1: ``on_save`` for sparse files of 1 MB, 1 GB and 24 GB, with a worker at its post, and the first call, which
starts one. Part 2: a loop that does nothing but compute, in paired blocks: at rest, and while a file of the given size
is published to the sandbox (another process, at the lowest priority: it stands for machines elsewhere). Where the
system counts it (Linux), also the share of that time in which the loop waited for a processor, at rest and meanwhile:
what the host does to the clock of its processors does not show there. Beside it the same with
``huggingface_hub.upload_file`` in a thread and blocking, to a Hub on loopback; both need the test extra.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rw_hooks.hook import PublishHook
from rw_hooks.queue.worker_lease import WorkerLease
from rw_hooks.support.redact import fingerprint

ROOT = Path(__file__).parents[1]
SIZES = {"1 MB": 10**6, "1 GB": 10**9, "24 GB": 24 * 10**9}
CALLS = 300
BLOCK_SECONDS = 4.0
HUB = (
    "import time; from tests.doubles.hub import HubDouble\n"
    "with HubDouble() as hub:\n"
    "    hub.part_size = 1 << 40\n"
    "    print(hub.url, hub.token, hub.user, flush=True)\n"
    "    time.sleep(3600)\n"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of the published file")
    parser.add_argument("--pairs", type=int, default=8, help="paired blocks of each kind; 0 for part 1 alone")
    arguments = parser.parse_args()
    os.environ["HF_HUB_DISABLE_XET"] = os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    logging.getLogger("rw_hooks").setLevel(logging.ERROR)  # part 1 has nobody to publish to, and is warned of that
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        measure_hand_over(folder)
        if arguments.pairs:
            measure_steps(folder, int(arguments.gigabytes * 2**30), arguments.pairs)


def measure_hand_over(folder: Path) -> None:
    print(f"on_save, {CALLS} calls each (milliseconds)")
    print(f"{'file':>10} {'p50':>8} {'p99':>8} {'first':>8}   first: starts the worker")
    for label, size in SIZES.items():
        home = folder / f"home-{size}"
        os.environ.update(RW_HOOKS_HOME=str(home), RUNWARE_API_KEY="none", RUNWARE_API_URL="http://127.0.0.1:9/v1")
        file = sparse(folder / f"{size}.safetensors", size)
        first = first_call(file)
        post = WorkerLease(home, "http://127.0.0.1:9/v1", fingerprint("none"))
        with at_its_post(home):
            require(post.is_held, "there is no worker at its post")
            seconds = hand_over_often(file)
        cuts = statistics.quantiles(seconds, n=100)
        print(f"{label:>10} {cuts[49] * 1e3:8.2f} {cuts[98] * 1e3:8.2f} {first * 1e3:8.2f}")
        file.unlink()


def hand_over_often(file: Path) -> list[float]:
    hook = PublishHook()
    seconds = [timed(lambda: hook.on_save(file)) for _ in range(CALLS)]
    hook.on_end(wait=False)
    return seconds


def first_call(file: Path) -> float:
    """Return the time of a call that has to start a process for the worker, which here has nothing to do."""
    hook = PublishHook(worker_command=f'"{sys.executable}" -c pass')
    while WorkerLease(hook._home, hook._endpoint, hook._account).is_awaited:  # noqa: SLF001
        time.sleep(0.05)
    seconds = timed(lambda: hook.on_save(file))
    if (session := hook._session) is not None:  # noqa: SLF001
        session.process_lock.release()  # the end would start another
    return seconds


@contextmanager
def at_its_post(home: Path) -> Iterator[None]:
    """Have a process hold the worker's post while the block runs."""
    code = (
        "import sys, time; from pathlib import Path; from rw_hooks.queue.worker_lease import WorkerLease\n"
        "from rw_hooks.support.redact import fingerprint\n"
        "post = WorkerLease(Path(sys.argv[1]), 'http://127.0.0.1:9/v1', fingerprint('none'))\n"
        "while not post.acquire(): time.sleep(0.1)\n"
        "print('there', flush=True); time.sleep(3600)"
    )
    with server([sys.executable, "-c", code, str(home)]) as line:
        require(line == "there", "the post could not be taken")
        yield


def measure_steps(folder: Path, size: int, pairs: int) -> None:
    file = real(folder / "model.safetensors", size)
    print(f"\nstep time while {size / 2**30:g} GiB are published, {pairs} paired blocks of {BLOCK_SECONDS:g} s")
    print(f"{'':>34} {'median':>8} {'quartiles':>18}   change of the step time; waited at rest, meanwhile")
    with server([sys.executable, "-m", "rw_hooks", "sandbox", "--json", "--delay", "0"], nice=19) as line:
        sandbox = json.loads(line)
        report("rw-hooks", paired(lambda number: ours(folder, file, sandbox, number), pairs))
    with server([sys.executable, "-c", HUB], nice=19) as line:
        url, token, user = line.split()
        report("upload_file in a thread", paired(lambda number: theirs(file, url, token, user, number), pairs))
        started = time.monotonic()
        theirs(file, url, token, user, 10_000)()
        print(f"{'upload_file, blocking':>34} {time.monotonic() - started:7.1f} s without any step")


def ours(folder: Path, file: Path, sandbox: dict[str, Any], number: int) -> Callable[[], None]:
    """Begin a publication, and return what waits for its end."""
    os.environ.update(
        RW_HOOKS_HOME=str(folder / f"home-steps-{number}"), RUNWARE_API_KEY=sandbox["key"],
        RUNWARE_API_URL=sandbox["api_url"], RUNWARE_WS_URL=sandbox["ws_url"],
    )  # fmt: skip
    with file.open("r+b") as changed:  # other bytes, so that nothing is known of them
        changed.seek(-8, os.SEEK_END)
        changed.write(number.to_bytes(8, "little"))
    hook = PublishHook(host=sandbox["host"], architecture="sdxl", wait="no")
    hook.on_save(file, final=True)
    hook.on_end()

    def wait() -> None:
        [standing] = hook.wait(600)
        require(standing.status == "ready", standing.message)
        served = Path(sandbox["folder"])
        for copy in served.glob("model*"):
            copy.unlink()

    return wait


def theirs(file: Path, url: str, token: str, user: str, number: int) -> Callable[[], None]:
    """Begin an upload in a thread, and return what waits for its end."""
    from huggingface_hub import HfApi

    api = HfApi(endpoint=url, token=token)
    with file.open("r+b") as changed:
        changed.seek(-8, os.SEEK_END)
        changed.write((1 << 40 | number).to_bytes(8, "little"))
    api.create_repo(f"{user}/model-{number}", exist_ok=True)
    upload = threading.Thread(
        target=api.upload_file,
        kwargs={"path_or_fileobj": file, "path_in_repo": file.name, "repo_id": f"{user}/model-{number}"},
    )
    upload.start()
    return upload.join


@dataclass(frozen=True)
class Block:
    """A while of training.

    Attributes:
        step: Median time of a step, in seconds.
        waited: Share of the time in which the process could have run and did not.
    """

    step: float
    waited: float


def paired(begin: Callable[[int], Callable[[], None]], pairs: int) -> list[tuple[Block, Block]]:
    """Return pairs of blocks, at rest and while publishing; odd pairs have the publication first."""
    results: list[tuple[Block, Block]] = []
    for number in range(pairs):
        blocks: dict[bool, Block] = {}
        for publishing in (False, True) if number % 2 else (True, False):
            wait = begin(number) if publishing else None
            blocks[publishing] = block()
            if wait is not None:
                wait()
        results.append((blocks[False], blocks[True]))
    return results


def block() -> Block:
    """Train for a while."""
    started, waited, seconds = time.perf_counter(), seconds_waited(), []
    while time.perf_counter() < started + BLOCK_SECONDS:
        seconds.append(timed(step))
    return Block(statistics.median(seconds), (seconds_waited() - waited) / (time.perf_counter() - started))


def seconds_waited() -> float:
    """Return how long this thread has waited for a processor so far; 0 where the system does not tell."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def step() -> int:
    """Compute for about five milliseconds."""
    total = 0
    for number in range(60_000):
        total += number * number
    return total


def report(label: str, pairs: list[tuple[Block, Block]]) -> None:
    low, middle, high = statistics.quantiles([during.step / rest.step - 1 for rest, during in pairs], n=4)
    waited = [statistics.median(block.waited for block in blocks) for blocks in zip(*pairs, strict=True)]
    print(f"{label:>34} {middle:+8.2%} {low:+8.2%} {high:+8.2%}   {waited[0]:.2%}, {waited[1]:.2%}")


def require(condition: bool, message: str) -> None:
    if not condition:
        sys.exit(message)


def timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


@contextmanager
def server(command: list[str], *, nice: int = 0) -> Iterator[str]:
    """Run a process that says one line when it is ready, and yield that line."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "integrations")))}
    words = [*(["nice", "-n", str(nice)] if nice else []), *command]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environ, cwd=ROOT) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


def sparse(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def real(path: Path, size: int) -> Path:
    """Write a LoRA of about this size that passes inspection."""
    import numpy as np

    rows = size // (2 * 4 * 640)
    name = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q"
    shapes = {f"{name}.lora_down.weight": [rows, 640], f"{name}.lora_up.weight": [640, rows]}
    header: dict[str, Any] = {"__metadata__": {"ss_base_model_version": "sdxl_base_v1-0"}}
    end = 0
    for tensor, shape in shapes.items():
        header[tensor] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + rows * 640 * 4]}
        end += rows * 640 * 4
    text = json.dumps(header).encode()
    piece = np.random.default_rng(0).standard_normal(1 << 18, dtype=np.float32).tobytes()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for start in range(0, end, len(piece)):
            file.write(piece[: end - start])
    return path


if __name__ == "__main__":
    main()
