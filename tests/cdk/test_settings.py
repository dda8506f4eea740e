"""The programs are told what they read."""

from dataclasses import fields

import pytest

from efs_backup.domain.operations.agent_settings import AgentSettings, RestoreSettings
from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.scrubbing import DEFAULT_SCRUB, ScrubRule
from tests.support.template import Template, environment_file

_OF_LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "orchestrator", "AWS_REGION": "us-east-1"}
_OF_THE_UNIT = {
    "AGENT_TASK", "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "AWS_METADATA_SERVICE_TIMEOUT", "http_proxy", "https_proxy",
    "no_proxy", "PROXY_PARAMETER",
}  # fmt: skip


def _names(settings: type[OrchestratorSettings | AgentSettings | RestoreSettings]) -> set[str]:
    return {field.name.upper() for field in fields(settings)}


def test_the_function_has_the_names_that_its_settings_read(backup: Template) -> None:
    """No more and no less; Lambda adds two."""
    variables = backup.properties("AWS::Lambda::Function")["Environment"]["Variables"]
    assert set(variables) == _names(OrchestratorSettings) - set(_OF_LAMBDA)


def test_the_orchestrator_reads_its_environment(backup: Template) -> None:
    """With the values that the template gives."""
    variables = backup.properties("AWS::Lambda::Function")["Environment"]["Variables"]
    settings = OrchestratorSettings.from_env({**variables, **_OF_LAMBDA})
    assert (settings.window_minutes, settings.lifecycle_hold_minutes) == (180, 60)
    assert (settings.retention, settings.interval) == (Retention(7), Interval.DAILY)
    assert settings.group_name == backup.properties("AWS::AutoScaling::AutoScalingGroup")["AutoScalingGroupName"]
    assert settings.solution_uuid == "0f1e2d3c"
    assert settings.success_notification is True


@pytest.mark.parametrize(("stack", "settings"), [("backup", AgentSettings), ("restore", RestoreSettings)])
def test_an_instance_has_the_names_that_its_settings_read(
    request: pytest.FixtureRequest, stack: str, settings: type[AgentSettings | RestoreSettings]
) -> None:
    """No more and no less, but for what its unit and its proxy need."""
    assert set(environment_file(request.getfixturevalue(stack))) == _names(settings) | _OF_THE_UNIT


def test_the_agent_reads_its_environment(backup: Template) -> None:
    """With the values that the template gives."""
    settings = AgentSettings.from_env(environment_file(backup))
    assert settings.source_file_system == "fs-11111111"
    assert settings.backup_file_system == f"<{backup.one('AWS::EFS::FileSystem')[0]}>"
    assert settings.backup_prefix == "/"


def test_a_restore_reads_its_environment(restore: Template) -> None:
    """The file system that is restored into is the old template's source; the one that is read is its destination."""
    asked = restore.having(RestoreMode="mirror", DryRun="Yes", BackupNum="3", RestoreSubDir="home/alice")
    settings = RestoreSettings.from_env(environment_file(asked))
    assert (settings.target_file_system, settings.backup_file_system) == ("fs-11111111", "fs-22222222")
    assert (settings.restore_mode, settings.dry_run) == (RestoreMode.MIRROR, True)
    assert (settings.selection.number, settings.restore_sub_dir) == (3, "home/alice")


@pytest.mark.parametrize(("stack", "settings"), [("backup", AgentSettings), ("restore", RestoreSettings)])
def test_an_instance_keeps_to_the_operations_that_are_asked_for(
    request: pytest.FixtureRequest, stack: str, settings: type[AgentSettings | RestoreSettings]
) -> None:
    """As many as come, unless told."""
    template = request.getfixturevalue(stack)
    assert settings.from_env(environment_file(template)).tuning == Tuning()
    asked = template.having(MaxOperationsPerSecond="2000")
    assert settings.from_env(environment_file(asked)).tuning == Tuning(operations_per_second=2000)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({}, DEFAULT_SCRUB),
        ({"ScrubDays": "0"}, ScrubRule(0)),
        ({"ScrubGigabytes": "50"}, ScrubRule(bytes=50_000_000_000)),
    ],
)
def test_a_backup_scrubs_as_much_as_is_asked_for(backup: Template, given: dict[str, str], rule: ScrubRule) -> None:
    """As the command does, unless told."""
    assert AgentSettings.from_env(environment_file(backup.having(**given))).scrub == rule


def test_a_restore_deletes_nothing_unless_told(restore: Template) -> None:
    """The default mode."""
    assert RestoreSettings.from_env(environment_file(restore)).restore_mode is RestoreMode.OVERLAY


def test_the_proxy_reaches_the_instance_but_not_its_metadata(backup: Template) -> None:
    """Credentials come from an address that no proxy can serve."""
    variables = environment_file(backup.having(HttpProxy="http://10.0.0.5:3128"))
    assert (variables["http_proxy"], variables["https_proxy"]) == ("http://10.0.0.5:3128",) * 2
    assert "169.254.169.254" in variables["no_proxy"].split(",")
