from __future__ import annotations

import subprocess
import sys

import pytest

from rw_hooks.cli.show import clean, print_rows, print_table, say, say_failure


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mystyle, 人物, é", "mystyle, 人物, é"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("two\nlines\r", r"two\nlines\r"),
        ("\x9b31mred", r"\x9b31mred"),
        ("abc\u202etxt", r"abc\u202etxt"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_a_terminal_might_obey_is_shown_escaped(text, shown):
    assert clean(text) == shown


def test_nothing_is_taken_for_markup(capsys):
    say("[red]hf://user/repo[?public=1][/red] :smile:")
    print_rows([("[bold]name[/bold]", "[/]")])
    print_table(("a[b]",), [("[link=https://x]",)])
    captured = capsys.readouterr()
    assert captured.err == "[red]hf://user/repo[?public=1][/red] :smile:\n"
    assert captured.out.split() == ["[bold]name[/bold]", "[/]", "a[b]", "[link=https://x]"]


def test_nothing_is_cut_or_wrapped_where_a_program_reads(capsys):
    print_rows([("URL", "https://example.org/" + "x" * 500)])
    assert capsys.readouterr().out == "URL  https://example.org/" + "x" * 500 + "\n"


def test_an_error_shows_all_its_lines_and_its_fix(capsys):
    say_failure({"message": "refused\nallowed: sdxl", "hint": "give --architecture"})
    assert capsys.readouterr().err == "error: refused\n  allowed: sdxl\nfix:   give --architecture\n"


def test_a_reader_that_leaves_early_does_not_stop_the_work():
    script = (
        "from rw_hooks.cli.show import print_rows, say\n"
        "for number in range(1000): print_rows([('line', 'x' * 500)])\n"
        "say('done')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read().decode().strip() == "done"
    assert process.returncode == 0
