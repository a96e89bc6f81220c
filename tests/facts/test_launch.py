from __future__ import annotations

from pathlib import Path

import pytest

from rw_hooks.facts.configs import UnreadableError
from rw_hooks.facts.launch import parse_argv, read_launch_script


def test_a_launcher_and_its_options_are_passed_over() -> None:
    launcher = "accelerate launch --num_processes 1 --mixed_precision bf16 sd-scripts/flux_train_network.py"
    options = "--output_name maya --network_args algo=lokr conv_dim=4 --sdpa --max-train-steps=100 --offset -1"
    launch = parse_argv([*launcher.split(), *options.split()])
    assert launch.script == "flux_train_network.py"
    assert launch.options == {
        "output_name": "maya",
        "network_args": ["algo=lokr", "conv_dim=4"],
        "sdpa": True,
        "max_train_steps": "100",
        "offset": "-1",
    }


@pytest.mark.parametrize(
    ("argv", "script", "arguments"),
    [
        ("python run_shim.py src/wan_train_network.py --task t2v", "wan_train_network.py", ()),
        ("python run.py /configs/maya.yaml", "run.py", ("/configs/maya.yaml",)),
        ("python -m musubi_tuner.wan_train_network --task t2v", "musubi_tuner.wan_train_network", ()),
        ("simpletuner train", "", ("simpletuner", "train")),
        ("", "", ()),
    ],
)
def test_the_script_is_the_last_of_those_that_run_each_other(
    argv: str, script: str, arguments: tuple[str, ...]
) -> None:
    launch = parse_argv(argv.split())
    assert (launch.script, launch.arguments) == (script, arguments)


def test_the_last_of_a_repeated_option_holds() -> None:
    assert parse_argv(["t.py", "--seed", "1", "--seed", "2"]).options == {"seed": "2"}


def test_secrets_are_dropped() -> None:
    token = "hf_" + "aB3" * 11
    launch = parse_argv(["t.py", "--hub_token", token, "--note", f"x {token}", "--api-key=abc"])
    assert launch.options == {"note": "x [removed]"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "train.sh",
            '# --output_name x\ncd repo\naccelerate launch \\\n  a/flux_train.py \\\n  --output_name "my maya"\n',
        ),
        ("train.bat", 'REM start\r\naccelerate launch ^\r\n  a/flux_train.py ^\r\n  --output_name "my maya"\r\n'),
        ("train.ps1", 'accelerate launch `\n  a/flux_train.py `\n  --output_name "my maya"\n'),
    ],
)
def test_launch_scripts_of_each_shell_are_read(name: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    launch = read_launch_script(path)
    assert (launch.source, launch.script, launch.options) == (name, "flux_train.py", {"output_name": "my maya"})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("train.sh", "echo 'no end", "no command with options"),
        ("train.sh", "", "no command with options"),
        ("train.txt", "python t.py --a 1", "no launch script"),
    ],
)
def test_what_is_no_launch_script_is_refused(name: str, content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableError, match=said):
        read_launch_script(path)
