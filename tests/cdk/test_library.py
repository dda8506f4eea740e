"""Stacks of others with backups in them, made by the package efs-backup-cdk as it is installed."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.exemptions import CFN_LINT
from tests.support.linter import rules_broken
from tests.support.template import Template, environment_file

_REPOSITORY = Path(__file__).parents[2]
_OTHERS = ("Everything", "Least")
_STACKS = ("Homes", "Everything", "Least")
_MOST_BYTES, _MOST_RESOURCES, _MOST_NAMED = 1_000_000, 500, 200
"""Of a template (AWS CloudFormation User Guide, "Understand CloudFormation quotas")."""


@pytest.fixture(scope="module")
def examples(assembly: Any) -> Path:
    """The remains of the synthesis of others' stacks."""
    place: Path = assembly.place.parent / "examples"
    return place


def _template(examples: Path, stack: str) -> Template:
    return Template.read(examples / f"{stack}.template.json")


@pytest.fixture(scope="module")
def homes(examples: Path) -> Template:
    """The app of the how-to."""
    return _template(examples, "Homes")


@pytest.mark.long
@pytest.mark.parametrize("stack", ["Homes", *_OTHERS])
def test_cfn_lint_finds_what_is_named_and_nothing_else(examples: Path, stack: str) -> None:
    """As in the templates of this project."""
    assert rules_broken([str(examples / f"{stack}.template.json")]) <= set(CFN_LINT)


def test_cdk_nag_has_nothing_to_say(examples: Path) -> None:
    """The reasons of wildcards come along into the stacks of others."""
    assert (examples / "complaint").read_text() == ""


def test_what_is_known_needs_no_condition(examples: Path) -> None:
    """A value is decided at the synthesis; a parameter of the stack is left to CloudFormation."""
    conditions = {stack: _template(examples, stack).content.get("Conditions", {}) for stack in _STACKS}
    assert [len(conditions[stack]) for stack in _STACKS] == [0, 0, 2]
    assert list(conditions["Least"].values()) == [
        {"Fn::Not": [{"Fn::Equals": [{"Ref": "Address"}, ""]}]},
        {"Fn::Not": [{"Fn::Equals": [{"Ref": "Several"}, "1"]}]},
    ]
    assert "SeveralWorkers" not in str(_template(examples, "Least").content["Rules"])


def test_what_is_not_wanted_is_not_made(examples: Path) -> None:
    """Its resources are left out, as a false condition would."""
    made = {each["Type"] for each in _template(examples, "Least").content["Resources"].values()}
    wanted = {each["Type"] for each in _template(examples, "Everything").content["Resources"].values()}
    unwanted = {
        "AWS::EFS::FileSystem", "AWS::EFS::MountTarget", "AWS::CloudWatch::Dashboard", "AWS::Lambda::Url",
        "AWS::EC2::VPCEndpoint", "AWS::Scheduler::Schedule", "AWS::SNS::Topic", "AWS::KMS::Key",
    }  # fmt: skip
    assert not unwanted & made
    assert unwanted <= wanted


def test_the_instance_is_told_what_was_said_in_python(homes: Template, examples: Path) -> None:
    """As the form would tell it."""
    told = environment_file(homes)
    assert (told["RETENTION_RULES"], told["RETENTION"], told["KEEP_SPARE"]) == ("daily=30,weekly=8", "7", "Yes")
    told = environment_file(_template(examples, "Everything"))
    assert (told["RETENTION"], told["RETENTION_RULES"], told["WORKERS"], told["FOLDER_LABEL"]) == (
        "14",
        "",
        "4",
        "homes",
    )
    assert (told["QUIESCE_DOCUMENT"], told["KEEP_SPARE"]) == ("quiesce-db", "No")


def test_the_function_is_told_the_window_in_minutes(homes: Template) -> None:
    """Of a duration of the CDK."""
    functions = homes.resources("AWS::Lambda::Function").values()
    told = [each["Properties"].get("Environment", {}).get("Variables", {}) for each in functions]
    assert "240" in {each.get("WINDOW_MINUTES") for each in told}


def test_the_source_lets_the_instance_in(homes: Template) -> None:
    """By a rule of its own security group, which goes with the stack."""
    rules = homes.resources("AWS::EC2::SecurityGroupIngress").values()
    (rule,) = (
        each["Properties"] for each in rules if "NFS from the instance" in str(each["Properties"]["Description"])
    )
    source = homes.resolve(rule["GroupId"])
    worker = homes.resolve(homes.content["Outputs"]["SecurityGroup"]["Value"])
    assert source.startswith("<HomesEfsSecurityGroup")
    assert homes.resolve(rule["SourceSecurityGroupId"]) == worker


def test_alarms_may_publish_on_a_topic_that_is_given(homes: Template) -> None:
    """No second topic is made beside it."""
    assert len(homes.resources("AWS::SNS::Topic")) == 1
    (policy,) = homes.resources("AWS::SNS::TopicPolicy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"


def test_who_may_browse_asks_one_function_and_looks_up_one_stack(homes: Template) -> None:
    """Both actions of Lambda, as AWS asks for both; the page is made for it."""
    policies = homes.resources("AWS::IAM::Policy").values()
    (granted,) = (each["Properties"] for each in policies if "Helpdesk" in str(each["Properties"]["Roles"]))
    statements = homes.resolve(granted["PolicyDocument"])["Statement"]
    may = {action: each["Resource"] for each in statements for action in _listed(each["Action"])}
    assert set(may) == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction", "cloudformation:DescribeStacks"}
    assert may["lambda:InvokeFunctionUrl"].startswith("<BackupPageFunction")
    assert may["cloudformation:DescribeStacks"].endswith(":stack/EfsBackup/*")
    assert {"BrowseUrl", "BrowseSecurityGroup"} <= set(homes.content["Outputs"])


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def test_the_commands_of_a_stack_find_the_outputs_that_they_read(examples: Path, backup: Template) -> None:
    """Each output of this project's stack is there, under the same name."""
    assert set(_template(examples, "Everything").content["Outputs"]) >= set(backup.content["Outputs"]) - {"ShareQueue"}


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("window", "must be one of 60, 90, 120"),
        ("number", "A window is a Duration, such as Duration.minutes(180), and not 240."),
        ("keep", "must be 1 to 170: 171"),
        ("mapping", "must be 1 to 170: {'daily': 3}"),
        ("both", "Give keep or the rules of keeping, not both: 3 and daily=4."),
        ("option", "EfsBackup has no option 'seal'; did you mean 'seals'?"),
        ("schedule", "with six fields such as cron(0 2 * * ? *): 'cron(0 2 * * *)'"),
        ("within", "Amazon EFS has room for 170"),
        ("workers", "Workers above 1 need ConcurrentBackups = 1."),
        ("replica", "ReplicationRegion is for a new backup file system"),
        ("endpoints", "With CreateEndpoints, RouteTables must have those of the subnets."),
        ("zone", "Amazon EFS knows no maxIO in one zone"),
        ("second", "has backups already"),
    ],
)
def test_what_does_not_go_together_is_refused_at_the_synthesis(examples: Path, mistake: str, said: str) -> None:
    """In the words of the form, before anything is deployed."""
    assert said in json.loads((examples / "refusals").read_text())[mistake]


@pytest.mark.parametrize("stack", ["EfsBackup", "EfsRestore", *_STACKS])
def test_a_template_keeps_within_the_limits_of_cloudformation(assembly: Any, examples: Path, stack: str) -> None:
    """With a tenth to spare."""
    place = examples if stack in _STACKS else assembly.place
    path = place / f"{stack}.template.json"
    content = json.loads(path.read_text())
    assert path.stat().st_size < _MOST_BYTES * 0.9
    assert len(content["Resources"]) < _MOST_RESOURCES * 0.9
    assert max(len(content.get(kind, ())) for kind in ("Parameters", "Outputs", "Mappings")) < _MOST_NAMED * 0.9


def test_the_package_names_all_that_it_has() -> None:
    """Twice: for who reads it, and for who imports it late."""
    names = [_names(_REPOSITORY / "cdk" / module) for module in ("__init__.py", "library.py")]
    assert names[0] == names[1] == sorted(names[0])


def _names(module: Path) -> list[str]:
    assigned = (node for node in ast.parse(module.read_text()).body if isinstance(node, ast.Assign))
    (value,) = (node.value for node in assigned if getattr(node.targets[0], "id", "") == "__all__")
    named: list[str] = ast.literal_eval(value)
    return named
