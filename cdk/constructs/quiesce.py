"""The surroundings of a backup: a document that makes the source quiet, and a ping; each only if it is named."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from efs_backup.domain.operations.quiescing import QUIESCE_TAG

from ..parameters.around import Quiet
from ..permissions import arns
from ..permissions.allow import Allow, permit
from .conditions import either, is_given, only_if


class Quiescing(Construct):
    """Lets the instance run that document on instances with that tag, and see how it ended."""

    def __init__(self, scope: Construct, quiet: Quiet, role: iam.IRole) -> None:
        super().__init__(scope, "Quiescing")
        has_tag = is_given(self, "HasTag", quiet.tag)
        self.tag = either(has_tag, quiet.tag, cdk.Aws.STACK_NAME)
        permit(self, role, _run_document(quiet.document, self.tag))
        only_if(is_given(self, "IsWanted", quiet.document), self)


class PingSecret(Construct):
    """Lets the instance read the parameter with the address of the ping."""

    def __init__(self, scope: Construct, quiet: Quiet, role: iam.IRole) -> None:
        super().__init__(scope, "PingSecret")
        permit(self, role, [Allow(["ssm:GetParameter"], [arns.parameter(quiet.ping_parameter)])])
        only_if(is_given(self, "IsThere", quiet.ping_parameter), self)


def _run_document(document: str, tag: str) -> list[Allow]:
    return [
        Allow(["ssm:SendCommand"], [arns.document(document)]),
        Allow(
            ["ssm:SendCommand"],
            [arns.any_instance()],
            reason="The operator's instances are chosen by a tag, whose value bounds it.",
            conditions={"StringEquals": {f"ssm:resourceTag/{QUIESCE_TAG}": tag}},
        ),
        Allow(
            ["ssm:ListCommands", "ssm:ListCommandInvocations"],
            ["*"],
            reason="Systems Manager has no resource-level permission for reading how a command ended.",
        ),
    ]
