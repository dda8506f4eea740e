"""Facts about the network of the backup stack."""

from tests.support.template import Template

_INGRESS = "AWS::EC2::SecurityGroupIngress"
_ENDPOINT = "AWS::EC2::VPCEndpoint"


def test_nfs_alone_comes_in_and_from_the_instance_alone(backup: Template) -> None:
    """The only ingress, unless more is asked for."""
    ingress = backup.properties("AWS::EC2::SecurityGroupIngress")
    assert (ingress["FromPort"], ingress["ToPort"], ingress["IpProtocol"]) == (2049, 2049, "tcp")
    assert "Worker" in ingress["SourceSecurityGroupId"]
    assert "Backup" in ingress["GroupId"]
    groups = backup.resources("AWS::EC2::SecurityGroup").values()
    assert not [each for each in groups if "SecurityGroupIngress" in each["Properties"]]


def test_further_security_groups_are_attached(backup: Template) -> None:
    """Beside our own."""
    plain, more = backup, backup.having(SecurityGroups="sg-1,sg-2")
    (own,) = plain.properties("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["SecurityGroupIds"]
    assert more.properties("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["SecurityGroupIds"] == [
        own,
        "sg-1",
        "sg-2",
    ]


def test_the_source_s_group_is_opened_by_a_rule_of_the_stack(backup: Template) -> None:
    """The rule goes with the stack; one that was made by hand would hold up the removal of the instance's group."""
    asked = backup.having(SourceSecurityGroup="sg-0123")
    rules = [asked.resolve(each["Properties"]) for each in asked.resources(_INGRESS).values()]
    (rule,) = (each for each in rules if each["GroupId"] == "sg-0123")
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (2049, 2049, "tcp")
    assert "Worker" in rule["SourceSecurityGroupId"]


def test_endpoints_are_made_only_if_wanted(backup: Template) -> None:
    """Those of all that an instance talks to, a restore's too; not CloudWatch's, which it does not."""
    assert not backup.resources(_ENDPOINT)
    asked = backup.having(CreateEndpoints="Yes", RouteTables="rtb-1,rtb-2")
    made = [asked.resolve(each["Properties"]) for each in asked.resources(_ENDPOINT).values()]
    kinds = {kind: {each["ServiceName"] for each in made if each["VpcEndpointType"] == kind} for kind in _KINDS}
    assert kinds == {kind: {f"com.amazonaws.us-east-1.{name}" for name in names} for kind, names in _KINDS.items()}
    assert [each["RouteTableIds"] for each in made if "RouteTableIds" in each] == [["rtb-1", "rtb-2"]] * 2
    assert all(each["PrivateDnsEnabled"] for each in made if each["VpcEndpointType"] == "Interface")


_KINDS = {
    "Gateway": {"s3", "dynamodb"},
    "Interface": {"ssm", "ssmmessages", "ec2messages", "autoscaling", "elasticfilesystem", "sns"},
}


def test_the_endpoints_take_https_from_the_instance_alone(backup: Template) -> None:
    """By a group of their own."""
    asked = backup.having(CreateEndpoints="Yes", RouteTables="rtb-1")
    (group,) = {
        str(asked.resolve(each["Properties"]["SecurityGroupIds"]))
        for each in asked.resources(_ENDPOINT).values()
        if "SecurityGroupIds" in each["Properties"]
    }
    rules = [asked.resolve(each["Properties"]) for each in asked.resources(_INGRESS).values()]
    (rule,) = (each for each in rules if each["GroupId"] in group)
    assert (rule["FromPort"], rule["ToPort"]) == (443, 443)
    assert "Worker" in rule["SourceSecurityGroupId"]


def test_endpoints_without_route_tables_are_refused(backup: Template) -> None:
    """Those of Amazon S3 and DynamoDB are routes."""
    rule = backup.content["Rules"]["EndpointsHaveRouteTables"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "CreateEndpoints"}, "Yes"]}
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "RouteTables"}, ""]}]}


def test_one_zone_with_subnets_elsewhere_is_refused(backup: Template) -> None:
    """And with maxIO, which Amazon EFS does not know there."""
    rule = backup.content["Rules"]["OneZone"]
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AvailabilityZone"}, ""]}]}
    zone, mode = (assertion["Assert"] for assertion in rule["Assertions"])
    assert zone == {
        "Fn::EachMemberEquals": [
            {"Fn::ValueOfAll": ["AWS::EC2::Subnet::Id", "AvailabilityZone"]}, {"Ref": "AvailabilityZone"}
        ]
    }  # fmt: skip
    assert mode == {"Fn::Equals": [{"Ref": "EFSMode"}, "generalPurpose"]}
