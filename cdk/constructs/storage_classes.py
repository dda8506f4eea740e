"""When files that nobody reads move to cheaper storage classes of Amazon EFS."""

import aws_cdk as cdk
from aws_cdk import aws_efs as efs
from constructs import Construct

from ..parameters.storage import NEVER, Storage
from .conditions import Truth, both, condition, either, equals, negated

Policies = list[cdk.IResolvable | efs.CfnFileSystem.LifecyclePolicyProperty]


def lifecycle_policies(scope: Construct, storage: Storage, is_regional: Truth) -> Policies:
    """One policy for each move, as Amazon EFS wants it; nothing moves back, for one restore is no habit.

    The archive needs elastic throughput (so generalPurpose), a move to Infrequent Access before, and more than one
    zone, as far as the guide says.
    """
    infrequent, archive = storage.to_infrequent_access, storage.to_archive
    moves = negated(equals(infrequent, NEVER))
    is_elastic = both(equals(storage.performance_mode, "generalPurpose"), equals(storage.throughput_mode, "elastic"))
    archives = both(moves, negated(equals(archive, NEVER)), is_elastic, is_regional)
    return [
        *_if(scope, "MovesToInfrequent", moves, "TransitionToIA", infrequent),
        *_if(scope, "MovesToArchive", archives, "TransitionToArchive", archive),
    ]


def _if(scope: Construct, name: str, truth: Truth, move: str, after: str) -> Policies:
    known = condition(scope, name, truth)
    if not isinstance(known, bool):
        return [cdk.Token.as_any(either(known, {move: after}, cdk.Aws.NO_VALUE))]
    policy = efs.CfnFileSystem.LifecyclePolicyProperty
    made = policy(transition_to_ia=after) if move == "TransitionToIA" else policy(transition_to_archive=after)
    return [made] if known else []
