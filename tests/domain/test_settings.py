"""The settings that the stack gives its programs."""

from dataclasses import fields

import pytest

from efs_backup.domain.errors import SettingsFault
from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.retention import Retention
from tests.domain.environments import ENVIRONMENT, settings_of


def test_every_variable_goes_into_the_field_of_its_name() -> None:
    """Text as it is; numbers, labels and the like as what they mean."""
    settings = settings_of()
    meant = {
        "folder_label": FolderLabel("efs-backup"), "interval": Interval.DAILY, "retention": Retention(7),
        "retention_rules": "", "further_sources": False, "concurrent_backups": 1, "workers": 1,
        "window_minutes": 180, "lifecycle_hold_minutes": 60, "success_notification": True,
    }  # fmt: skip
    expected = {name.lower(): text for name, text in ENVIRONMENT.items()} | meant
    assert {field.name: getattr(settings, field.name) for field in fields(settings)} == expected


def test_what_else_the_environment_holds_is_ignored() -> None:
    """Lambda sets many variables of its own."""
    assert settings_of(LD_LIBRARY_PATH="/opt/lib", PATH="") == settings_of()


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_a_missing_variable_is_named(name: str) -> None:
    """Also one that may be empty: a stack that forgets it is broken."""
    rest = {other: text for other, text in ENVIRONMENT.items() if other != name}
    with pytest.raises(SettingsFault, match=rf"Missing in the environment: {name}\."):
        OrchestratorSettings.from_env(rest)


def test_all_that_is_missing_is_named_at_once() -> None:
    """One deployment mends it all."""
    with pytest.raises(SettingsFault) as refused:
        OrchestratorSettings.from_env({})
    assert all(name in refused.value.message for name in ENVIRONMENT)


@pytest.mark.parametrize(("text", "wanted"), [("Yes", True), ("No", False), ("yes", True), ("NO", False)])
def test_yes_and_no_are_read_in_any_case(text: str, wanted: bool) -> None:
    """CloudFormation parameters have offered `Yes` and `No` for years."""
    assert settings_of(SUCCESS_NOTIFICATION=text).success_notification is wanted


@pytest.mark.parametrize("text", ["180", "180.0"])
def test_a_whole_number_may_be_written_as_a_float(text: str) -> None:
    """CloudFormation does so with Number parameters."""
    window = settings_of(WINDOW_MINUTES=text).window_minutes
    assert (window, type(window)) == (180, int)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("WINDOW_MINUTES", ""), ("WINDOW_MINUTES", "two hours"), ("WINDOW_MINUTES", "180.5"), ("WINDOW_MINUTES", "-1"),
        ("WINDOW_MINUTES", "1e3"), ("WINDOW_MINUTES", " 180"), ("WINDOW_MINUTES", "180\n"), ("WINDOW_MINUTES", "١٨٠"),
        ("WINDOW_MINUTES", "inf"), ("WINDOW_MINUTES", "9" * 5000), ("LIFECYCLE_HOLD_MINUTES", "soon"),
        ("RETENTION", "0"), ("RETENTION", "171"), ("RETENTION", "7.5"), ("RETENTION", ""),
        ("INTERVAL", "yearly"), ("INTERVAL", ""), ("INTERVAL", "Daily"),
        ("SUCCESS_NOTIFICATION", "maybe"), ("SUCCESS_NOTIFICATION", ""), ("SUCCESS_NOTIFICATION", "true"),
        ("FOLDER_LABEL", ""), ("FOLDER_LABEL", "a/b"), ("FOLDER_LABEL", "..."),
    ],
)  # fmt: skip
def test_a_variable_that_cannot_be_read_is_named_with_its_value(name: str, text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(SettingsFault) as refused:
        settings_of(**{name: text})
    assert refused.value.message.startswith(f"The variable {name} cannot be {text!r}: ")


def test_a_refused_retention_tells_the_limit() -> None:
    """The reason of the decision reaches the operator."""
    with pytest.raises(SettingsFault, match=r"RETENTION cannot be '171': .* above 170"):
        settings_of(RETENTION="171")


def test_a_refused_answer_tells_what_could_have_been_said() -> None:
    """Repeating the wrong word would help nobody."""
    with pytest.raises(SettingsFault, match=r"(?i)SUCCESS_NOTIFICATION cannot be 'maybe': .*yes.*no"):
        settings_of(SUCCESS_NOTIFICATION="maybe")
