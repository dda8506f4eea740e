"""Alarms for what must not go unnoticed: backups that do not happen, and events that could not be handled."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from efs_backup.domain.forecast import LEAST_DAYS
from efs_backup.domain.operations.figures import NAMESPACE, Figure
from efs_backup.domain.operations.report import NOT_SENT

from ..parameters.backup import BackupParameters
from ..parameters.field import is_open
from ..parameters.series import MAXIMUM_AGES
from .conditions import Condition, as_number, condition, either, equals, is_given, only_if
from .metrics import own_metric
from .orchestrator import Orchestrator
from .runbooks import Runbook, Runbooks

_HOUR, _DAY = cdk.Duration.hours(1), cdk.Duration.days(1)
MOST_OF_A_WINDOW = 80
"""Percent."""

_ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_RINGS, _IS_QUIET = cloudwatch.TreatMissingData.BREACHING, cloudwatch.TreatMissingData.NOT_BREACHING
_STAYS = cloudwatch.TreatMissingData.IGNORE


@dataclass(frozen=True)
class _Rule:
    """When an alarm rings, and what it then says: two sentences, and the runbook that has the rest."""

    metric: cloudwatch.Metric
    threshold: float
    happened: str
    do: str
    runbook: Runbook
    comparison: cloudwatch.ComparisonOperator = _ABOVE
    without_data: cloudwatch.TreatMissingData = _IS_QUIET
    periods: int = 1
    tells_its_end: bool = True


@dataclass(frozen=True)
class Known:
    """Where it is written what to do, and the condition under which there are further file systems."""

    runbooks: Runbooks
    has_rows: Condition


class Alarms(Construct):
    """Alarms that report on the topic.

    `of_drills` exists only with a schedule of drills, `of_rows` with further file systems, `others` always.
    """

    def __init__(
        self, scope: Construct, topic: sns.ITopic, asked: BackupParameters, orchestrator: Orchestrator, known: Known
    ) -> None:
        super().__init__(scope, "Alarms")
        self._action = actions.SnsAction(topic)
        self._runbooks, self.there_are_rows = known.runbooks, known.has_rows
        self.drills_are_wanted = is_given(self, "DrillsAreWanted", asked.drills.schedule)
        rules = {
            "NoSuccess": _no_success(self._maximum_age(asked)),
            "WindowUsed": _window_used(),
            "WindowFills": _window_fills(),
            "MassChange": _mass_change(),
            "FailedEvents": _failed_events(orchestrator),
            "NotTold": self._unsent_reports(orchestrator.log_group),
        }
        for name, rule in rules.items():
            self._made(name, rule)
        only_if(self.drills_are_wanted, self._made("NoDrill", _no_drill(asked.drills.maximum_age)))
        of_rows = {
            "PastDue": _past_due(), "RowHeld": _row_held(), "RowWindowUsed": _row_window_used(),
            "RowWindowFills": _row_window_fills(),
        }  # fmt: skip
        for name, rule in of_rows.items():
            only_if(self.there_are_rows, self._made(name, rule))
        self.others, self.of_drills = list(map(self._named, rules)), self._named("NoDrill")
        self.of_rows = list(map(self._named, of_rows))

    def _maximum_age(self, asked: BackupParameters) -> float:
        """The maximum age as it was entered, or the one that suits the interval."""
        entered, interval = asked.when.maximum_age, asked.series.interval
        if not is_open(interval) and not is_open(entered):
            return entered or MAXIMUM_AGES[interval]
        ages = {name: {"Hours": str(hours)} for name, hours in MAXIMUM_AGES.items()}
        suited = cdk.CfnMapping(self, "Ages", mapping=ages).find_in_map(interval, "Hours")
        return as_number(either(condition(self, "AgeIsOpen", equals(entered, "0")), suited, entered))

    def _unsent_reports(self, log_group: logs.LogGroup) -> _Rule:
        """Alarm about reports that the topic or its key refuses, for they stand in the function's log alone."""
        unsent = logs.MetricFilter(
            self,
            "UnsentReports",
            log_group=log_group,
            filter_pattern=logs.FilterPattern.string_value("$.errorMessage", "=", f"{NOT_SENT}*"),
            metric_namespace=NAMESPACE,
            metric_name=f"UnsentReports-{cdk.Aws.STACK_NAME}",
        )
        return _Rule(
            unsent.metric(statistic="Sum", period=_HOUR),
            0,
            "A report of an EFS backup could not be sent. How the backup ended is in its record; it is tried again"
            " every half hour.",
            f"Read why in the log {log_group.log_group_name}; look at the policies of the topic and of its key.",
            Runbook.NOT_TOLD,
        )

    def _made(self, name: str, rule: _Rule) -> cloudwatch.Alarm:
        """Let an alarm ring on the topic, and say there that it is over where that means something."""
        alarm = rule.metric.create_alarm(
            self,
            name,
            alarm_name=_full_name(name),
            alarm_description=f"{rule.happened} {rule.do} Runbook: {self._runbooks.of(rule.runbook)}",
            threshold=rule.threshold,
            comparison_operator=rule.comparison,
            evaluation_periods=rule.periods,
            treat_missing_data=rule.without_data,
        )
        alarm.add_alarm_action(self._action)
        if rule.tells_its_end:
            alarm.add_ok_action(self._action)
        return alarm

    def _named(self, name: str) -> cloudwatch.IAlarm:
        """An alarm by its name: who shows it depends on none."""
        return cloudwatch.Alarm.from_alarm_name(self, f"{name}ByName", _full_name(name))


def _full_name(name: str) -> str:
    """By the stack's name, under which a person finds all of them."""
    return f"{cdk.Aws.STACK_NAME}-{name}"


def _no_success(maximum_age: float) -> _Rule:
    """Silence is an alarm too: then the orchestrator itself does not run."""
    return _Rule(
        own_metric(Figure.HOURS_SINCE_LAST_SUCCESS, "Maximum", _HOUR),
        maximum_age,
        "No EFS backup has succeeded for too long, or nothing reports any more.",
        f"Read the last report, then: efs-backup stack status {cdk.Aws.STACK_NAME}.",
        Runbook.NO_SUCCESS,
        without_data=_RINGS,
        periods=2,
    )


def _no_drill(maximum_age: int) -> _Rule:
    """Nothing was rehearsed for too long; silence is as bad."""
    return _Rule(
        own_metric(Figure.HOURS_SINCE_LAST_DRILL, "Maximum", _HOUR),
        maximum_age,
        "No restore of EFS backups was rehearsed for too long, or nothing reports any more.",
        "Read the report of the last drill, and start one by hand.",
        Runbook.DRILL,
        without_data=_RINGS,
        periods=2,
    )


def _window_used() -> _Rule:
    """Alarm about a window used up; the figure stays until the next backup ends, for a day without one says nothing."""
    return _Rule(
        own_metric(Figure.WINDOW_USED, "Maximum", _HOUR),
        MOST_OF_A_WINDOW,
        f"An EFS backup took more than {MOST_OF_A_WINDOW} % of its window.",
        "Nothing is lost: the next backup continues what does not fit. If it lasts, give more by BackupWindow.",
        Runbook.WINDOW,
        without_data=_STAYS,
    )


def _window_fills() -> _Rule:
    """Alarm about a window that fills soon; without a forecast there is none: in the first week, or for years."""
    return _Rule(
        own_metric(Figure.FORECAST_DAYS_LEFT, "Minimum", _DAY),
        LEAST_DAYS,
        f"In less than {LEAST_DAYS} days an EFS backup will no longer fit into its window.",
        "Give more by BackupWindow, or a larger InstanceType; the last report names what grew most.",
        Runbook.WINDOW,
        comparison=_BELOW,
    )


def _mass_change() -> _Rule:
    """Until somebody has decided: each success tells whether snapshots are held."""
    return _Rule(
        own_metric(Figure.HELD_DAYS, "Maximum", _HOUR),
        0,
        "So much of the source changed or went at once that no snapshot is dropped, or a person holds them.",
        "Find out whether that was meant. If it was: efs-backup stack release"
        f" {cdk.Aws.STACK_NAME} --reason TEXT. If not, restore from a snapshot before it.",
        Runbook.MASS_CHANGE,
        without_data=_STAYS,
    )


def _past_due() -> _Rule:
    """One further file system has no success for longer than its interval allows; that nothing reports rings above."""
    return _Rule(
        own_metric(Figure.HOURS_PAST_DUE, "Maximum", _HOUR),
        0,
        "No EFS backup of one of the further file systems has succeeded for too long.",
        f"Find out which: efs-backup stack list {cdk.Aws.STACK_NAME}. The last mail that begins with its label says"
        " why.",
        Runbook.NO_SUCCESS,
        periods=2,
    )


def _row_held() -> _Rule:
    """As of the first: until somebody has decided."""
    return _Rule(
        own_metric(Figure.ROW_HELD_DAYS, "Maximum", _HOUR),
        0,
        "So much of one of the further file systems changed or went at once that no snapshot of it is dropped, or a"
        " person holds them.",
        "The last mail that begins with its label says which. If it was meant: efs-backup stack release"
        f" {cdk.Aws.STACK_NAME} --label LABEL --reason TEXT. If not, restore from a snapshot before it.",
        Runbook.MASS_CHANGE,
    )


def _row_window_used() -> _Rule:
    """The last backup of each counts, as it does of the first."""
    return _Rule(
        own_metric(Figure.ROW_WINDOW_USED, "Maximum", _HOUR),
        MOST_OF_A_WINDOW,
        f"The last EFS backup of one of the further file systems took more than {MOST_OF_A_WINDOW} % of its window.",
        f"Find out which: efs-backup stack history {cdk.Aws.STACK_NAME}. Nothing is lost; if it lasts, give its row a"
        " longer window.",
        Runbook.WINDOW,
    )


def _row_window_fills() -> _Rule:
    """As of the first; the row whose window is full soonest counts."""
    return _Rule(
        own_metric(Figure.ROW_DAYS_LEFT, "Minimum", _HOUR),
        LEAST_DAYS,
        f"In less than {LEAST_DAYS} days an EFS backup of one of the further file systems will no longer fit into its"
        " window.",
        "The last mail that begins with its label says which. Give its row a longer window: efs-backup stack add"
        f" {cdk.Aws.STACK_NAME} --label LABEL --window TIME.",
        Runbook.WINDOW,
        comparison=_BELOW,
    )


def _failed_events(orchestrator: Orchestrator) -> _Rule:
    """An empty queue says only that somebody has emptied it."""
    queue = orchestrator.failed_events
    return _Rule(
        queue.metric_approximate_number_of_messages_visible(statistic="Maximum"),
        0,
        f"The EFS backup orchestrator gave an event up; it is in the queue {queue.queue_name}.",
        f"Read why in the log {orchestrator.log_group.log_group_name}, mend that, and empty the queue.",
        Runbook.FAILED_EVENTS,
        tells_its_end=False,
    )
