from __future__ import annotations

import pytest
from cyclopts import App

from rw_hooks.cli.flags import Flags, Options
from rw_hooks.config.options import OPTIONS, check
from rw_hooks.config.settings import load

_NO_FLAGS = Flags()


def given(*arguments: str) -> dict[str, object]:
    app = App(version_flags=(), exit_on_error=False, print_error=False, result_action="return_value")

    @app.default
    def command(*, options: Options = _NO_FLAGS) -> dict[str, object]:
        return options.given()

    return app(list(arguments))


def test_nothing_given_is_nothing_set():
    assert given() == {}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_of_the_table_is_a_flag(name):
    flag = OPTIONS[name].flag
    arguments = [flag] if OPTIONS[name].kind == "boolean" else [flag, "1"]
    assert list(given(*arguments)) == [name]


def test_a_list_may_be_repeated_and_may_hold_commas():
    assert check(given("--tags", "anime,portrait", "--tags", "my style"))["tags"] == ("anime", "portrait", "my style")


def test_a_boolean_can_be_switched_on_and_off():
    assert given("--private")["private"] is True
    assert given("--no-private", "--no-dry-run") == {"private": False, "dry_run": False}


def test_a_negative_number_is_a_value_and_no_flag():
    assert check(given("--weight", "-1.5"))["weight"] == -1.5


def test_flags_name_themselves_as_the_source():
    settings = load(given("--trigger-words", "mystyle"), as_flags=True)
    assert settings.given["trigger_words"].source == "--trigger-words"
