"""Where options come from: an argument beats the environment, which beats rw-hooks.toml."""

from __future__ import annotations

import os

import pytest

from rw_hooks.config.settings import load
from rw_hooks.errors import MissingError, UsageError


def test_the_strongest_source_wins_and_is_named(tmp_path):
    (tmp_path / "rw-hooks.toml").write_text('name = "file"\nversion = "file"\ncomment = "from the file"\n')
    inner = tmp_path / "runs" / "one"
    inner.mkdir(parents=True)
    environ = {"RW_HOOKS_NAME": "environment", "RW_HOOKS_VERSION": "environment"}
    settings = load({"name": "flag"}, environ=environ, directory=inner, as_flags=True)
    assert {name: (given.value, given.source) for name, given in settings.given.items()} == {
        "name": ("flag", "--name"),
        "version": ("environment", "RW_HOOKS_VERSION"),
        "comment": ("from the file", "rw-hooks.toml: comment"),
    }


def test_relative_paths_are_of_where_they_were_written(tmp_path):
    (tmp_path / "train.toml").touch()
    (tmp_path / "rw-hooks.toml").write_text('config = "train.toml"\nhero_image = "https://example.com/a.png"\n')
    inner = tmp_path / "inner"
    inner.mkdir()
    settings = load({"staging": "held"}, environ={}, directory=inner)
    assert settings.text("config") == str(tmp_path / "train.toml")
    assert settings.text("staging") == str(inner / "held")
    assert settings.text("hero_image") == "https://example.com/a.png"


def test_a_path_may_begin_with_the_users_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    settings = load({"staging": "~/held", "hero_image": "~/a.png"}, environ={}, directory=tmp_path / "inner")
    assert (settings.text("staging"), settings.text("hero_image")) == (str(tmp_path / "held"), str(tmp_path / "a.png"))


@pytest.mark.parametrize("value", ["gone.toml", ".", "x" * 300, "", "~nobody-of-this-name/a.toml", "a\0b"])
def test_a_config_that_cannot_be_read_is_refused_whoever_names_it(tmp_path, value):
    with pytest.raises(UsageError, match="config") as caught:
        load({"config": value}, environ={}, directory=tmp_path)
    assert (caught.value.exit_code, caught.value.code) == (2, "bad_option")
    if value:
        with pytest.raises(UsageError, match="RW_HOOKS_CONFIG"):
            load({}, environ={"RW_HOOKS_CONFIG": value}, directory=tmp_path)


def test_a_config_that_is_gone_does_not_stop_what_describes_nothing(tmp_path):
    (tmp_path / "rw-hooks.toml").write_text('config = "gone.toml"')
    with pytest.raises(UsageError, match=r"rw-hooks\.toml: config"):
        load({}, environ={}, directory=tmp_path)
    assert load(environ={}, directory=tmp_path).text("config") == str(tmp_path / "gone.toml")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name = ", "cannot be read"),
        ("nmae = 'x'", "did you mean name"),
        ("steps = 0", "steps"),
        ("#" * 1_000_001, "too large"),
        ("weight = 1" + "0" * 400, "expected a number"),
        ("weight = 1" + "0" * 5000, "cannot be read"),
        ("tags = " + "[" * 100_000, "cannot be read"),
    ],
)
def test_a_settings_file_that_cannot_be_used_is_said(tmp_path, text, word):
    (tmp_path / "rw-hooks.toml").write_text(text)
    with pytest.raises(UsageError, match=word) as caught:
        load({}, environ={}, directory=tmp_path)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "environ", "text", "named"),
    [
        ({"weight": 9}, {"RW_HOOKS_WEIGHT": "1"}, "", "weight (--weight): "),
        ({}, {"RW_HOOKS_WEIGHT": "9"}, "", "weight (RW_HOOKS_WEIGHT): "),
        ({}, {}, "weight = 9", "weight (FILE): "),
        ({}, {}, "wieght = 9", "FILE: unknown option 'wieght'"),
    ],
)
def test_an_error_names_where_it_was_written(tmp_path, arguments, environ, text, named):
    (tmp_path / "rw-hooks.toml").write_text(text)
    (tmp_path / "in" / "ner").mkdir(parents=True)
    with pytest.raises(UsageError) as caught:
        load(arguments, environ=environ, directory=tmp_path / "in" / "ner", as_flags=True)
    assert str(caught.value).startswith(named.replace("FILE", str(tmp_path / "rw-hooks.toml")))


def test_secrets_do_not_show(tmp_path):
    environ = {"RUNWARE_API_KEY": "canary-key", "HF_TOKEN": "hf_canarytoken"}
    settings = load({}, environ=environ, directory=tmp_path)
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "canary-key"
    assert "canary" not in repr(settings)


def test_the_hub_token_is_found_where_the_hub_client_keeps_it(tmp_path):
    (tmp_path / "token").write_text("hf_kept\n")
    settings = load({}, environ={"HF_HOME": str(tmp_path)}, directory=tmp_path)
    assert settings.hf_token is not None
    assert settings.hf_token.get_secret_value() == "hf_kept"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="homes as POSIX knows them")
def test_a_user_without_a_home_has_no_token_and_is_told_to_name_a_state_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    assert load({}, environ={"RW_HOOKS_HOME": str(tmp_path)}, directory=tmp_path).hf_token is None
    for environ in ({}, {"RW_HOOKS_HOME": "~/state"}):
        with pytest.raises(MissingError, match="no home") as caught:
            load({}, environ=environ, directory=tmp_path)
        assert (caught.value.exit_code, "RW_HOOKS_HOME" in caught.value.hint) == (4, True)
