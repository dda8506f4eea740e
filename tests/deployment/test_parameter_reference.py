"""Documents that are generated from the forms say what these say."""

import re

from cdk.parameters.backup import BackupParameters
from cdk.parameters.field import groups_of
from cdk.parameters.restore import RestoreParameters
from deployment.parameter_reference import REFERENCE, reference


def test_the_reference_of_parameters_is_that_of_the_forms() -> None:
    """Whoever changes a field runs deployment/parameter_reference.py."""
    assert REFERENCE.read_text() == reference(), "run: python deployment/parameter_reference.py"


def test_the_reference_has_every_parameter_once() -> None:
    """In the order of the console."""
    named = re.findall(r"^\*\*`(\w+)`\*\*", REFERENCE.read_text(), re.MULTILINE)
    forms = (BackupParameters, RestoreParameters)
    assert named == [field.name for form in forms for fields in groups_of(form).values() for _, field in fields]
