"""The reference of all parameters, generated from the forms: docs/reference/parameters.md.

python deployment/parameter_reference.py    write it
"""

import re
from collections.abc import Iterator
from pathlib import Path

from cdk.parameters.backup import BackupParameters
from cdk.parameters.field import Field, groups_of
from cdk.parameters.restore import RestoreParameters
from cdk.parameters.storage import PROTECTION

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "parameters.md"

_HEAD = """# Parameters of the stacks

Generated from `cdk/parameters/` by `python deployment/parameter_reference.py`.
The console shows them in these groups, each with its label and what it means.
What cannot be right is refused before anything is made.
A property is that of the [construct](../how-to/cdk.md): `when.window` is `EfsBackup(..., when=When(window=...))`.
In the [Terraform module](../how-to/terraform.md) each has a variable of its name: `BackupWindow` is `backup_window`.
"""
_SENTENCE_ENDS = re.compile(r"(?<=[.?!]) (?=[A-Z0-9])")
_ARGUMENTS = {
    "source.file_system": "source", "source.directory": "directory", "network.vpc": "vpc", "network.subnets": "subnets",
}  # fmt: skip
"""Properties that are arguments of the construct itself."""


def reference() -> str:
    """The document."""
    return "\n".join([
        _HEAD,
        "## Of a backup stack", "", *_of_form(BackupParameters, properties=True),
        "## Of a restore stack", "", *_of_form(RestoreParameters, properties=False),
    ])  # fmt: skip


def _of_form(form: type, *, properties: bool) -> Iterator[str]:
    for title, fields in groups_of(form).items():
        yield from (f"### {title}", "")
        for path, field in fields:
            yield from (f"**`{field.name}`**: {field.label}.", "")
            yield from _SENTENCE_ENDS.split(field.description)
            yield from ("", *_facts(field, path if properties else None), "")


def _facts(field: Field, path: str | None) -> Iterator[str]:
    yield f"- Default: {_default(field)}."
    if field.choices:
        yield f"- One of: {', '.join(f'`{choice}`' for choice in field.choices)}."
    elif field.wrong:
        yield f"- It {field.wrong}{'' if field.wrong.endswith('.') else '.'}"
    if path:
        yield f"- Property: `{_ARGUMENTS.get(path, path)}`."


def _default(field: Field) -> str:
    """In words, where there is none."""
    if field.name == PROTECTION:
        return "`Yes` where the bundle can mount encrypted, else `No`"
    if field.default is None:
        return "none, it must be given"
    return "empty" if field.default == "" else f"`{field.default}`"


if __name__ == "__main__":
    REFERENCE.write_text(reference())
