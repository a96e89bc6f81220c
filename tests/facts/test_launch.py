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


def options_in(name: str, content: str, folder: Path) -> dict[str, object]:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return dict(read_launch_script(path).options)


SHELL = """
export NAME="maya"
WORD='ohwx "w" $5' # a remark
DIR=out/$NAME
EXTRA="--rank 4 --sdpa"
python t.py --name="${NAME}_v2" --word "$WORD" --dir $DIR/x $EXTRA --lost $LOST --part a $LOST --note "\\$5"
"""
BATCH = """
set NAME=my maya
set "DIR=out/%name%"
python t.py --name="%NAME%_v2" --dir "%DIR%" --lost %LOST% --part a %1 --sdpa --note "5%% of $5"
"""
POWERSHELL = """
$Name = "maya" # a remark
$env:WORD = "ohwx w"
$DIR = "out/$Name"
python t.py --name="${name}_v2" --word $env:word --dir "$DIR/x" --lost $LOST --part a $(Get-Date) --sdpa
"""


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("train.sh", SHELL, {"name": "maya_v2", "word": 'ohwx "w" $5', "dir": "out/maya/x", "rank": "4", "note": "$5"}),
        ("train.bat", BATCH, {"name": "my maya_v2", "dir": "out/my maya", "note": "5% of $5"}),
        ("train.ps1", POWERSHELL, {"name": "maya_v2", "word": "ohwx w", "dir": "out/maya/x"}),
    ],
)
def test_variables_have_the_values_that_the_script_sets(
    name: str, content: str, expected: dict[str, object], tmp_path: Path
) -> None:
    assert options_in(name, content, tmp_path) == {"part": "a", "sdpa": True, **expected}


@pytest.mark.parametrize(
    "setting",
    [
        "NAME=$(date)", "NAME=`date`", "NAME=${1:-maya}", "NAME=$1", "NAME=a\nNAME=b", "if x; then NAME=a; fi",
        "if x; then\n  NAME=a\nfi", "NAME=a\nif x; then\n  NAME=b\nfi", "NAME=a\nfor NAME in b c; do",
        "NAME=a\nread NAME", "NAME=$NAME", "API_KEY=not-shaped-like-one\nNAME=$API_KEY", "NAME=a; rm b",
    ],
)  # fmt: skip
def test_a_value_that_depends_on_more_than_the_script_is_left_out(setting: str, tmp_path: Path) -> None:
    assert options_in("train.sh", f"{setting}\npython t.py --name $NAME --rank 4\n", tmp_path) == {"rank": "4"}


def test_variables_that_double_each_other_stay_small(tmp_path: Path) -> None:
    doubling = "".join(f"V{number + 1}=$V{number}$V{number}\n" for number in range(40))
    options = options_in("train.sh", f"V0=xxxxxxxxxx\n{doubling}python t.py --name $V40 --rank 4\n", tmp_path)
    assert options == {"rank": "4"}


def test_a_dollar_in_an_argv_is_a_dollar() -> None:
    assert parse_argv(["t.py", "--prompt", "a $NAME and a $5 bill"]).options == {"prompt": "a $NAME and a $5 bill"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("train.sh", "echo 'no end", "no command with options"),
        ("train.sh", "", "no command with options"),
        ("train.txt", "python t.py --a 1", "not a launch script"),
    ],
)
def test_what_is_no_launch_script_is_refused(name: str, content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableError, match=said):
        read_launch_script(path)
