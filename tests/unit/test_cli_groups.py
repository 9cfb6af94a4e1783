"""Commands are imported when they are named; until then a table says what each does."""

import pytest
import typer
from typer.testing import CliRunner

from colmodern.cli.app import app

WHOLE = typer.main.get_command(app)


@pytest.mark.parametrize("name", list(WHOLE.commands))
def test_the_table_says_what_the_help_of_a_command_says(name):
    command = WHOLE.commands[name]
    assert command.name == name
    assert WHOLE.commands.help_of(name) == command.get_short_help_str(1_000)
    assert WHOLE.commands[name] is command


def test_a_command_that_is_not_there_is_told_with_one_that_is():
    with pytest.raises(KeyError):
        WHOLE.commands["serch"]
    done = CliRunner().invoke(app, ["serch"])
    assert done.exit_code == 2
    assert "No such command 'serch'. Did you mean 'search', 'serve'? [option_inv" in done.output


def test_help_has_the_whole_line_of_each_command(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for words in ([], ["eval"], ["part"]):
        shown = CliRunner().invoke(app, [*words, "--help"]).output
        group = WHOLE.commands[words[0]] if words else WHOLE
        flat = " ".join(shown.split())
        for name, command in group.commands.items():
            assert f"{name} {command.get_short_help_str(1_000)}" in flat
        assert all(len(line) <= 80 for line in shown.splitlines())


def test_help_of_a_command_has_its_options(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(app, ["search", "--help"]).output
    assert "Usage: colmodern search [OPTIONS] [query]" in shown
    for words in ("--effort", "[default: medium]", "--log-format", "COLMODERN_LINKS", "0<=x<=1"):
        assert words in shown
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_without_any_word_there_is_help():
    done = CliRunner().invoke(app, [])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert "Commands:" in done.output
    assert done.output.rstrip().endswith("commit once.")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("colmodern se", {"search", "serve"}), ("colmodern search --eff", {"--effort"})],
)
def test_a_shell_completes_commands_and_options(typed, expected, monkeypatch):
    # As the script of ``--install-completion`` asks.
    monkeypatch.setenv("_COLMODERN_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    done = CliRunner().invoke(app, [], prog_name="colmodern")
    assert set(done.output.split()) == expected
