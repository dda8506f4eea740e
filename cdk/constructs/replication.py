"""The replica of a new backup file system that Amazon EFS keeps in another region, only if it is wanted."""

import aws_cdk as cdk
from aws_cdk import aws_efs as efs
from constructs import Construct

from ..parameters.storage import Replica, Storage
from .conditions import either, equals, is_given, negated, refuse

Configuration = cdk.IResolvable | efs.CfnFileSystem.ReplicationConfigurationProperty | None


class Replication:
    """The replication of the file system that is made, with what the operator has said about it."""

    def __init__(self, scope: Construct, replica: Replica) -> None:
        region, key = replica.region, replica.kms_key
        self.condition = is_given(scope, "IsReplicated", region)
        self.region = region
        of_its_own = is_given(scope, "HasReplicaKey", key)
        self.configuration = self._configuration(region, either(of_its_own, key, cdk.Aws.NO_VALUE))

    def _configuration(self, region: str, key: str) -> Configuration:
        if isinstance(self.condition, bool):
            made = efs.CfnFileSystem
            destination = made.ReplicationDestinationProperty(region=region, kms_key_id=key)
            return made.ReplicationConfigurationProperty(destinations=[destination]) if self.condition else None
        configuration = {"Destinations": [{"Region": region, "KmsKeyId": key}]}
        return cdk.Token.as_any(either(self.condition, configuration, cdk.Aws.NO_VALUE))


def replica_is_of_a_new_file_system(scope: Construct, storage: Storage, replica: Replica) -> None:
    """Refuse what does not go together: a file system that is given is not changed, and a key needs a region."""
    none_wanted = equals(replica.region, "")
    said = "ReplicationRegion is for a new backup file system; replicate an existing one by the console or the CLI."
    refuse(scope, "ReplicaOfANewFileSystem", where=negated(none_wanted), unless={said: equals(storage.existing, "")})
    refuse(
        scope,
        "ReplicaKeyWithRegion",
        where=negated(equals(replica.kms_key, "")),
        unless={"ReplicationKmsKey needs a ReplicationRegion.": negated(none_wanted)},
    )
