"""The form of everything around a backup: the page, what makes the source quiet, restores into it."""

from efs_backup.domain.operations.quiescing import PHASE_PARAMETER, QUIESCE_TAG

from .field import Answer, Section, form, question, text
from .rules import PARAMETER


@form
class Browsing(Section):
    """The page to look at the snapshots."""

    wanted: Answer = question(
        "Browse",
        "Page to browse the snapshots",
        "Make a function that shows the snapshots to whom IAM lets call it: efs-backup browse --stack NAME. It can only"
        " read, and costs nothing while nobody looks. Each of the subnets needs a mount target of the backup file"
        " system in its zone.",
        default=False,
    )


@form
class Quiet(Section):
    """The steps before and after the copy."""

    document: str = text(
        "QuiesceDocument",
        "Document that makes the source quiet",
        "The name of an SSM document of this account, which the agent runs on tagged instances before and after the"
        f" copy, with {PHASE_PARAMETER}=before, after or failed. If it fails before, nothing is copied. Empty: none.",
        default="",
        pattern=r"((?![Aa][Ww][Ss]-|[Aa][Mm][Aa][Zz][Oo][Nn]|[Aa][Mm][Zz][Nn])[A-Za-z0-9_.-]{3,128})?",
        wrong="must be empty, or the name of a document of this account",
    )
    tag: str = text(
        "QuiesceTag",
        "Value of the tag",
        f"Of the tag {QUIESCE_TAG}, which the instances have on which it is run. Empty: the name of the stack.",
        default="",
        pattern=r"[A-Za-z0-9_.:/=+@-]{0,256}",
        wrong="must be empty, or the value of a tag, of letters, digits and _ . : / = + @ - only",
    )
    ping_parameter: str = text(
        "PingUrlParameter",
        "Parameter with the address of a ping",
        "The name of a SecureString in Parameter Store with an address as that of a check of healthchecks.io, which is"
        " told of start, success and failure. Empty: none.",
        default="",
        pattern=PARAMETER,
        wrong="must be empty, or the name of a parameter that begins with a slash",
    )


@form
class InPlace(Section):
    """Restores by the stack of the backups."""

    wanted: Answer = question(
        "RestoreInPlace",
        "Restore into the source",
        "May the stack restore into the source by its own instance, for who may invoke its function? Yes: the"
        " instance's role may write to the source while such a restore runs, and at no other time. No: it never may;"
        " the restore stack is there for that.",
        default=False,
    )
