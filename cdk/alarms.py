"""What must not go unnoticed: backups that do not happen, and events that could not be handled."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk.backup_parameters import MAXIMUM_AGES
from cdk.conditions import either, is_given, only_if
from cdk.dashboard import own_metric
from cdk.drills import age_alarm
from cdk.form import Form
from cdk.orchestrator import Orchestrator
from cdk.permissions import acknowledge
from cdk.worker_role import NAMESPACE
from efs_backup.domain.forecast import LEAST_DAYS
from efs_backup.domain.operations.report import NOT_SENT


class Alarms(Construct):
    """Alarms that report on the topic."""

    def __init__(self, scope: Construct, topic: sns.ITopic, form: Form, orchestrator: Orchestrator) -> None:
        super().__init__(scope, "Alarms")
        self._action = actions.SnsAction(topic)
        self._no_success(self._maximum_age(form))
        self._failed_events(orchestrator)
        self._unsent_reports(orchestrator.log_group)
        self._no_drill(form)
        self._window_fills()

    def _maximum_age(self, form: Form) -> str:
        """What was entered, or what suits the interval."""
        asked = form.text("MaximumBackupAge")
        ages = {interval: {"Hours": str(hours)} for interval, hours in MAXIMUM_AGES.items()}
        suited = cdk.CfnMapping(self, "Ages", mapping=ages).find_in_map(form.text("IntervalTag"), "Hours")
        is_open = cdk.CfnCondition(self, "AgeIsOpen", expression=cdk.Fn.condition_equals(asked, "0"))
        return either(is_open, suited, asked)

    def _no_success(self, maximum_age: str) -> None:
        """Silence is an alarm too: then the orchestrator itself does not run."""
        alarm = own_metric("HoursSinceLastSuccess", "Maximum", cdk.Duration.hours(1)).create_alarm(
            self,
            "NoSuccess",
            alarm_description="No EFS backup has succeeded for too long, or nothing reports any more.",
            threshold=cdk.Token.as_number(maximum_age),
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=2,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)
        acknowledge(alarm, "CloudFormation-Validate::W9003", "Mappings hold texts; a number is made of it.")

    def _no_drill(self, form: Form) -> None:
        alarm = age_alarm(self, form, own_metric("HoursSinceLastDrill", "Maximum", cdk.Duration.hours(1)))
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)
        only_if(is_given(self, "DrillsAreWanted", form.text("DrillSchedule")), alarm)

    def _window_fills(self) -> None:
        """What nobody foretells is no alarm: the first week, a window that fits for years."""
        alarm = own_metric("ForecastDaysLeft", "Minimum", cdk.Duration.days(1)).create_alarm(
            self,
            "WindowFills",
            alarm_description=f"In less than {LEAST_DAYS} days an EFS backup will no longer fit into its window.",
            threshold=LEAST_DAYS,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)

    def _failed_events(self, orchestrator: Orchestrator) -> None:
        queue = orchestrator.failed_events
        self._none_of(
            "FailedEvents",
            queue.metric_approximate_number_of_messages_visible(statistic="Maximum"),
            f"The EFS backup orchestrator gave an event up; it is in the queue {queue.queue_name}.",
        )

    def _unsent_reports(self, log_group: logs.LogGroup) -> None:
        """What the topic or its key refuses to the function stands in its log alone; an alarm asks as somebody else."""
        unsent = logs.MetricFilter(
            self,
            "UnsentReports",
            log_group=log_group,
            filter_pattern=logs.FilterPattern.literal(f'"{NOT_SENT}"'),
            metric_namespace=NAMESPACE,
            metric_name=f"UnsentReports-{cdk.Aws.STACK_NAME}",
        )
        self._none_of(
            "NotTold",
            unsent.metric(statistic="Sum", period=cdk.Duration.hours(1)),
            f"A report of an EFS backup could not be sent; why is in the log {log_group.log_group_name}, how the backup"
            " ended in its record. It is tried again every half hour.",
        )

    def _none_of(self, name: str, metric: cloudwatch.Metric, description: str) -> None:
        alarm = metric.create_alarm(
            self,
            name,
            alarm_description=description,
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
