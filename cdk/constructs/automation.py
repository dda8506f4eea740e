"""Documents: what a person does with the backups, as Systems Manager Automation documents of the stack.

They cost nothing while nobody runs them, so every stack has them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from efs_backup.domain.operations.hold_requests import HoldAction
from efs_backup.domain.operations.pin_requests import PinAction
from efs_backup.domain.operations.triggers import RUNNING, drill_event, hold_event, of_row, start_event, stop_event
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.sources.row import LABEL

from ..permissions import arns
from .orchestrator import Orchestrator

PREFIX = "EfsBackup"
"""Of the names: Systems Manager takes none that begins like a name of AWS, as that of a stack may."""

_SCHEMA = "0.3"
EXECUTION = "{{ automation:EXECUTION_ID }}"
BY = f"the automation {EXECUTION}"
"""Who runs it, the history of Automation and CloudTrail know; a document does not."""


@dataclass(frozen=True)
class Asked:
    """A parameter of a document, a text. pattern: what it may be, as a whole; without a default it must be given."""

    description: str
    pattern: str
    default: str | None = None

    def content(self) -> dict[str, str]:
        """As a document has it."""
        given = {} if self.default is None else {"default": self.default}
        return {"type": "String", "description": self.description, "allowedPattern": f"^{self.pattern}$", **given}


@dataclass(frozen=True)
class Document:
    """An Automation document.

    event: what the orchestrator gets, beside the id of the execution; `{{ NAME }}` in it is a parameter.
    """

    name: str
    description: str
    event: Mapping[str, str]
    parameters: Mapping[str, Asked] = field(default_factory=dict)

    def content(self, function: str, role: str) -> dict[str, object]:
        """The document. The answer is waited for: nothing that was asked for happens later, to another backup."""
        return {
            "schemaVersion": _SCHEMA,
            "description": self.description,
            "assumeRole": role,
            "parameters": {name: asked.content() for name, asked in self.parameters.items()},
            "mainSteps": [
                {
                    "name": "Ask",
                    "action": "aws:invokeLambdaFunction",
                    "maxAttempts": 1,
                    "timeoutSeconds": 300,
                    "onFailure": "Abort",
                    "isEnd": True,
                    "inputs": {
                        "FunctionName": function,
                        "InvocationType": "RequestResponse",
                        "InputPayload": {**self.event, "event_id": EXECUTION},
                    },
                }
            ],
            "outputs": ["Ask.Payload"],
        }


UNSEEN = r"\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
"""Signs that nobody sees, for a class of letters: controls, breaks of lines, what turns the direction of writing."""
_LETTER = rf"[^\"\\{{}}{UNSEEN}]"
"""Nothing that could end a text of JSON, be taken for a parameter, or do something to a terminal or a mail."""
_TEXT, _NOTE = f"{_LETTER}{{1,500}}", f"{_LETTER}{{0,500}}"
SNAPSHOT = "[0-9]{8}T[0-9]{6}Z"
_SNAPSHOT = Asked("The name of the snapshot, such as 20261122T020000Z.", SNAPSHOT)
_WHY = Asked("Why: the next seal tells it.", _TEXT)
_ROW = {
    "Label": Asked(
        "Of which file system, by its label; empty: that of the stack's parameters.", f"({LABEL})?", ""
    ),
    "Interval": Asked("Which series of the label; empty where there is one.", f"({'|'.join(Interval)})?", ""),
}  # fmt: skip
_OF_ROW = of_row("{{ Label }}", "{{ Interval }}")


def _of_hold(action: HoldAction) -> dict[str, str]:
    return {**hold_event(action, "{{ Reason }}", BY), **_OF_ROW}


def _of_pin(action: PinAction) -> dict[str, str]:
    return {**_of_hold(HoldAction.HOLD), "action": str(action), "snapshot": "{{ Snapshot }}"}


_LATER = "The next backup carries it out."

DOCUMENTS = (
    Document("StartBackup", "Starts a backup, unless one runs: then the answer says skip.", start_event() | _OF_ROW,
             _ROW),
    Document("StartDrill", "Starts the rehearsal of a restore, unless a backup or drill runs.", drill_event()),
    Document(
        "StopBackup",
        "Ends the backup, or drill, that runs, as the end of its window would: what is copied is kept.",
        stop_event("{{ BackupId }}", BY),
        {"BackupId": Asked("The id of a backup, or that which runs.", rf"({RUNNING}|[0-9a-f]{{8}})", RUNNING)},
    ),
    Document("Hold", f"Keeps all snapshots that there are, until Release. {_LATER}", _of_hold(HoldAction.HOLD),
             {"Reason": _WHY, **_ROW}),
    Document("Release", f"Takes the holds away that there are when it is asked for. {_LATER}",
             _of_hold(HoldAction.RELEASE), {"Reason": _WHY, **_ROW}),
    Document(
        "Pin", f"Keeps one snapshot, whatever the rules say. {_LATER}",
        {**_of_pin(PinAction.PIN), "until": "{{ Until }}"},
        {
            "Snapshot": _SNAPSHOT, "Reason": _WHY,
            "Until": Asked("The last day on which it is kept, UTC; empty: for good.",
                           "([0-9]{4}-[0-9]{2}-[0-9]{2})?", ""),
            **_ROW,
        },
    ),
    Document("Unpin", f"Lets the rules decide about a pinned snapshot again. {_LATER}", _of_pin(PinAction.UNPIN),
             {"Snapshot": _SNAPSHOT, "Reason": _WHY, **_ROW}),
    Document(
        "Note", f"Writes a note on a snapshot, which protects nothing. {_LATER}",
        {**_of_pin(PinAction.NOTE), "reason": "{{ Note }}"},
        {"Snapshot": _SNAPSHOT, "Note": Asked("What it says; empty: it is taken away.", _NOTE, ""), **_ROW},
    ),
)  # fmt: skip


class Automation(Construct):
    """The documents, and the role in which they ask the orchestrator: it may do nothing else."""

    def __init__(self, scope: Construct, orchestrator: Orchestrator, documents: Iterable[Document] = DOCUMENTS) -> None:
        super().__init__(scope, "Automation")
        function = orchestrator.function
        self.role = self._role(function.function_arn)
        for document in documents:
            add_document(self, document, function.function_name, self.role)

    def _role(self, function: str) -> iam.Role:
        may = iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function])
        service = iam.ServicePrincipal(
            "ssm.amazonaws.com",
            conditions={
                "StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID},
                "ArnLike": {"aws:SourceArn": arns.any_automation()},
            },
        )
        return iam.Role(
            self,
            "Role",
            assumed_by=service,
            description="Lets runbooks ask the orchestrator of EFS backups",
            inline_policies={"Ask": iam.PolicyDocument(statements=[may])},
        )


def add_document(scope: Construct, document: Document, function: str, role: iam.Role) -> None:
    """Make a document of this, which asks the function in this role."""
    ssm.CfnDocument(
        scope,
        document.name,
        name=document_name(document.name),
        document_type="Automation",
        document_format="JSON",
        update_method="NewVersion",
        content=document.content(function, role.role_arn),
    )


def document_name(document: str) -> str:
    """The name of a document, by which other runbooks can call it."""
    return f"{PREFIX}-{cdk.Aws.STACK_NAME}-{document}"
