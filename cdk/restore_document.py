"""Restores into the source as Systems Manager Automation documents: a button, and a step of others' runbooks."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk.conditions import only_if
from cdk.orchestrator import Orchestrator
from cdk.restore_in_place import LeaveToWrite
from efs_backup.domain.operations.record import Mode
from efs_backup.domain.requests.requests import RestoreMode

_EXECUTION = "{{ automation:EXECUTION_ID }}"
_PATH = r"[^\"\\{}\x00-\x1f\x7f]"
"""A letter that can neither end a text of JSON nor be taken for a parameter."""

_YES_OR_NO = "^(Yes|No)$"


def _text(description: str, pattern: str, default: str | None = None) -> dict[str, str]:
    given = {} if default is None else {"default": default}
    return {"type": "String", "description": description, "allowedPattern": pattern, **given}


_DRY_RUN = {**_text("Only plan: touch nothing, and mail what would be done?", _YES_OR_NO, "Yes")}
_RESTORE = {
    "Path": _text("The file or directory of the snapshot, or a pattern; / is all.", f"^{_PATH}{{1,1024}}$"),
    "Into": _text("A directory of the source; empty with ToOriginal.", f"^{_PATH}{{0,1024}}$", ""),
    "ToOriginal": _text("Back to where it was backed up from?", _YES_OR_NO, "No"),
    "AsOf": _text("The newest snapshot that is not younger, in ISO 8601; empty: the newest.", "^[0-9TZ:+-]{0,25}$", ""),
    "Mode": _text("What may become of what is there.", f"^({'|'.join(RestoreMode)})$", str(RestoreMode.OVERLAY)),
    "DryRun": _DRY_RUN,
}
_UNDO = {
    "Quarantine": _text("The quarantine that the mail of the restore names.", f"^/{_PATH}{{1,1023}}$"),
    "DryRun": _DRY_RUN,
}
_COMMON = {
    "mode": str(Mode.RESTORE), "dry_run": "{{ DryRun }}", "by": f"the automation {_EXECUTION}", "event_id": _EXECUTION,
}  # fmt: skip
_RESTORE_EVENT = {
    **_COMMON, "action": "start", "paths": "{{ Path }}", "into": "{{ Into }}", "to_original": "{{ ToOriginal }}",
    "as_of": "{{ AsOf }}", "restore_mode": "{{ Mode }}",
}  # fmt: skip
_UNDO_EVENT = {**_COMMON, "action": "undo", "quarantine": "{{ Quarantine }}"}

DOCUMENTS = {
    "Restore": ("Restores into the source of EFS backups, by an instance of their stack.", _RESTORE, _RESTORE_EVENT),
    "UndoRestore": ("Takes a restore into the source of EFS backups back.", _UNDO, _UNDO_EVENT),
}
"""The description, the parameters and the event of each."""


class RestoreDocuments(Construct):
    """The documents, where the stack may restore into its source, and a role that may ask its function alone."""

    def __init__(self, scope: Construct, orchestrator: Orchestrator, leave: LeaveToWrite) -> None:
        super().__init__(scope, "RestoreDocuments")
        function = orchestrator.function
        ask = iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "ssm.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
            ),
            description="Lets runbooks ask for restores into the source of EFS backups",
            inline_policies={"Ask": iam.PolicyDocument(statements=[ask])},
        )
        for name, (description, parameters, event) in DOCUMENTS.items():
            ssm.CfnDocument(
                self,
                name,
                name=f"EfsBackup-{cdk.Aws.STACK_NAME}-{name}",
                document_type="Automation",
                document_format="JSON",
                update_method="NewVersion",
                content=_content(description, parameters, event, function.function_name, role.role_arn),
            )
        only_if(leave.condition, self)


def _content(
    description: str, parameters: dict[str, dict[str, str]], event: dict[str, str], function: str, role: str
) -> dict[str, object]:
    """The answer is waited for, and tells whether the restore was started; how it ends is mailed."""
    inputs = {"FunctionName": function, "InvocationType": "RequestResponse", "InputPayload": event}
    step = {
        "name": "Ask", "action": "aws:invokeLambdaFunction", "maxAttempts": 1, "timeoutSeconds": 300,
        "onFailure": "Abort", "isEnd": True, "inputs": inputs,
    }  # fmt: skip
    return {
        "schemaVersion": "0.3", "description": description, "assumeRole": role, "parameters": parameters,
        "mainSteps": [step], "outputs": ["Ask.Payload"],
    }  # fmt: skip
