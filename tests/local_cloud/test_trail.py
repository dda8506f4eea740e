"""The allowed actions are called: the trail of emulated nights beside the policies of the templates."""

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from deployment.local_cloud.assembly import Assembly
from deployment.local_cloud.aws.access import needs_of, role_of
from deployment.local_cloud.aws.calls import Call
from deployment.local_cloud.aws.gate import Refusal
from deployment.local_cloud.aws.lifecycle import HELD
from efs_backup.domain.operations.lifecycle import AGENT
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.triggers import LIFECYCLE_EVENT
from efs_backup.domain.results import BackupStatus
from tests.support.builders import write
from tests.support.iam import Role
from tests.support.site import Site
from tests.support.template import Template

pytestmark = pytest.mark.root

_INSTANCE, _FUNCTION = "ec2.amazonaws.com", "lambda.amazonaws.com"

_MOUNTS = {
    f"elasticfilesystem:{action}": "Amazon EFS asks for it when a file system is mounted by amazon-efs-utils"
    for action in ("ClientMount", "ClientRootAccess", "ClientWrite")
}
_CHANNELS = {
    f"{service}:{action}": "the agent of Systems Manager calls it, so that commands arrive"
    for service, actions in {
        "ssm": ("ListAssociations", "ListInstanceAssociations", "UpdateInstanceInformation"),
        "ssmmessages": ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"),
        "ec2messages": (
            "AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply",
        ),
    }.items()
    for action in actions
}  # fmt: skip
_OF_FUNCTIONS = {
    "autoscaling:TerminateInstanceInAutoScalingGroup": "a start takes away who hangs since the night before"
    " (tests/scenarios/test_bad_instances.py)",
    "logs:CreateLogStream": "Lambda itself writes the function's log",
    "logs:PutLogEvents": "Lambda itself writes the function's log",
    "sqs:SendMessage": "Lambda itself keeps what the function could not handle",
}


@dataclass
class Trail:
    """The actions that were called, by the name of the caller's role."""

    called: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def note(self, call: Call) -> Refusal | None:
        """Refuse nothing."""
        role = role_of(call.access_key)
        if role is not None:
            self.called[role.name].update(need.action for need in needs_of(call))
        return None

    def of(self, stack: str, part: str) -> set[str]:
        """The actions that the role of that part of a stack has called."""
        names = [name for name in self.called if name.startswith(f"{stack}-{part}")]
        return {action for name in names for action in self.called[name]}


@pytest.fixture
def trail(site: Site) -> Trail:
    """Everything that is called from now on."""
    made = Trail()
    site.cloud.gate.checks.append(made.note)
    return made


def _never_called(template: Template, service: str, called: set[str], known: Mapping[str, str]) -> set[str]:
    """The actions allowed to the role that nobody called; an exception that is needed no more is one too many, too."""
    allowed = Role(template, service).actions
    return (allowed - called - set(known)) | (set(known) - allowed) | (set(known) & called)


def _closed_window(site: Site) -> None:
    """A night whose window closes: the agent is asked to finish, and the hold is renewed meanwhile."""
    for number in range(2500 * ((os.cpu_count() or 1) + 3)):
        write(site.source / f"many {number // 500}" / f"file {number}", "x")
    site.cloud.fleet.environment["LOCAL_CLOUD_OPERATIONS"] = "200"
    site.stack.fire_schedule()
    site.wait_for_copy()
    site.cloud.advance(46)
    site.end_of_night()


def _lost_agent(site: Site) -> None:
    """A night whose agent hangs, and whose program is gone: nobody lets the instance go but the function."""
    site.stack.fire_schedule()
    site.cloud.wait("an agent serves", lambda: _is_served(site.stack.records()[-1]), site.patience)
    machine = site.machine_of(site.stack)
    assert machine.start(f"kill -STOP $(cat /run/efs-backup/agent.lock) && rm {AGENT}").wait() == 0
    site.cloud.advance(46)
    assert site.end_of_night().status is BackupStatus.FAILED
    site.cloud.fleet.environment["LOCAL_CLOUD_OPERATIONS"] = "0"


def _is_served(backup: BackupRecord) -> bool:
    return backup.status is BackupStatus.RUNNING and backup.instance_id is not None


def _unheard_hold(site: Site) -> None:
    """An instance that somebody launches by hand goes home, and the event that it is held is lost."""
    site.cloud.bridge.distort = lambda event: [] if event["detail-type"] == LIFECYCLE_EVENT else [event]
    scaling, group = site.cloud.client("autoscaling"), site.stack.group
    scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=1)
    site.cloud.wait("it is held", lambda: HELD in str(scaling.describe_auto_scaling_instances()), site.patience)
    site.cloud.bridge.distort = lambda event: [event]
    site.stack.reconcile()
    site.stack.wait_for_the_end()


@pytest.mark.long
def test_what_is_allowed_is_called(site: Site, trail: Trail) -> None:
    """By the instance and the function of backups, and by the instance of a restore; each exception has its reason."""
    _closed_window(site)
    _lost_agent(site)
    site.night()
    _unheard_hold(site)
    site.restore(RestoreMode="new", RestorePrefix="/beside")
    backup, restore = (Template(site.assembly.template(name)) for name in ("EfsBackup", "EfsRestore"))
    on_instances = _MOUNTS | _CHANNELS
    assert _never_called(backup, _FUNCTION, trail.of("backups", "Orchestrator"), _OF_FUNCTIONS) == set()
    assert _never_called(backup, _INSTANCE, trail.of("backups", "Worker"), on_instances) == set()
    assert _never_called(restore, _INSTANCE, trail.of("restore", "Worker"), on_instances) == set()


def test_drills_and_seals_add_one_action_to_the_instance(assembly: Assembly) -> None:
    """The instance takes a role where the mount helper is (tests/agent/test_drill.py); it does the rest anyway."""
    template = Template(assembly.template("EfsBackup"))
    proving = template.having(SealBucketLockDays="30", DrillSchedule="rate(7 days)")
    assert Role(proving, _INSTANCE).actions - Role(template, _INSTANCE).actions == {"sts:AssumeRole"}
    assert Role(proving, _FUNCTION).actions == Role(template, _FUNCTION).actions


def test_what_nobody_calls_is_found(assembly: Assembly) -> None:
    """And so is an exception that is called after all, or is not allowed any more."""
    template = Template(assembly.template("EfsBackup"))
    called = Role(template, _FUNCTION).actions - set(_OF_FUNCTIONS)
    assert _never_called(template, _FUNCTION, called, _OF_FUNCTIONS) == set()
    assert _never_called(template, _FUNCTION, called - {"sns:Publish"}, _OF_FUNCTIONS) == {"sns:Publish"}
    assert _never_called(template, _FUNCTION, called | {"sqs:SendMessage"}, _OF_FUNCTIONS) == {"sqs:SendMessage"}
    assert _never_called(template, _FUNCTION, called, _OF_FUNCTIONS | {"s3:Old": "once"}) == {"s3:Old"}
