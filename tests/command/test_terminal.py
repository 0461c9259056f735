"""One line out, one sentence for an error, and the exit code that belongs to it."""

import pytest

from tierwatch.command.terminal import ends_in_a_sentence, say, say_error
from tierwatch.errors import (
    ConfigError,
    ConflictError,
    ProviderError,
    SettingsError,
    StackError,
    TierwatchError,
    TrafficError,
    UsageError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no"), 2),
        (ConfigError(["a.yaml:1: x: no", "a.yaml:2: y: no"]), 2),
        (SettingsError("no"), 2),
        (TierwatchError("no"), 1),
        (TrafficError("no"), 1),
        (StackError("no"), 1),
        (ConflictError("no"), 1),
        (ProviderError("no", kind="timeout"), 1),
    ],
)
def test_an_error_of_ours_is_its_sentence_and_no_traceback(
    error: TierwatchError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    @ends_in_a_sentence
    def work() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        work()
    assert ended.value.code == code
    assert capsys.readouterr() == ("", f"{error}\n")


def test_any_other_error_is_a_fault_and_keeps_its_traceback() -> None:
    @ends_in_a_sentence
    def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()


def test_the_work_gets_its_arguments_and_keeps_its_name() -> None:
    seen = []

    @ends_in_a_sentence
    def work(one: int, *, other: str) -> None:
        """What it does."""
        seen.append((one, other))

    work(1, other="a")
    assert seen == [(1, "a")]
    assert (work.__name__, work.__doc__) == ("work", "What it does.")


def test_lines_go_where_they_belong(capsys: pytest.CaptureFixture[str]) -> None:
    say("said")
    say_error("wrong")
    assert capsys.readouterr() == ("said\n", "wrong\n")
