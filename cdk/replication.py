"""The replica of a new backup file system that Amazon EFS keeps in another region, only if it is wanted."""

import aws_cdk as cdk
from constructs import Construct

from cdk.conditions import either, is_given
from cdk.form import Field, Form

_REGION, _KEY, _EXISTING = "ReplicationRegion", "ReplicationKmsKey", "ExistingBackupEFS"

REPLICATION_PARAMETERS = {
    _REGION: Field(
        "Replica in region",
        "A region, such as eu-west-1, in which Amazon EFS keeps a replica of a new backup file system: read-only, of"
        " all zones, encrypted. It stays when the stack goes. Empty: none.",
        default="",
        pattern=r"([a-z]{2,8}(-[a-z]+)+-\d+)?",
        wrong="must be empty, or the name of a region such as eu-west-1",
    ),
    _KEY: Field(
        "KMS key of the replica",
        "The ARN of the key in that region that encrypts the replica. Empty: the key of Amazon EFS there. It cannot be"
        " changed later.",
        default="",
        pattern=r"(arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+)?",
        wrong="must be empty, or the ARN of a key",
    ),
}


class Replication:
    """The replication of the file system that is made, with what the operator has said about it."""

    def __init__(self, scope: Construct, form: Form) -> None:
        region, key = form.text(_REGION), form.text(_KEY)
        self.condition = is_given(scope, "IsReplicated", region)
        self.region = region
        of_its_own = is_given(scope, "HasReplicaKey", key)
        destination = {"Region": region, "KmsKeyId": either(of_its_own, key, cdk.Aws.NO_VALUE)}
        configuration = {"Destinations": [destination]}
        self.configuration = cdk.Token.as_any(
            cdk.Fn.condition_if(self.condition.logical_id, configuration, cdk.Aws.NO_VALUE)
        )


def replica_is_of_a_new_file_system(scope: Construct, form: Form) -> None:
    """Refuse what does not go together: a file system that is given is not changed, and a key needs a region."""
    equals = cdk.Fn.condition_equals
    none_wanted = equals(form.text(_REGION), "")
    for name, where, wanted, said in (
        (
            "ReplicaOfANewFileSystem", cdk.Fn.condition_not(none_wanted), equals(form.text(_EXISTING), ""),
            "ReplicationRegion is for a new backup file system; replicate an existing one by the console or the CLI.",
        ),
        (
            "ReplicaKeyWithRegion", cdk.Fn.condition_not(equals(form.text(_KEY), "")),
            cdk.Fn.condition_not(none_wanted), "ReplicationKmsKey needs a ReplicationRegion.",
        ),
    ):  # fmt: skip
        assertion = cdk.CfnRuleAssertion(assert_=wanted, assert_description=said)
        cdk.CfnRule(scope, name, rule_condition=where, assertions=[assertion])
