"""Several instances for one backup: the queue of its shares, and what its instances then may; only if wanted."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from efs_backup.domain.sharing.workers import HIDDEN_SECONDS

from ..parameters.instance import Fleet
from ..parameters.series import Further
from ..permissions import arns
from ..permissions.allow import Allow, permit
from .conditions import as_text, condition, either, equals, negated, only_if, refuse

_MOST_TRIES = 3
_DAY = 1
"""A backup takes less than a day: what an earlier one has left is nobody's work any more."""

_DAYS_OF_THE_DEAD = 14


class ShareQueues(Construct):
    """The queue that hands the shares of a backup to its instances, and that of the shares that nobody could do."""

    def __init__(self, scope: Construct, fleet: Fleet, further: Further) -> None:
        super().__init__(scope, "Shares")
        self._condition = condition(self, "AreWanted", negated(equals(fleet.workers, "1")))
        self._dead = self._queue("Dead", days=_DAYS_OF_THE_DEAD)
        self._shares = self._queue("Queue", days=_DAY, dead=self._dead)
        self.arn, self.condition = self._shares.queue_arn, self._condition
        self.url_if_any = either(self._condition, self._shares.queue_url, "")
        self.dead_url_if_any = either(self._condition, self._dead.queue_url, "")
        self.most_instances = either(self._condition, as_text(fleet.workers), as_text(further.at_a_time))
        only_if(self._condition, self)
        _one_backup_at_a_time(scope, fleet, further)

    def let_share(self, worker: iam.IRole, group: str) -> None:
        """Let an instance take shares and give them, and see to it that no other one is at work."""
        scope = Construct(self, "Sharing")
        calls = ("ChangeMessageVisibility", "DeleteMessage", "ReceiveMessage")
        looks = (
            "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeLifecycleHooks", "ec2:DescribeInstances",
        )  # fmt: skip
        permit(scope, worker, [
            Allow([f"sqs:{call}" for call in (*calls, "SendMessage")], [self._shares.queue_arn]),
            Allow(["sqs:DeleteMessage", "sqs:ReceiveMessage"], [self._dead.queue_arn]),
            Allow(
                ["autoscaling:SetInstanceProtection", "autoscaling:TerminateInstanceInAutoScalingGroup"],
                [arns.group(group)],
                reason="The wildcard is the group's id, which no template knows; its name is fixed.",
            ),
            Allow(
                looks, ["*"], reason="Auto Scaling and Amazon EC2 have no resource-level permission for descriptions."
            ),
        ])  # fmt: skip
        only_if(self._condition, scope)

    def _queue(self, name: str, days: int, dead: sqs.Queue | None = None) -> sqs.Queue:
        after = sqs.DeadLetterQueue(queue=dead, max_receive_count=_MOST_TRIES) if dead else None
        return sqs.Queue(
            self, name, encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=True, dead_letter_queue=after,
            visibility_timeout=cdk.Duration.seconds(HIDDEN_SECONDS), retention_period=cdk.Duration.days(days),
        )  # fmt: skip


def _one_backup_at_a_time(scope: Construct, fleet: Fleet, further: Further) -> None:
    """Refuse several backups at a time where each would want several instances of one group."""
    refuse(
        scope,
        "SeveralWorkersOfOneBackup",
        where=negated(equals(fleet.workers, "1")),
        unless={"Workers above 1 need ConcurrentBackups = 1.": equals(further.at_a_time, "1")},
    )
