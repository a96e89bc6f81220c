"""A target for atheris: whatever the bytes are, the reader judges them, and never more kindly than the library does.

python tests/fuzz/header_target.py -max_total_time=60
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports():
    from rw_hooks.artifact import inspect
    from rw_hooks.artifact.read.header import HeaderError, header_length, parse_header

from safetensors import SafetensorError, deserialize

SEEDS = Path(__file__).parents[1] / "data" / "malformed"
FILE = Path(tempfile.mkdtemp(prefix="fuzz-")) / "file.safetensors"


def judge(raw: bytes) -> None:
    """Compare the verdicts on the structure, then read the whole file."""
    try:
        length = header_length(raw[:8], len(raw))
        parse_header(raw[8 : 8 + length], len(raw) - 8 - length)
    except HeaderError:
        pass
    else:
        try:
            deserialize(raw)
        except SafetensorError as error:
            raise AssertionError(f"accepted, but the library refuses: {error}") from error
    FILE.write_bytes(raw)
    inspect(FILE)


def main() -> None:
    corpus = FILE.parent / "corpus"
    corpus.mkdir()
    for seed in SEEDS.glob("*.safetensors"):
        if seed.stat().st_size < 4096:
            (corpus / seed.name).write_bytes(seed.read_bytes())
    atheris.Setup([*sys.argv, str(corpus)], judge)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
