"""The typed variables of the Terraform module, generated from the form of a backup stack.

python deployment/terraform_variables.py    write deployment/terraform/variables.tf and parameters.tf
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from cdk.parameters.backup import BackupParameters
from cdk.parameters.field import Field, groups_of
from cdk.parameters.storage import PROTECTION

MODULE = Path(__file__).resolve().parent / "terraform"

_HEAD = "# Generated from cdk/parameters/ by: python deployment/terraform_variables.py\n"
_LOOKS_AHEAD = "(?!"
"""Terraform's expressions (RE2) do not know it: CloudFormation refuses what such a pattern forbids."""


def files() -> dict[str, str]:
    """The content of both files, by their names."""
    groups = groups_of(BackupParameters)
    variables = [_of_group(title, (field for _, field in fields)) for title, fields in groups.items()]
    fields = [field for found in groups.values() for _, field in found]
    return {"variables.tf": "\n".join([_HEAD, *variables]), "parameters.tf": _parameters(fields)}


def variable_of(parameter: str) -> str:
    """The name of a parameter's variable: `backup_window` of `BackupWindow`, `efs_mode` of `EFSMode`."""
    apart = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", parameter)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", apart).lower()


def type_of(field: Field) -> str:
    """The type of a field's variable."""
    if field.asks_yes_or_no:
        return "bool"
    if field.type.startswith("List<"):
        return "list(string)"
    return "number" if field.type == "Number" else "string"


def default_of(field: Field) -> object:
    """The default of a field's variable; None where CloudFormation's is taken, or none may be."""
    if field.default is None or field.name == PROTECTION:
        return None
    if field.asks_yes_or_no:
        return field.default == "Yes"
    return int(field.default) if field.type == "Number" else field.default


def _of_group(title: str, fields: Iterator[Field]) -> str:
    return "\n".join([f"# {title}\n", *map(_variable, fields)])


def _variable(field: Field) -> str:
    lines = [f"description = {_text(field.description)}", f"type        = {type_of(field)}"]
    if field.name == PROTECTION:
        lines += ["default     = null"]
    else:
        given = default_of(field)
        lines += [] if given is None else [f"default     = {_literal(given)}"]
        lines += ["nullable    = false"]
    body = "\n".join(f"  {line}" for line in lines)
    checks = "".join(map(_validation, _checks(field)))
    return f'variable "{variable_of(field.name)}" {{\n{body}\n{checks}}}\n'


def _checks(field: Field) -> Iterator[tuple[str, str]]:
    """The condition that a value must meet, and the words where it does not."""
    name = f"var.{variable_of(field.name)}"
    if field.choices and not field.asks_yes_or_no:
        among = ", ".join(choice if field.type == "Number" else _text(choice) for choice in field.choices)
        yield f"contains([{among}], {name})", f"{field.name} must be one of {', '.join(field.choices)}."
    if field.pattern and _LOOKS_AHEAD not in field.pattern:
        yield f"can(regex({_text(f'^(?:{field.pattern})$')}, {name}))", _sentence(field)
    if field.lowest is not None and field.highest is not None:
        whole = f"floor({name}) == {name}"
        yield f"{name} >= {field.lowest} && {name} <= {field.highest} && {whole}", _sentence(field)


def _sentence(field: Field) -> str:
    """The words about a wrong value; Terraform wants it to end as a sentence."""
    said = f"{field.name} {field.wrong}"
    return said if said.endswith(".") else f"{said}."


def _validation(check: tuple[str, str]) -> str:
    condition, said = check
    return f"\n  validation {{\n    condition     = {condition}\n    error_message = {_text(said)}\n  }}\n"


def _parameters(fields: list[Field]) -> str:
    """The map that CloudFormation takes: texts, of which one that is null is left out."""
    width = max(len(field.name) for field in fields)
    lines = "\n".join(f"    {field.name.ljust(width)} = {_value(field)}" for field in fields)
    return (
        f"{_HEAD}\nlocals {{\n  given = {{\n{lines}\n  }}\n\n"
        "  parameters = { for name, value in local.given : name => value if value != null }\n}\n"
    )


def _value(field: Field) -> str:
    name = f"var.{variable_of(field.name)}"
    if field.name == PROTECTION:
        return f'{name} == null ? null : {name} ? "Yes" : "No"'
    kind = type_of(field)
    return {"bool": f'{name} ? "Yes" : "No"', "list(string)": f'join(",", {name})', "number": f"tostring({name})"}.get(
        kind, name
    )


def _literal(value: object) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    """Quoted, with nothing in it that Terraform would put in."""
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")


if __name__ == "__main__":
    for file, content in files().items():
        (MODULE / file).write_text(content)
