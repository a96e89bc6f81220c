"""How often the reader is right, wrong, or says that it cannot tell, over a folder of labelled headers.

    python benchmarks/identify.py CORPUS

Every ``*.json`` or ``*.json.gz`` below CORPUS is one item: ``tensors`` (name -> shape, dtype), ``metadata`` and
``labels`` (category, architecture, architecture_alternatives). Each is made into a real file, sparse and with a
neutral name, and read by the public ``inspect``; beside it, safetensors-arch from PyPI, when it is installed.

A family is right when it is the label's, or null where the label itself says that several families fit. An
architecture is asked only where Runware has a name for the label; where the label says that it is not in the file,
null is right, and so is the family's plain value, which is what a file is called when nothing calls it otherwise.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rw_hooks.architectures import FAMILY_OF, plain
from rw_hooks.artifact import inspect
from rw_hooks.artifact.read.header import DTYPE_BITS

_FAMILY_NAMES = {"sd2x": "sd2", "sdxl-refiner": "sdxl_refiner"}
_ARCH_FAMILIES = {"sdxl": "sdxl", "flux": "flux1", "wan": "wan", "qwen-image": "qwen_image", "dit-adaln": "anima"}


class Answer(NamedTuple):
    """What a reader says of one file; None is "cannot tell"."""

    category: str | None
    family: str | None
    architecture: str | None = None
    candidates: tuple[str, ...] = ()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--verbose", action="store_true", help="name every item that is not right")
    arguments = parser.parse_args()
    readers: dict[str, Callable[[Path], Answer]] = {"rw-hooks": ask_ours}
    try:
        import safetensors_arch  # noqa: F401
    except ImportError:
        print("safetensors-arch is not installed; its column is left out")
    else:
        readers["safetensors-arch"] = ask_safetensors_arch
    scores = {name: Counter[tuple[str, str, str]]() for name in readers}
    for name, item in items(arguments.corpus):
        for reader, score in zip(readers.values(), scores.values(), strict=True):
            judge(name, item["labels"], ask(reader, item), score, verbose=arguments.verbose and reader is ask_ours)
    for name, score in scores.items():
        report(name, score)


def items(corpus: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every labelled item below the folder."""
    for path in sorted(corpus.rglob("*.json*")):
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        content = json.loads(raw)
        if isinstance(content, dict) and "labels" in content and "tensors" in content:
            yield path.name.partition(".")[0], content


def ask(reader: Callable[[Path], Answer], item: dict[str, Any]) -> Answer:
    """Make the item into a file and ask about it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.safetensors"
        write_sparse(item, path)
        return reader(path)


def write_sparse(item: dict[str, Any], path: Path) -> None:
    """Write a file with this header whose data is a hole. Shapes and dtypes that were not recorded become [1], F16."""
    header: dict[str, Any] = {}
    metadata = item.get("metadata")
    if metadata:
        header["__metadata__"] = {
            key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()
        }
    position = 0
    for name, tensor in item["tensors"].items():
        shape = [1] if tensor.get("shape") is None else tensor["shape"]
        dtype = tensor.get("dtype") or "F16"
        count = 1
        for size in shape:
            count *= size
        end = position + count * DTYPE_BITS[dtype] // 8
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [position, end]}
        position = end
    raw = json.dumps(header).encode()
    with path.open("wb") as out:
        out.write(len(raw).to_bytes(8, "little") + raw)
        out.truncate(8 + len(raw) + position)


def ask_ours(path: Path) -> Answer:
    found = inspect(path, header_only=True)
    return Answer(found.category, found.family, found.architecture, found.candidates)


def ask_safetensors_arch(path: Path) -> Answer:
    import safetensors_arch

    said = safetensors_arch.detect(os.fspath(path))[0]
    kind, _, rest = said.partition(":")
    if kind == "lora":
        return Answer("lora", _ARCH_FAMILIES.get(rest))
    if said == "unknown":
        return Answer(None, None)
    return Answer("checkpoint", _ARCH_FAMILIES.get(said.removesuffix("-checkpoint")))


def family_of(architecture: str) -> str:
    return FAMILY_OF.get(architecture) or _FAMILY_NAMES.get(architecture, architecture)


def judge(
    name: str, labels: dict[str, Any], answer: Answer, score: Counter[tuple[str, str, str]], *, verbose: bool
) -> None:
    """Count one answer under its category."""
    truth, category = labels["architecture"], labels["category"]
    others = [item for item in labels["architecture_alternatives"] if not item.startswith("category:")]
    verdicts = {
        "category": mark(answer.category, {category, *category_alternatives(labels)}),
        "family": family_mark(answer, truth, others) if category != "other" else "right",
        "architecture": architecture_mark(answer, truth, labels) if truth in FAMILY_OF else "",
        "candidates": candidate_mark(answer, truth) if category != "other" else "",
    }
    for question, verdict in verdicts.items():
        if verdict:
            score[category, question, verdict] += 1
    if verbose and "right" not in {verdicts["category"]} & {verdicts["family"]}:
        print(f"  {name}: {category} {truth} -> {answer}")


def category_alternatives(labels: dict[str, Any]) -> set[str]:
    """LoCon is LoRA or LyCORIS by taste; a label may name more."""
    named = {
        item.removeprefix("category:") for item in labels["architecture_alternatives"] if item.startswith("category:")
    }
    return named | ({"lora", "controlnet"} & set(labels["architecture_alternatives"]))


def mark(said: str | None, right: set[str]) -> str:
    return "abstain" if said is None else "right" if said in right else "wrong"


def family_mark(answer: Answer, truth: str, others: list[str]) -> str:
    possible = {family_of(item) for item in others if item != "controlnet"} | {family_of(truth)}
    if answer.family is None and len(possible) > 1:
        return "right"
    return mark(answer.family, {family_of(truth)})


def architecture_mark(answer: Answer, truth: str, labels: dict[str, Any]) -> str:
    if labels["architecture_decidable_from"] != "not-in-file":
        return mark(answer.architecture, {truth})
    return "right" if answer.architecture in {truth, None, plain(family_of(truth))} else "wrong"


def candidate_mark(answer: Answer, truth: str) -> str:
    """The truth is among the candidates, or the platform has no name for it and the family says so."""
    inside = truth in answer.candidates if truth in FAMILY_OF else family_of(truth) == answer.family
    return "right" if inside else "wrong"


def report(name: str, score: Counter[tuple[str, str, str]]) -> None:
    print(f"\n{name}: right / wrong / abstain")
    questions = ("category", "family", "architecture", "candidates")
    print(f"  {'':<12}" + "".join(f"{question:>18}" for question in questions))
    for category in (*sorted({key[0] for key in score}), "total"):
        cells = [cell(score, category, question) for question in questions]
        print(f"  {category:<12}" + "".join(f"{text:>18}" for text in cells))
    for question in questions:
        counts = tally(score, "total", question)
        everything = sum(counts)
        if everything:
            print(f"  {question}: {counts[0] / everything:.1%} right, {counts[1]} wrong")


def cell(score: Counter[tuple[str, str, str]], category: str, question: str) -> str:
    return "/".join(map(str, tally(score, category, question)))


def tally(score: Counter[tuple[str, str, str]], category: str, question: str) -> tuple[int, ...]:
    return tuple(
        sum(count for key, count in score.items() if key[1:] == (question, verdict) and category in {key[0], "total"})
        for verdict in ("right", "wrong", "abstain")
    )


if __name__ == "__main__":
    main()
