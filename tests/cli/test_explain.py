from __future__ import annotations

import json

from rw_hooks.cli.app import run


def test_each_field_stands_with_its_value_and_source(sandbox, weights, capsys):
    assert run(["explain", "mystyle.safetensors", "--tags", "a,b"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["field", "value", "source"]
    rows = {line.split()[0]: line for line in lines if line.strip()}
    assert "sd1x" in rows["architecture"]
    assert rows["tags"].split("  ")[-1].strip() == "--tags"
    assert "$0.0017 a day after Runware's upload beta" in rows["storage"]


def test_an_image_that_was_given_is_shown_as_what_gets_a_url_later(sandbox, weights, capsys):
    weights.with_name("pic.png").write_bytes(b"\x89PNG")
    assert run(["explain", "mystyle.safetensors", "--hero-image", "pic.png"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "hero" in line]
    assert [row.split("  ")[0] for row in rows] == ["heroImageURL"]
    assert "not known yet" in rows[0]
    assert "--hero-image: pic.png" in rows[0]


def test_it_changes_nothing_anywhere(sandbox, weights, isolated_environment):
    before = {path: path.read_bytes() for path in weights.parent.iterdir()}
    assert run(["explain", "mystyle.safetensors"]) == 0
    assert {path: path.read_bytes() for path in weights.parent.iterdir()} == before
    assert sandbox.world.models == {}
    assert list(sandbox.folder.iterdir()) == []


def test_without_key_and_network_it_describes_all_but_the_air(weights, capsys):
    assert run(["explain", "mystyle.safetensors", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["status"], shown["air"], shown["sources"]["air"]) == ("described", None, "not resolved")


def test_a_bad_file_is_described_and_ends_with_3(weights, capsys):
    weights.write_bytes(weights.read_bytes() + b"\0")
    assert run(["explain", "mystyle.safetensors", "--json"]) == 3
    captured = capsys.readouterr()
    shown = json.loads(captured.out)
    assert shown["status"] == "described"
    assert "error" in [finding["severity"] for finding in shown["findings"]]
    assert captured.err.startswith("error: ")


def test_of_a_folder_it_says_which_file_it_is_and_what_is_left_out(sandbox, weights, capsys):
    weights.with_name("mystyle-000002.safetensors").write_bytes(weights.read_bytes()[:-2] + b"\x11\x11")
    assert run(["explain", "."]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0].split() == ["file", str(weights)]
    assert "not published: mystyle-000002.safetensors" in captured.err


def test_of_a_file_that_is_not_there_no_table_is_shown(capsys):
    assert run(["explain", "nothing.safetensors"]) == 2
    assert capsys.readouterr().out == ""
