"""Restores into the source as Systems Manager Automation documents: a button, and a step of others' runbooks."""

from constructs import Construct

from efs_backup.domain.operations.record import Mode
from efs_backup.domain.requests.requests import RestoreMode

from .automation import BY, SNAPSHOT, UNSEEN, Asked, Automation, Document, add_document
from .conditions import only_if
from .orchestrator import Orchestrator
from .restore_in_place import LeaveToWrite

_PATH = rf"[^\"\\{{}}{UNSEEN}]"
"""A letter that can neither end a text of JSON nor be taken for a parameter, and that people see."""

_YES_OR_NO = "(Yes|No)"
_DRY_RUN = Asked("Only plan: touch nothing, and mail what would be done?", _YES_OR_NO, "Yes")
_COMMON = {"mode": str(Mode.RESTORE), "dry_run": "{{ DryRun }}", "by": BY}

DOCUMENTS = (
    Document(
        "Restore",
        "Restores into the source of EFS backups, by an instance of their stack; how it ends is mailed.",
        {
            **_COMMON, "action": "start", "paths": "{{ Path }}", "into": "{{ Into }}",
            "to_original": "{{ ToOriginal }}", "as_of": "{{ AsOf }}", "snapshot": "{{ Snapshot }}",
            "restore_mode": "{{ Mode }}",
        },
        {
            "Path": Asked("The file or directory of the snapshot, or a pattern; / is all.", f"{_PATH}{{1,1024}}"),
            "Into": Asked("A directory of the source; empty with ToOriginal.", f"{_PATH}{{0,1024}}", ""),
            "ToOriginal": Asked("Back to where it was backed up from?", _YES_OR_NO, "No"),
            "AsOf": Asked(
                "The newest snapshot that is not younger, in ISO 8601; empty: the newest.", "[0-9TZ:+-]{0,25}", ""
            ),
            "Snapshot": Asked("Instead: the name of a snapshot, such as 20261122T020000Z.", f"({SNAPSHOT})?", ""),
            "Mode": Asked(
                "What may become of what is there.", f"({'|'.join(RestoreMode)})", str(RestoreMode.OVERLAY)
            ),
            "DryRun": _DRY_RUN,
        },
    ),
    Document(
        "UndoRestore",
        "Takes a restore into the source of EFS backups back.",
        {**_COMMON, "action": "undo", "quarantine": "{{ Quarantine }}", "move_changed": "{{ MoveChanged }}"},
        {
            "Quarantine": Asked(
                "The quarantine that the mail of the restore names, or the directory into which it went.",
                f"/{_PATH}{{1,1023}}",
            ),
            "MoveChanged": Asked(
                "Move also away what was changed since? No: it is left alone, and named.", _YES_OR_NO, "No"
            ),
            "DryRun": _DRY_RUN,
        },
    ),
)  # fmt: skip


class RestoreDocuments(Construct):
    """The documents, where the stack may restore into its source, in the role of the others."""

    def __init__(
        self, scope: Construct, orchestrator: Orchestrator, automation: Automation, leave: LeaveToWrite
    ) -> None:
        super().__init__(scope, "RestoreDocuments")
        for document in DOCUMENTS:
            add_document(self, document, orchestrator.function.function_name, automation.role)
        only_if(leave.condition, self)
