"""What reading, hashing and scanning a file costs, over hashing it alone.

    python benchmarks/inspect_speed.py [--gib 1 --gib 4] [--rounds 5] [--folder DIR]

For each size a real file of random F16 weights is written. Each round runs, as whole processes one after the other,
``hashlib.sha256`` over the file and ``rw_hooks.inspect`` of it, and each of them on a 1 MB file; what the small file
takes (interpreter, imports) is taken off. The file is hashed in two ways: as ``hashlib.file_digest`` reads it, and as
fast as it can be read, into a buffer that begins where a page does. Reported: the median ratios of a round, peak memory
over that of the small file, bytes read from the file, and the time of ``--header-only`` on a sparse 24 GB checkpoint,
beside that of an interpreter that does nothing; all medians.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_MIB = 1 << 20
_TENSOR = 8 * _MIB

_HASH = """
import hashlib, mmap, sys
digest, view = hashlib.sha256(), memoryview({buffer})
with open(sys.argv[1], "rb", buffering=0) as file:
    while count := file.readinto(view):
        digest.update(view[:count])
print(digest.hexdigest())
"""
_PLAIN = _HASH.format(buffer="bytearray(1 << 18)")
_ALIGNED = _HASH.format(buffer="mmap.mmap(-1, 1 << 18)")
_INSPECT = """
import sys
from rw_hooks.artifact import inspect
print(inspect(sys.argv[1]).sha256)
"""
# The same in one process, to see its memory and what it read; a first small file brings the imports in.
_MEASURE = """
import resource, sys
from rw_hooks.artifact import inspect
def read():
    with open("/proc/self/io") as file:
        return int(file.readline().split()[1])
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
inspect(sys.argv[1])
memory, start, own = peak(), read(), read()
inspect(sys.argv[2])
print(read() - start - (own - start), peak() - memory)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, action="append", help="size of the file; may be repeated (1 and 4)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where to write the files (about twice the size must be free)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        small = write_weights(Path(folder) / "small.safetensors", _MIB)
        for gib in arguments.gib or [1.0, 4.0]:
            large = write_weights(Path(folder) / "large.safetensors", int(gib * 1024) * _MIB)
            compare(small, large, arguments.rounds)
            large.unlink()
        header_only(Path(folder) / "sparse.safetensors", arguments.rounds)


def write_weights(path: Path, size: int) -> Path:
    """Write about ``size`` bytes of finite F16 numbers as a checkpoint would lay them out."""
    length = min(_TENSOR, size)
    # Exponents stay below Inf when the top bits of every second byte are cut.
    block = bytearray(random.Random(0).randbytes(length))
    block[1::2] = bytes(value & 0xBB for value in block[1::2])
    header = {
        f"model.diffusion_model.block.{number}.weight": {
            "dtype": "F16", "shape": [length // 2], "data_offsets": [number * length, (number + 1) * length],
        }
        for number in range(size // length)
    }  # fmt: skip
    raw = json.dumps(header).encode()
    with path.open("wb") as out:
        out.write(len(raw + b" " * (-len(raw) % 8)).to_bytes(8, "little") + raw + b" " * (-len(raw) % 8))
        for _ in header:
            out.write(block)
    return path


def compare(small: Path, large: Path, rounds: int) -> None:
    size = large.stat().st_size
    print(f"{size / 2**30:.2f} GiB, {os.cpu_count()} cores")
    plain: list[float] = []
    aligned: list[float] = []
    for _ in range(rounds):
        ours, digest, fastest = (beyond_small(program, small, large) for program in (_INSPECT, _PLAIN, _ALIGNED))
        plain.append(ours / digest)
        aligned.append(ours / fastest)
        print(f"  inspect {ours:.2f} s; hashlib.sha256 {digest:.2f} s, with an aligned buffer {fastest:.2f} s")
    print(f"  median ratio {statistics.median(plain):.3f}, over the aligned buffer {statistics.median(aligned):.3f}")
    if Path("/proc/self/io").exists():
        read, memory = map(int, run("-c", _MEASURE, small, large).split())
        print(f"  bytes read {read}, size {size}, difference {read - size}")
        print(f"  peak memory {memory / 1024:.0f} MB over that of a 1 MB file")


def beyond_small(program: str, small: Path, large: Path) -> float:
    return seconds("-c", program, large) - seconds("-c", program, small)


def header_only(path: Path, rounds: int) -> None:
    size = 24_000_000_000
    count = 2000
    each = size // count
    header = {
        f"model.diffusion_model.layer.{number}.weight": {
            "dtype": "U8", "shape": [each], "data_offsets": [number * each, (number + 1) * each],
        }
        for number in range(count)
    }  # fmt: skip
    raw = json.dumps(header).encode()
    with path.open("wb") as out:
        out.write(len(raw).to_bytes(8, "little") + raw)
        out.truncate(8 + len(raw) + size)
    for words in ([], ["--json"]):
        times = [seconds("-m", "rw_hooks", "inspect", "--header-only", *words, path) for _ in range(rounds)]
        bare = statistics.median(seconds("-c", "pass") for _ in range(rounds))
        shown = " ".join(["inspect --header-only", *words])
        print(
            f"{shown}, 24 GB, {count} tensors: median {statistics.median(times):.3f} s in all, interpreter {bare:.3f} s"
        )


def seconds(*arguments: str | Path) -> float:
    start = time.perf_counter()
    run(*arguments)
    return time.perf_counter() - start


def run(*arguments: str | Path) -> str:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
