"""Facts about the replica of the backup file system in another region."""

from tests.support.template import Template

_KEY = "arn:aws:kms:eu-west-1:123456789012:key/0f1e2d3c-0000-1111-2222-333344445555"


def test_there_is_no_replica_unless_a_region_is_given(backup: Template) -> None:
    """And none of a file system that is given: the stack changes nothing about that."""
    assert "ReplicationConfiguration" not in backup.properties("AWS::EFS::FileSystem")
    assert backup.content["Outputs"]["ReplicaRegion"]["Condition"]
    for name, asked in (
        ("ReplicaOfANewFileSystem", "ReplicationRegion"),
        ("ReplicaKeyWithRegion", "ReplicationKmsKey"),
    ):
        rule = backup.content["Rules"][name]
        assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": asked}, ""]}]}
    assert backup.content["Rules"]["ReplicaOfANewFileSystem"]["Assertions"][0]["Assert"] == {
        "Fn::Equals": [{"Ref": "ExistingBackupEFS"}, ""]
    }


def test_a_replica_is_of_all_zones_and_encrypted_by_the_key_that_is_given(backup: Template) -> None:
    """Amazon EFS makes it; AWS Backup stays off, and nothing may replicate over the snapshots themselves."""
    asked = backup.having(ReplicationRegion="eu-west-1")
    made = asked.properties("AWS::EFS::FileSystem")
    assert made["ReplicationConfiguration"] == {"Destinations": [{"Region": "eu-west-1"}]}
    assert made["BackupPolicy"] == {"Status": "DISABLED"}
    assert made.get("FileSystemProtection", {}).get("ReplicationOverwriteProtection", "ENABLED") == "ENABLED"
    of_its_own = backup.having(ReplicationRegion="eu-west-1", ReplicationKmsKey=_KEY)
    (destination,) = of_its_own.properties("AWS::EFS::FileSystem")["ReplicationConfiguration"]["Destinations"]
    assert destination == {"Region": "eu-west-1", "KmsKeyId": _KEY}
