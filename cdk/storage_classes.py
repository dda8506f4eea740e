"""When files that nobody reads move to cheaper storage classes of Amazon EFS."""

import aws_cdk as cdk
from aws_cdk import aws_efs as efs
from constructs import Construct

from cdk.form import Form

NEVER = "None"

TO_INFREQUENT = (NEVER, "AFTER_1_DAY", "AFTER_7_DAYS", "AFTER_14_DAYS", "AFTER_30_DAYS", "AFTER_60_DAYS")
TO_ARCHIVE = (NEVER, "AFTER_90_DAYS", "AFTER_180_DAYS", "AFTER_270_DAYS", "AFTER_365_DAYS")
"""Amazon EFS wants the second move to be later than the first: any two of these lists are in order."""

Policies = list[cdk.IResolvable | efs.CfnFileSystem.LifecyclePolicyProperty]


def lifecycle_policies(scope: Construct, form: Form, is_regional: cdk.ICfnConditionExpression) -> Policies:
    """One policy for each move, as Amazon EFS wants it; nothing moves back, for one restore is no habit.

    The archive needs elastic throughput (so generalPurpose), a move to Infrequent Access before, and more than one
    zone, as far as the guide says.
    """
    infrequent, archive = form.text("TransitionToIA"), form.text("TransitionToArchive")
    equals, differ = cdk.Fn.condition_equals, _differ
    moves = differ(infrequent, NEVER)
    is_elastic = cdk.Fn.condition_and(
        equals(form.text("EFSMode"), "generalPurpose"), equals(form.text("ThroughputMode"), "elastic")
    )
    archives = cdk.Fn.condition_and(moves, differ(archive, NEVER), is_elastic, is_regional)
    return [
        _if(scope, "MovesToInfrequent", moves, {"TransitionToIA": infrequent}),
        _if(scope, "MovesToArchive", archives, {"TransitionToArchive": archive}),
    ]


def _differ(text: str, other: str) -> cdk.ICfnConditionExpression:
    return cdk.Fn.condition_not(cdk.Fn.condition_equals(text, other))


def _if(
    scope: Construct, name: str, expression: cdk.ICfnConditionExpression, policy: dict[str, str]
) -> cdk.IResolvable:
    condition = cdk.CfnCondition(scope, name, expression=expression)
    return cdk.Token.as_any(cdk.Fn.condition_if(condition.logical_id, policy, cdk.Aws.NO_VALUE))
