"""Whether backups are started, end, and are told of."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from efs_backup.domain.doctor.aws_command import aws, with_parameters
from efs_backup.domain.doctor.file_system_checks import key_fault
from efs_backup.domain.doctor.finding import Check, Found, fault, warning
from efs_backup.domain.doctor.key_policy import allows
from efs_backup.domain.doctor.rows import Row, rows_of
from efs_backup.domain.doctor.stack_facts import StackFacts, Wake
from efs_backup.domain.forecast import LEAST_DAYS
from efs_backup.domain.humanize import counted
from efs_backup.domain.operations.workflow import needs_writing
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import Interval

_STOP_RULE = "efs-backup-stop"
_ALARMS = "cloudwatch.amazonaws.com"
_FULL_SHARE = 0.8
_HOLD_MINUTES = 60
"""The longest time that the group of a stack waits for an agent, as its template has it."""
_GOOD_STATES = frozenset({
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
})  # fmt: skip
_SILENCE = {
    Interval.HOURLY: timedelta(hours=4), Interval.DAILY: timedelta(hours=36), Interval.WEEKLY: timedelta(hours=180),
    Interval.MONTHLY: timedelta(hours=756),
}  # fmt: skip
"""Without a success for so long the stack's own alarm rings, too."""


def _stack(facts: StackFacts) -> Iterator[Found]:
    status = facts.stack.status
    if status in _GOOD_STATES:
        return
    look = aws("cloudformation", "describe-stack-events", facts.region, stack_name=facts.stack.name, max_items="30")
    level = warning if status.endswith("IN_PROGRESS") else fault
    yield level(f"The stack {facts.stack.name} is {status}.", look)


def _schedule(facts: StackFacts) -> Iterator[Found]:
    wakes = facts.wakes.value
    own = [wake for wake in wakes if not wake.name.startswith(_STOP_RULE)]
    for wake in own:
        if not wake.is_enabled:
            told = f" ({wake.expression})" if wake.expression else ""
            yield fault(f"{wake.name}{told}, which wakes the orchestrator, is disabled.", _enable(facts, wake))
    wanted = facts.parameter("BackupSchedule")
    if not any(wake.expression == wanted for wake in own):
        yield fault(
            f"Nothing starts backups by {wanted}: the rule, or the schedule, is gone.",
            aws("cloudformation", "detect-stack-drift", facts.region, stack_name=facts.stack.name),
        )


def _enable(facts: StackFacts, wake: Wake) -> str:
    if wake.is_rule:
        return aws("events", "enable-rule", facts.region, name=wake.name)
    look = aws("scheduler", "get-schedule", facts.region, name=wake.name, group_name=wake.group)
    return f"{look}  # then: aws scheduler update-schedule, with all of that and --state ENABLED"


def _orchestrator(facts: StackFacts) -> Iterator[Found]:
    function = facts.function.value
    if function.concurrency == 0:
        yield fault(
            f"The function {function.name} has a reserved concurrency of none, so that it never runs.",
            aws("lambda", "delete-function-concurrency", facts.region, function_name=function.name),
        )
    if function.state != "Active":
        yield fault(
            f"The function {function.name} is {function.state}.",
            aws("lambda", "get-function-configuration", facts.region, function_name=function.name),
        )


def _failed_events(facts: StackFacts) -> Iterator[Found]:
    function = facts.function.value
    if function.failed_events:
        yield fault(
            f"{counted(function.failed_events, 'event')} could not be handled: see {function.queue}.",
            aws(
                "logs",
                "filter-log-events",
                facts.region,
                log_group_name=function.log_group,
                filter_pattern="ERROR",
                max_items="20",
            ),
        )


def _subscription(facts: StackFacts) -> Iterator[Found]:
    told = facts.subscriptions.value
    topic = facts.topic
    for one in told:
        if not one.is_confirmed:
            yield fault(
                f"{one.endpoint} ({one.protocol}) has not confirmed the subscription of {topic}: no report and no"
                " alarm arrives there. Click the link in the mail of Amazon SNS, or have it sent again.",
                aws(
                    "sns", "subscribe", facts.region, topic_arn=topic, protocol=one.protocol,
                    notification_endpoint=one.endpoint,
                ),
            )  # fmt: skip
    if not told:
        yield fault(
            f"Nobody has subscribed to {topic}: no report and no alarm arrives anywhere.",
            aws("sns", "subscribe", facts.region, topic_arn=topic, protocol="email", notification_endpoint="ADDRESS"),
        )


def _topic_key(facts: StackFacts) -> Iterator[Found]:
    key = facts.topic_key.value
    if key is None:
        return
    yield from key_fault(key, "the topic", facts.region)
    if not key.is_ours:
        yield fault(
            f"The topic is encrypted with a key of AWS's own, {key.arn}, which CloudWatch may not use: no alarm comes.",
            aws(
                "sns", "set-topic-attributes", facts.region, topic_arn=facts.topic, attribute_name="KmsMasterKeyId",
                attribute_value="KEY",
            ),
        )  # fmt: skip
    elif key.policy is not None and not allows(key.policy, _ALARMS, ""):
        yield fault(
            f"The policy of the topic's key {key.arn} does not let CloudWatch use it: no alarm arrives.",
            aws("kms", "get-key-policy", facts.region, key_id=key.arn, policy_name="default"),
        )


def _window(facts: StackFacts) -> Iterator[Found]:
    for row in rows_of(facts):
        yield from _window_of(facts, row)


def _window_of(facts: StackFacts, row: Row) -> Iterator[Found]:
    last = next((one for one in row.records if one.forecast_seconds is not None), None)
    if last is None or last.forecast_seconds is None:
        return
    minutes, window = last.forecast_seconds / 60, row.source.policy.window_minutes
    longer = _lengthen(facts, row, _longer(window))
    if minutes > window:
        yield fault(f"A backup{row.of} may take {minutes:,.0f} minutes, and the window is {window}.", longer)
    elif minutes > _FULL_SHARE * window:
        yield warning(f"A backup{row.of} may take {minutes:,.0f} of the {window} minutes of the window.", longer)
    elif last.forecast_days_left is not None and last.forecast_days_left < LEAST_DAYS:
        yield warning(f"A backup{row.of} will fill its window in {last.forecast_days_left:,.0f} days.", longer)


def _lengthen(facts: StackFacts, row: Row, minutes: int) -> str:
    """Give a row this window: the first by a parameter, others by their policy, or for themselves."""
    if row.is_first:
        return with_parameters(facts.stack, {"BackupWindow": str(minutes)})
    policy = row.source.policy.name
    which = f" --policy {policy}" if policy else row.options
    return f"efs-backup stack add {facts.stack.name}{which} --window {minutes}m"


WINDOWS = (60, 90, 120, 150, 180, 240, 300, 360, 480, 600, 720, 840, 960, 1080, 1200, 1320)
"""Minutes that the template's BackupWindow takes."""


def _longer(window: int) -> int:
    return next((one for one in WINDOWS if one > window), WINDOWS[-1])


def _success(facts: StackFacts) -> Iterator[Found]:
    asked = timedelta(hours=int(facts.parameter("MaximumBackupAge") or 0))
    for row in rows_of(facts):
        if begun := _since(row):
            yield from _overdue(facts, row, facts.now - begun, asked if row.is_first else timedelta())


def _since(row: Row) -> datetime | None:
    """The newest success; where there is none, the first record, or when a further row came to be."""
    newest = next((one for one in row.records if one.status is BackupStatus.SUCCESS), None)
    if newest is not None:
        return newest.start_time
    first = min((one.start_time for one in row.records), default=None)
    return first if row.is_first else row.source.since


def _overdue(facts: StackFacts, row: Row, age: timedelta, asked: timedelta) -> Iterator[Found]:
    if age <= (asked or _SILENCE[row.source.interval]):
        return
    yield fault(
        _told(row, f"{age / timedelta(hours=1):,.0f} hours"), f"efs-backup stack start {facts.stack.name}{row.options}"
    )


def _told(row: Row, long: str) -> str:
    if any(one.status is BackupStatus.SUCCESS for one in row.records):
        return f"The last success{row.of} began {long} ago."
    if row.records:
        return f"The first backup{row.of} began {long} ago, and none succeeded."
    return f"The row {row.source.identity} is there for {long}, and no backup of it began."


def _held(facts: StackFacts) -> Iterator[Found]:
    for row in rows_of(facts):
        last = next(iter(row.records), None)
        if last and last.hold:
            yield warning(
                f"A hold{row.of} since {last.hold} keeps all that is older: nothing is dropped until a person releases"
                " it.",
                f"efs-backup stack release {facts.stack.name}{row.options} --reason TEXT",
            )


def _rows(facts: StackFacts) -> Iterator[Found]:
    look = f"efs-backup stack list {facts.stack.name}"
    for said in facts.table.value.faults:
        yield fault(f"{said} It starts no backup.", look)


def _leave(facts: StackFacts) -> Iterator[Found]:
    leave = facts.leave.value
    if leave is None or not leave.is_given:
        return
    if any(needs_writing(one, facts.now, _HOLD_MINUTES) for one in facts.restores.value):
        return
    yield fault(
        f"The role {leave.role} of the instance may write to the source, though no restore runs.",
        aws("iam", "detach-role-policy", facts.region, role_name=leave.role, policy_arn=leave.policy),
    )


def _old_solution(facts: StackFacts) -> Iterator[Found]:
    used = {group.id for target in facts.targets.value for group in target.groups}
    sources = {facts.stack.outputs.get("SourceEFS"), *(row.file_system for row in facts.table.value.active)}
    for old in facts.old_stacks.value:
        is_ours = old.source in sources
        for rule in old.rules if is_ours else ():
            yield fault(
                f"The rule {rule} of the old stack {old.name} still starts backups of {old.source}, beside this one's.",
                aws("events", "disable-rule", facts.region, name=rule),
            )
        for group in sorted(used & {*old.groups}):
            yield warning(
                f"Mount targets use {group}, a security group of the old stack {old.name}, which goes with that stack.",
                f"{aws('ec2', 'create-security-group', facts.region, group_name='efs-mount-targets', description='NFS', vpc_id=facts.vpc.value.id)}"  # noqa: E501 - one command
                "  # then: aws efs modify-mount-target-security-groups",
            )
        if is_ours and not old.rules:
            yield warning(
                f"The old stack {old.name} is still there; its rule is disabled.",
                aws("cloudformation", "delete-stack", facts.region, stack_name=old.name),
            )


RUNNING_CHECKS = (
    Check("stack", "The stack is complete.", "A stack that was half made, or half removed, may lack anything.", _stack),
    Check(
        "schedule",
        "The schedule, and all that wakes the orchestrator, is enabled.",
        "What does not fire is not noticed: no backup, no report, and without the reconcile no alarm either.",
        _schedule,
    ),
    Check("orchestrator", "The orchestrator can run.", "Each start and each end goes through it.", _orchestrator),
    Check(
        "failed-events",
        "No event waits that could not be handled.",
        "Each is a start, an end or a report that has not happened.",
        _failed_events,
    ),
    Check(
        "subscription",
        "Who has subscribed to the reports has confirmed it.",
        "A failure that nobody is told of is found on the day of a restore.",
        _subscription,
    ),
    Check(
        "topic-key",
        "The topic's key is enabled, and lets alarms use it.",
        "Without it reports and alarms are refused, and nothing says so.",
        _topic_key,
    ),
    Check(
        "window",
        "The window is long enough for what is foretold.",
        "A backup that does not end in its window is Incomplete, and there is no new snapshot.",
        _window,
    ),
    Check(
        "success",
        "No success is overdue.",
        "What is lost between it and now cannot be restored.",
        _success,
    ),
    Check(
        "held",
        "No hold keeps snapshots from being dropped.",
        "Storage grows, and so does the number of links of a file, until somebody has looked.",
        _held,
    ),
    Check(
        "rows",
        "Each row of the table can be read.",
        "What cannot be read is not started, and no alarm looks after it.",
        _rows,
    ),
    Check(
        "leave-to-write",
        "The instance may write to the source only while a restore runs.",
        "Who takes the instance over could change what is backed up.",
        _leave,
    ),
    Check(
        "old-solution",
        "Nothing is left of the solution that this one replaces.",
        "Two programs that write into one label, and drop from it, undo each other's work.",
        _old_solution,
    ),
)
