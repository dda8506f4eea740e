"""A field is a parameter and a property: both have the same rules."""

import dataclasses
import math

import pytest

from cdk.parameters.backup import BackupParameters
from cdk.parameters.field import Section, as_entered, fields_of, groups_of, is_open, sections_of
from cdk.parameters.instance import Fleet, Instance, Network
from cdk.parameters.proof import Drills, Seals
from cdk.parameters.restore import RestoreParameters
from cdk.parameters.series import Keeping, Source, When
from cdk.parameters.storage import Storage

_TOKEN, _NUMBER = "${Token[SrcEFS.12]}", -1.8881545897087626e289
_FORMS = (BackupParameters, RestoreParameters)


@pytest.mark.parametrize("form", _FORMS)
def test_a_property_has_the_default_of_its_parameter(form: type) -> None:
    """One declaration has both, so that a property that is left out means what an empty form means."""
    for _, _, section in sections_of(form):
        given = {each.name: each.default for each in dataclasses.fields(section)}
        for name, field in fields_of(section):
            value = given[name]
            if value is dataclasses.MISSING or value is None:
                assert field.default is None, field.name
            else:
                assert as_entered(value) == str(field.default), field.name


@pytest.mark.parametrize("form", _FORMS)
def test_no_parameter_is_declared_twice(form: type) -> None:
    """Names of parameters, and of properties, are of one field each."""
    fields = [(path, field.name) for found in groups_of(form).values() for path, field in found]
    for names in zip(*fields, strict=True):
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("section", "given", "said"),
    [
        (Keeping, {"newest": 0}, r"Keeping\.newest \(Retain\) must be 1 to 170: 0"),
        (Keeping, {"rules": "daily"}, r"Keeping\.rules \(RetentionRules\) must be empty, or rules"),
        (When, {"window": 61}, r"When\.window \(BackupWindow\) must be one of 60, 90"),
        (
            When,
            {"schedule": "cron(99 2 * * ? *)"},
            r"When\.schedule \(BackupSchedule\): .* is no schedule of EventBridge",
        ),
        (When, {"schedule": "rate(1 days)"}, r"When\.schedule \(BackupSchedule\) must be rate\(12 hours\)"),
        (When, {"schedule": None}, r"When\.schedule"),
        (Drills, {"schedule": "cron(0 25 ? * SUN *)"}, r"Drills\.schedule \(DrillSchedule\): "),
        (Source, {"file_system": "fs-12345678", "directory": "/../x"}, r"Source\.directory .* no \.\. between"),
        (Keeping, {"newest": [3]}, r"Keeping\.newest \(Retain\) must be 1 to 170: \[3\]"),
        (Network, {"vpc": "vpc-12345678", "subnets": "subnet-1"}, r"Network\.subnets"),
        (Fleet, {"workers": 17}, r"Fleet\.workers \(Workers\) must be one of 1, 2"),
        (Instance, {"type": "t2.nano"}, r"Instance\.type \(InstanceType\) must be one of"),
        (Instance, {"disk_gigabytes": 1.5}, r"Instance\.disk_gigabytes .* must be 0 to"),
        (Source, {"file_system": "fs-1\nB=c"}, r"Source\.file_system \(SrcEFS\)"),
        (Storage, {"encrypted": "maybe"}, r"Storage\.encrypted \(EFSEncryption\) must be one of Yes, No"),
        (Seals, {"lock_days": 3651}, r"Seals\.lock_days"),
    ],
)
def test_a_property_refuses_what_the_parameter_would(
    section: type[Section], given: dict[str, object], said: str
) -> None:
    """At the synthesis, by the name of both."""
    with pytest.raises(ValueError, match=said):
        section(**given)


def test_a_property_takes_what_python_has_for_it() -> None:
    """A number, an answer as a bool, a number where a text may be empty."""
    assert (Keeping(newest=170).newest, Storage(encrypted=False).encrypted, Seals(lock_days=365).lock_days) == (
        170, False, 365,
    )  # fmt: skip


def test_what_is_known_at_the_deployment_alone_is_left_to_it() -> None:
    """A token of the CDK is no text that a pattern could judge."""
    assert Source(file_system=_TOKEN).file_system == _TOKEN
    assert math.isclose(Drills(maximum_age=int(_NUMBER)).maximum_age, _NUMBER)
    assert is_open(["#{Token[Subnets.3]}"])
    assert not is_open("Token")
