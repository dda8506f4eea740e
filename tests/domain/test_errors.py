"""The tree of errors."""

import re

import pytest

from efs_backup.domain import errors
from efs_backup.domain.errors import BackupError, BackupFull, EfsBackupError, ExitCode, FailureReason, WrongUsage

_BRANCH = re.compile(r"^(?P<indent>[| `-]*)(?P<name>[A-Z]\w+) +(?P<code>\d)", re.MULTILINE)
_ONE_LEVEL = 4


def _tree(error: type[EfsBackupError], depth: int = 0) -> list[tuple[int, str, int]]:
    children = [child for child in error.__subclasses__() if child.__module__ == errors.__name__]
    below = [line for child in children for line in _tree(child, depth + 1)]
    return [(depth, error.__name__, int(error.exit_code)), *below]


def test_the_tree_is_as_it_is_drawn() -> None:
    """The module's docstring shows every error, below its parent, with its exit code."""
    drawn = [
        (len(found["indent"]) // _ONE_LEVEL, found["name"], int(found["code"]))
        for found in _BRANCH.finditer(errors.__doc__ or "")
    ]
    assert drawn == _tree(EfsBackupError)


def test_exit_codes_are_what_the_readme_promises() -> None:
    """Scripts depend on them."""
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0, "FAILED": 1, "WRONG_USAGE": 2, "INCOMPLETE": 3, "LOCKED": 4, "NOTHING_THERE": 5, "DIFFERENT": 6,
    }  # fmt: skip


def test_failure_reasons_are_the_words_of_the_record() -> None:
    """Dashboards and scripts depend on them."""
    assert sorted(FailureReason) == [
        "BackupChanged", "BackupFull", "CopyFailed", "HookFailed", "InternalError", "Locked", "MountFailed",
        "RulesRefused", "SeriesMissing", "SeriesTooNew", "SeriesTorn", "SourceChanged", "SourceUnreadable",
        "ToolMissing",
    ]  # fmt: skip


@pytest.mark.parametrize("error", BackupError.__subclasses__())
def test_an_error_of_a_backup_is_named_as_its_reason(error: type[BackupError]) -> None:
    """One word per idea."""
    assert error.reason.value == error.__name__


def test_a_backup_error_without_a_name_is_an_internal_error() -> None:
    """Nothing ends without a reason."""
    assert BackupError("It broke.").reason is FailureReason.INTERNAL_ERROR


def test_an_error_is_a_sentence_and_a_next_step() -> None:
    """The sentence is also what a traceback shows."""
    error = BackupFull("The disk is full.", "Free space.")
    assert (str(error), error.message, error.next_step) == ("The disk is full.", "The disk is full.", "Free space.")


def test_a_next_step_is_not_always_known() -> None:
    """Then it is empty, not missing."""
    assert not WrongUsage("No.").next_step
