"""A synthesized template, to be asked for facts."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

ACCOUNT = "123456789012"
GIVEN = {
    "SrcEFS": "fs-11111111",
    "DstEFS": "fs-22222222",
    "Email": "someone@example.com",
    "RestoreLogBucket": "restore-logs",
    "VpcId": "vpc-1",
    "SecurityGroupId": "sg-1",
    "AmiX86": "/ami/x86",
    "AmiGraviton": "/ami/graviton",
}
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": "EfsBackup",
    "AWS::StackId": f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/EfsBackup/0f1e2d3c",
    "AWS::URLSuffix": "amazonaws.com",
}


@dataclass(frozen=True)
class Template:
    """A template that the synthesis wrote. `given` are values of parameters; the others take their defaults."""

    content: Mapping[str, Any]
    given: Mapping[str, str] = field(default_factory=lambda: GIVEN)

    @classmethod
    def read(cls, path: Path) -> "Template":
        """From a file."""
        return cls(json.loads(path.read_text()))

    def having(self, **given: str) -> "Template":
        """The same with other values of parameters."""
        return Template(self.content, {**self.given, **given})

    @property
    def parameters(self) -> dict[str, Any]:
        """Those of the operator: the CDK adds one of its own."""
        return {name: value for name, value in self.content["Parameters"].items() if name != "BootstrapVersion"}

    def resources(self, kind: str) -> dict[str, Any]:
        """All of a type that exist under the given parameters, by logical id."""
        found = {name: each for name, each in self.content["Resources"].items() if each["Type"] == kind}
        return {name: each for name, each in found.items() if self._holds(each.get("Condition"))}

    def one(self, kind: str) -> tuple[str, Any]:
        """The only one of a type: logical id and resource."""
        ((name, resource),) = self.resources(kind).items()
        return name, resource

    def properties(self, kind: str) -> Any:
        """Of the only one of a type, with nothing left to be resolved."""
        return self.resolve(self.one(kind)[1]["Properties"])

    def arn(self, kind: str) -> str:
        """Stands for the ARN of the only one of a type."""
        return f"<{self.one(kind)[0]}.Arn>"

    def resolve(self, value: Any) -> Any:
        """Resolve a value as CloudFormation would; a resource becomes `<its logical id>`."""
        if isinstance(value, list):
            return [each for each in map(self.resolve, value) if each != {"Ref": "AWS::NoValue"}]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, arguments),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._intrinsic(name, arguments)
        resolved = {name: self.resolve(each) for name, each in value.items()}
        return {name: each for name, each in resolved.items() if each != {"Ref": "AWS::NoValue"}}

    def _intrinsic(self, name: str, arguments: Any) -> Any:
        functions: dict[str, Callable[..., Any]] = {
            "Fn::GetAtt": lambda resource, attribute: f"<{resource}.{attribute}>",
            "Fn::Join": lambda separator, parts: separator.join(map(str, self.resolve(parts))),
            "Fn::Split": lambda separator, text: self.resolve(text).split(separator),
            "Fn::Select": lambda place, values: self.resolve(values)[int(place)],
            "Fn::If": lambda condition, this, that: self.resolve(this if self._holds(condition) else that),
            "Fn::FindInMap": lambda mapping, *keys: self._look_up(mapping, *self.resolve(list(keys))),
            "Fn::Sub": self._substitute,
            "Fn::Base64": self.resolve,
            "Ref": self._reference,
        }
        return functions[name](*arguments) if isinstance(arguments, list) else functions[name](arguments)

    def _look_up(self, mapping: str, first: str, second: str) -> Any:
        return self.content["Mappings"][mapping][first][second]

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return {"Ref": name}
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            if name == "Subnets":
                return self.given.get(name, "subnet-a,subnet-b").split(",")
            return str(self.given.get(name, self.parameters[name].get("Default")))
        return f"<{name}>"

    def _substitute(self, text: str, values: Mapping[str, Any] = MappingProxyType({})) -> str:
        def replace(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            return str(self.resolve(values[name]) if name in values else self._reference(name))

        return re.sub(r"\$\{([^}]+)\}", replace, text)

    def _holds(self, condition: str | None) -> bool:
        return condition is None or self._is_true(self.content["Conditions"][condition])

    def _is_true(self, expression: Mapping[str, Any]) -> bool:
        ((name, arguments),) = expression.items()
        match name:
            case "Fn::Equals":
                this, that = self.resolve(arguments)
                return bool(this == that)
            case "Fn::Not":
                return not self._is_true(arguments[0])
            case "Fn::And":
                return all(map(self._is_true, arguments))
            case "Fn::Or":
                return any(map(self._is_true, arguments))
            case _:
                return self._holds(arguments)


def environment_file(template: Template) -> dict[str, str]:
    """The environment file that the user data of the template's instance writes for its agent."""
    data = template.properties("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["UserData"]
    lines = data.split("<<'END'\n")[1].split("\nEND\n")[0].splitlines()
    return dict(line.split("=", 1) for line in lines)
