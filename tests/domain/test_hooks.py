"""A hook's words, and what it is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.hooks import HookCommand, HookCommands, HookFacts, Phase
from efs_backup.domain.snapshots.names import FolderLabel, Interval


def test_a_hook_is_split_into_words_and_nothing_in_them_is_expanded() -> None:
    """Quotes hold words together; a dollar, a star and a semicolon are letters."""
    assert HookCommand.of("/bin/quiesce on 'two words' $HOME * ;").words == (
        "/bin/quiesce", "on", "two words", "$HOME", "*", ";",
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "   ", "''", "'open", "./quiesce on", "bin/quiesce"])
def test_what_is_no_command_is_refused(text: str) -> None:
    """Nothing, an open quote, and a program by a path that depends on where one stands."""
    with pytest.raises(WrongUsage):
        HookCommand.of(text)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=5))
def test_a_hook_that_is_shown_is_the_hook_that_was_given(words: list[str]) -> None:
    """A dry run prints what can be given again."""
    hook = HookCommand(("/bin/quiesce", *words))
    assert HookCommand.of(str(hook)) == hook


@pytest.mark.parametrize("seconds", [0, -1, 86_401, float("nan"), float("inf")])
def test_a_hook_has_a_time_limit(seconds: float) -> None:
    """More than nothing, and no more than a day."""
    with pytest.raises(WrongUsage):
        HookCommands(seconds=seconds)


@pytest.mark.parametrize("phase", Phase)
def test_a_hook_is_told_of_its_backup(phase: Phase) -> None:
    """By variables that are always there, empty where nothing is known."""
    facts = HookFacts(FolderLabel("web"), Interval.HOURLY, "/srv", "/backup", reason="CopyFailed", status="Failed")
    assert facts.environment(phase) == {
        "EFS_BACKUP_HOOK": phase, "EFS_BACKUP_LABEL": "web", "EFS_BACKUP_INTERVAL": "hourly",
        "EFS_BACKUP_SOURCE": "/srv", "EFS_BACKUP_BACKUP": "/backup", "EFS_BACKUP_SNAPSHOT": "",
        "EFS_BACKUP_STATUS": "Failed", "EFS_BACKUP_REASON": "CopyFailed",
    }  # fmt: skip
