"""Fields of a form: each is declared once, and is a parameter of a template and a property in Python."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, dataclass_transform, get_type_hints

YES_OR_NO = ("Yes", "No")

Answer = bool | str
"""To a question: in Python True or False, in a form Yes or No."""

Value = str | int | Sequence[str] | None

_MARKS = ("${Token[", "#{Token[")
_TOKENS_OF_NUMBERS = -1e280
"""The CDK writes such texts, or a number below this, for a value that is known at the deployment (`encoding.ts`)."""

_FIELD, _TITLE = "field", "title"
C = TypeVar("C")
S = TypeVar("S", bound="Section")


@dataclasses.dataclass(frozen=True)
class Field:
    """One parameter. Without a default it must be given; `pattern` and `wrong` (what to say) guard what is typed."""

    name: str
    label: str
    description: str
    default: str | int | None = None
    type: str = "String"
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    wrong: str | None = None
    lowest: int | None = None
    highest: int | None = None

    @property
    def asks_yes_or_no(self) -> bool:
        """Whether it is a question."""
        return self.choices == YES_OR_NO

    @property
    def rule(self) -> str:
        """The end of a sentence about a value that is refused."""
        if self.wrong:
            return self.wrong
        if self.choices:
            return f"must be one of {', '.join(self.choices)}"
        return "must be a list of texts" if self.takes_several else "must be a text or a number"

    @property
    def takes_several(self) -> bool:
        """Whether it is a list."""
        return self.type.startswith("List<")

    def refuses(self, value: Value) -> bool:
        """Whether CloudFormation would refuse a value; one that is not known yet is left to it."""
        if is_open(value):
            return False
        if self.takes_several:
            return not _is_list_of_texts(value)
        return not isinstance(value, (str, int, float)) or self._refuses_text(as_entered(value))

    def _refuses_text(self, text: str) -> bool:
        if self.choices and text not in self.choices:
            return True
        if self.pattern is not None and not re.fullmatch(self.pattern, text):
            return True
        return self.type == "Number" and self._is_out_of_range(text)

    def _is_out_of_range(self, text: str) -> bool:
        if not re.fullmatch(r"-?\d+", text):
            return True
        lowest, highest = self.lowest, self.highest
        return (lowest is not None and int(text) < lowest) or (highest is not None and int(text) > highest)


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(one, str) for one in value)


def is_open(value: object) -> bool:
    """Whether a value is known at the deployment alone: a token of the CDK."""
    if isinstance(value, str):
        return any(mark in value for mark in _MARKS)
    if isinstance(value, (int, float)):
        return value < _TOKENS_OF_NUMBERS
    return isinstance(value, Sequence) and any(map(is_open, value))


def as_entered(value: str | float) -> str:
    """A value that is known, as an operator would type it: Yes for True."""
    return YES_OR_NO[0 if value else 1] if isinstance(value, bool) else str(value)


def _asked(field: Field, **given: Any) -> Any:
    return dataclasses.field(metadata={_FIELD: field}, **given)


def text(name: str, label: str, description: str, **rules: Any) -> Any:
    """Ask for a text. rules: those of a Field; without a `default` it must be given."""
    given = {key: rules[key] for key in ("default",) if key in rules}
    return _asked(Field(name, label, description, **rules), **given)


def number(name: str, label: str, description: str, **rules: Any) -> Any:
    """Ask for a number; with `lowest` and `highest`, what is wrong with another is said by itself."""
    if "highest" in rules:
        rules = {"wrong": f"must be {rules['lowest']} to {rules['highest']}", **rules}
    choices = rules.get("choices")
    default = rules["default"] if choices is None else str(rules["default"])
    return _asked(Field(name, label, description, type="Number", **{**rules, "default": default}),
                  default=rules["default"])  # fmt: skip


def question(name: str, label: str, description: str, *, default: bool | None) -> Any:
    """Ask for Yes or No. Without a default one knows the answer only where the form is declared."""
    entered = None if default is None else as_entered(default)
    return _asked(Field(name, label, description, default=entered, choices=YES_OR_NO), default=default)


def section(title: str, **given: Any) -> Any:
    """Ask for the fields of a section under a title; sections that follow each other may share one."""
    return dataclasses.field(metadata={_TITLE: title}, **given)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(text, number, question, section))
def form(made: type[C]) -> type[C]:
    """Make a class a form, or a section of one: frozen, and by keywords alone."""
    return dataclasses.dataclass(frozen=True, kw_only=True)(made)


class Section:
    """Fields that belong together. Raises ValueError where a value is one that the template would refuse."""

    def __post_init__(self) -> None:
        for each in dataclasses.fields(self):  # type: ignore[arg-type]  # each section is a form
            field, value = each.metadata[_FIELD], getattr(self, each.name)
            if not (value is None and each.default is None) and field.refuses(value):
                raise ValueError(f"{type(self).__name__}.{each.name} ({field.name}) {field.rule}: {value!r}")


def changed(section: S, **values: Any) -> S:
    """A section with other values of these properties."""
    made: Any = section
    other: S = dataclasses.replace(made, **values)
    return other


def fields_of(made: type) -> Iterator[tuple[str, Field]]:
    """The fields of a section, each with the name of its property."""
    for each in dataclasses.fields(made):
        yield each.name, each.metadata[_FIELD]


def sections_of(made: type) -> Iterator[tuple[str, str, type]]:
    """The sections of a form: the name of the property, the title, and the class."""
    hints = get_type_hints(made)
    for each in dataclasses.fields(made):
        yield each.name, each.metadata[_TITLE], hints[each.name]


def groups_of(made: type) -> dict[str, list[tuple[str, Field]]]:
    """All fields of a form by their titles, in order, each with its path of properties, such as `when.window`."""
    groups = dict[str, list[tuple[str, Field]]]()
    for name, title, kind in sections_of(made):
        groups.setdefault(title, []).extend((f"{name}.{one}", field) for one, field in fields_of(kind))
    return groups
