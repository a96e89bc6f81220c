from __future__ import annotations

import json

from rw_hooks.cli.app import run


def test_only_the_description_is_sent(sandbox, weights, capsys):
    run(["publish", "mystyle.safetensors", "--json"])
    air = json.loads(capsys.readouterr().out)["air"]
    downloads = len(sandbox.world.downloads)
    assert run(["update", air, "--tags", "new,tags", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["status"], shown["changed"]) == ("ready", "updated")
    assert sandbox.world.models[air].fields["tags"] == ["new", "tags"]
    assert len(sandbox.world.downloads) == downloads


def test_a_model_that_nobody_knows_is_missing(sandbox, weights, capsys):
    assert run(["update", "sandbox:99@1", "--tags", "new"]) == 4
    assert "sandbox:99@1" in capsys.readouterr().err


def test_a_malformed_air_is_a_wrong_call(sandbox, capsys):
    assert run(["update", "sandbox"]) == 2
    assert capsys.readouterr().err.startswith("error: ")
