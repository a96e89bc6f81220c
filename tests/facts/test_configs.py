from __future__ import annotations

from pathlib import Path

import pytest

from rw_hooks.facts.configs import UnreadableError, is_secret_key, read_config

TOKEN = "hf_" + "aB3" * 11


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.toml", "[model]\ntype = 'flux'\n"),
        ("run.yaml", "model:\n  type: flux\n"),
        ("hparams.yml", "model: {type: flux}\n"),
        ("run.json", '{"model": {"type": "flux"}}'),
        ("run.json", '\ufeff{"model": {"type": "flux"}}'),
    ],
)
def test_each_format_is_read(name: str, content: str, tmp_path: Path) -> None:
    config = read_config(written(tmp_path, name, content))
    assert config.values == {"model": {"type": "flux"}}
    assert config.source("model.type") == f"{name}: model.type"


def test_env_files_give_options_by_their_long_names(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, "config.env", "export MODEL_FAMILY='flux'\n# a remark\nHF_TOKEN=hf_x\n"))
    assert config.values == {"model_family": "flux"}


def test_a_list_at_the_top_is_kept_under_items(tmp_path: Path) -> None:
    assert read_config(written(tmp_path, "b.json", '[{"id": 1}]')).values == {"items": [{"id": 1}]}


def test_yaml_aliases_that_stay_small_are_followed(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, "c.yaml", "size: &s [512, 512]\nother: *s\n"))
    assert config.values["other"] == [512, 512]


LEVELS = tuple(zip("abcdefgh", "bcdefghi", strict=True))
"""Each anchor of a bomb stands for nine of the one before it: 9 ** 8 values in half a kilobyte."""


def nine(name: str) -> str:
    return "[" + ", ".join([f"*{name}"] * 9) + "]"


BOMB = "a: &a [x, x]\n" + "".join(f"{name}: &{name} {nine(before)}\n" for before, name in LEVELS)
MERGE_BOMB = "a: &a {x: 1}\n" + "".join(f"{name}: &{name}\n  <<: {nine(before)}\n" for before, name in LEVELS)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bomb.yaml", BOMB, "too many values"),
        ("merge.yaml", MERGE_BOMB, "too many values"),
        ("self.yaml", "a: &a [*a]\n", "the value that contains it"),
        ("deep.yaml", "[" * 200 + "]" * 200, "nested too deep"),
        ("deep.json", "[" * 200 + "]" * 200, "nested too deep"),
        ("deeper.json", "[" * 200_000, "is broken"),
        ("deeper.toml", "a = " + "[" * 200_000, "is broken"),
        ("code.yaml", "a: !!python/object/apply:os.system ['touch /tmp/pwned']", "is broken"),
        ("cut.toml", "a = ", "is broken"),
        ("cut.json", '{"a": ', "is broken"),
        ("cut.yaml", "a: [1, ", "is broken"),
        ("word.yaml", "just a word", "holds no settings"),
        ("number.json", "9" * 5000, "is broken"),
        ("bytes.toml", b"\xff\xfe\x00", "cannot be read"),
        ("large.json", b" " * 5_000_001, "too large for a config"),
        ("run.ini", "[a]\n", "none of the known config formats"),
    ],
)
def test_what_is_broken_or_hostile_is_refused_by_name_and_reason(
    name: str, content: str | bytes, said: str, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableError, match=said) as caught:
        read_config(written(tmp_path, name, content))
    assert str(caught.value).startswith(name)
    assert str(tmp_path) not in str(caught.value)


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"gone\.toml cannot be read"):
        read_config(tmp_path / "gone.toml")


@pytest.mark.parametrize(
    "key",
    ["huggingface_token", "hub_token", "token", "HF_TOKEN", "wandb_api_key", "--wandb_key", "secret", "password",
     "secret_access_key", "passwd", "aws_credentials", "webhook_url", "api-key"],
)  # fmt: skip
def test_names_of_secrets_are_known(key: str) -> None:
    assert is_secret_key(key)


@pytest.mark.parametrize(
    "key",
    ["placeholder_token", "initializer_token", "class_tokens", "keep_tokens", "token_string", "max_token_length",
     "tokenizer_name", "hub_model_id", "keep_tokens_separator", "monkey_patch"],
)  # fmt: skip
def test_names_of_training_words_are_no_secrets(key: str) -> None:
    assert not is_secret_key(key)


def test_secrets_are_dropped_at_any_depth_and_in_values(tmp_path: Path) -> None:
    config = read_config(
        written(
            tmp_path,
            "run.json",
            f'{{"a": {{"hub_token": "{TOKEN}", "b": [{{"wandb_api_key": "x"}}]}}, "note": "my {TOKEN} here"}}',
        )
    )
    assert config.values == {"a": {"b": [{}]}, "note": "my [removed] here"}
