import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from symray.cli.main import Guarded
from symray.errors import UserError

Run = Callable[..., Result]


def raising(error: BaseException) -> Result:
    app = typer.Typer(cls=Guarded, pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise error

    @app.command()
    def other() -> None:
        pass

    return CliRunner().invoke(app, ["fail"])


def test_a_users_mistake_is_one_sentence_and_exit_code_2() -> None:
    sentence = f"[brackets] in {'a/very/long/path' * 20}: say what"
    result = raising(UserError(sentence))
    assert result.exit_code == 2
    assert result.stderr == f"Error: {sentence}\n"
    assert result.stdout == ""


def test_any_other_exception_is_one_sentence_and_a_file(study_home: Path) -> None:
    result = raising(ZeroDivisionError("zero\nagain"))
    assert result.exit_code == 1
    (file,) = (study_home / "_errors").iterdir()
    assert result.stderr == (
        f"Error: unexpected ZeroDivisionError: zero again; the traceback is in {file}\n"
    )
    assert "in fail\n    raise error" in file.read_text()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_what_the_system_refuses_is_one_sentence(number: int, study_home: Path) -> None:
    result = raising(OSError(number, os.strerror(number), "/disk/task.json"))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: /disk/task.json: {os.strerror(number)}; ")
    assert not study_home.exists()
    assert raising(FileNotFoundError(errno.ENOENT, "no", "a bug of ours")).exit_code == 1


def test_a_home_that_cannot_be_written_leaves_the_traceback_elsewhere(study_home: Path) -> None:
    study_home.write_text("a file where the folder should be")
    result = raising(ZeroDivisionError())
    assert result.exit_code == 1
    file = Path(result.stderr.split()[-1])
    assert "ZeroDivisionError" in file.read_text()
    file.unlink()


def test_the_environment_shows_tracebacks(
    study_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMRAY_DEBUG", "1")
    assert "Traceback" in raising(UserError("a")).stderr
    assert "Traceback" in raising(ZeroDivisionError()).stderr


def test_an_interrupt_is_quiet() -> None:
    result = raising(KeyboardInterrupt())
    assert (result.exit_code, result.output) == (130, "")


@pytest.mark.parametrize(("error", "code"), [(typer.Exit(7), 7), (typer.Abort(), 1)])
def test_exits_of_commands_stay(error: Exception, code: int, study_home: Path) -> None:
    assert raising(error).exit_code == code
    assert not study_home.exists()


def test_wrong_usage_exits_with_2_and_names_the_right_word(run: Run) -> None:
    result = run("lunch")
    assert result.exit_code == 2
    assert "launch" in result.stderr
    assert run("launch", "--no-such-option").exit_code == 2


def test_every_command_has_a_summary_and_an_example(run: Run) -> None:
    import symray.cli.main as main

    assert run("--help").exit_code == 0
    commands = [*main.app.registered_commands, *main.new.registered_commands]
    for command in commands:
        text = command.callback.__doc__ or ""
        assert text.splitlines()[0].endswith("."), command.name
        assert "\n\n    Example: symray " in text, command.name


def test_help_shows_brackets(run: Run) -> None:
    # rich reads them as markup and leaves them out.
    assert "NAME[@alias|:version]" in " ".join(run("predict", "--help").output.split())


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, symray.cli.main; print(*{name.split('.')[0] for name in sys.modules})"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"torch", "ray", "optuna", "mlflow", "numpy", "pydantic"} & set(
        answer.stdout.split()
    )


@pytest.mark.parametrize("statement", ["print('x' * 10**6)", "out().print('x' * 10**6)"])
def test_a_closed_pipe_is_quiet(statement: str, study_home: Path) -> None:
    code = [
        "import typer",
        "from symray.cli.main import Guarded, out",
        "app = typer.Typer(cls=Guarded, pretty_exceptions_enable=False)",
        f"app.command('a')(lambda: {statement})",
        "app.command('b')(lambda: None)",
        "app(['a'])",
    ]
    pipe = f'{sys.executable} -c "$CODE" | head -c 1'
    answer = subprocess.run(
        ["bash", "-c", pipe],
        env=os.environ | {"CODE": "\n".join(code)},
        capture_output=True,
        text=True,
    )
    assert (answer.stdout, answer.stderr) == ("x", "")
    assert not study_home.exists()
