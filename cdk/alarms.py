"""What must not go unnoticed: backups that do not happen, and events that could not be handled."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.backup_parameters import MAXIMUM_AGES
from cdk.conditions import either
from cdk.dashboard import own_metric
from cdk.form import Form


class Alarms(Construct):
    """Alarms that report on the topic."""

    def __init__(self, scope: Construct, topic: sns.ITopic, form: Form, failed_events: sqs.Queue) -> None:
        super().__init__(scope, "Alarms")
        self._action = actions.SnsAction(topic)
        self._no_success(self._maximum_age(form))
        self._failed_events(failed_events)

    def _maximum_age(self, form: Form) -> str:
        """What was entered, or what suits the interval."""
        asked = form.text("MaximumBackupAge")
        ages = {interval: {"Hours": hours} for interval, hours in MAXIMUM_AGES.items()}
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

    def _failed_events(self, queue: sqs.Queue) -> None:
        metric = queue.metric_approximate_number_of_messages_visible(statistic="Maximum")
        alarm = metric.create_alarm(
            self,
            "FailedEvents",
            alarm_description=f"The EFS backup orchestrator gave an event up; it is in the queue {queue.queue_name}.",
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
