"""The surroundings of a backup: a document that makes the source quiet, and a ping; each only if it is named."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk import arns
from cdk.conditions import either, is_given, only_if
from cdk.form import Field, Form
from cdk.permissions import Allow, permit
from efs_backup.domain.operations.quiescing import PHASE_PARAMETER, QUIESCE_TAG

_DOCUMENT, _TAG, _PING = "QuiesceDocument", "QuiesceTag", "PingUrlParameter"

QUIESCE_PARAMETERS = {
    _DOCUMENT: Field(
        "Document that makes the source quiet",
        "The name of an SSM document of this account, which the agent runs on tagged instances before and after the"
        f" copy, with {PHASE_PARAMETER}=before, after or failed. If it fails before, nothing is copied. Empty: none.",
        default="",
        pattern=r"((?![Aa][Ww][Ss]-|[Aa][Mm][Aa][Zz][Oo][Nn]|[Aa][Mm][Zz][Nn])[A-Za-z0-9_.-]{3,128})?",
        wrong="must be empty, or the name of a document of this account",
    ),
    _TAG: Field(
        "Value of the tag",
        f"Of the tag {QUIESCE_TAG}, which the instances have on which it is run. Empty: the name of the stack.",
        default="",
        pattern=r"[A-Za-z0-9_.:/=+@-]{0,256}",
        wrong="must be empty, or the value of a tag, of letters, digits and _ . : / = + @ - only",
    ),
    _PING: Field(
        "Parameter with the address of a ping",
        "The name of a SecureString in Parameter Store with an address as that of a check of healthchecks.io, which is"
        " told of start, success and failure. Empty: none.",
        default="",
        pattern=r"(/[A-Za-z0-9_.-]+)*",
        wrong="must be empty, or the name of a parameter that begins with a slash",
    ),
}


class Quiescing(Construct):
    """Lets the instance run that document on instances with that tag, and see how it ended."""

    def __init__(self, scope: Construct, form: Form, role: iam.IRole) -> None:
        super().__init__(scope, "Quiescing")
        has_tag = is_given(self, "HasTag", form.text(_TAG))
        self.tag = either(has_tag, form.text(_TAG), cdk.Aws.STACK_NAME)
        permit(self, role, _run_document(form.text(_DOCUMENT), self.tag))
        only_if(is_given(self, "IsWanted", form.text(_DOCUMENT)), self)


class PingSecret(Construct):
    """Lets the instance read the parameter with the address of the ping."""

    def __init__(self, scope: Construct, form: Form, role: iam.IRole) -> None:
        super().__init__(scope, "PingSecret")
        permit(self, role, [Allow(["ssm:GetParameter"], [arns.parameter(form.text(_PING))])])
        only_if(is_given(self, "IsThere", form.text(_PING)), self)


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
