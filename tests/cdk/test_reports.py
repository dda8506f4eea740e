"""Who is told: by the stack's topic or by one that is there, with a mail or without, and on the bus."""

from tests.support.iam import Role
from tests.support.template import ACCOUNT, Template

_HERE = f"us-east-1:{ACCOUNT}"
_TOPIC = f"arn:aws:sns:{_HERE}:operations"
_CHAT = f"arn:aws:sns:{_HERE}:channel"
_KEY = f"arn:aws:kms:{_HERE}:key/0a1b"
_THROUGH_SNS = {"kms_ViaService": "sns.us-east-1.amazonaws.com"}
_BUS = f"arn:aws:events:{_HERE}:event-bus/default"


def _teller(template: Template) -> Role:
    """The function, or the instance of a restore."""
    return Role(
        template, "lambda.amazonaws.com" if template.resources("AWS::Lambda::Function") else "ec2.amazonaws.com"
    )


def test_without_an_address_nobody_is_subscribed(template: Template) -> None:
    """The topic is there for others."""
    assert not template.having(Email="").resources("AWS::SNS::Subscription")
    assert template.having(Email="").resources("AWS::SNS::Topic")


def test_a_topic_that_is_there_takes_the_place_of_ours(template: Template) -> None:
    """No topic and no key then; reports, alarms and the subscription go there."""
    given = template.having(ExistingTopicArn=_TOPIC)
    assert not any(
        given.resources(kind)
        for kind in ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::KMS::Key", "AWS::KMS::Alias")
    )
    assert given.properties("AWS::SNS::Subscription")["TopicArn"] == _TOPIC
    alarms = [given.resolve(each["Properties"]) for each in given.resources("AWS::CloudWatch::Alarm").values()]
    assert alarms
    assert all(_TOPIC in alarm["AlarmActions"] for alarm in alarms)
    assert given.resolve(given.content["Outputs"]["SNSTopic"]["Value"]) == _TOPIC


def test_who_tells_may_use_the_key_of_that_topic_by_sns_alone(template: Template) -> None:
    """Nobody knows the key; without a topic of others the right is that for our key."""
    given = _teller(template.having(ExistingTopicArn=_TOPIC))
    assert given.may("sns:Publish", _TOPIC)
    assert given.may("kms:GenerateDataKey", _KEY, **_THROUGH_SNS)
    assert not given.may("kms:GenerateDataKey", _KEY)
    assert not given.may("sns:Publish", _CHAT)
    assert not _teller(template).may("kms:Decrypt", _KEY, **_THROUGH_SNS)


def test_who_tells_may_publish_for_a_chat_that_is_given(template: Template) -> None:
    """And for no other."""
    given = _teller(template.having(ChatTopicArn=_CHAT))
    assert given.may("sns:Publish", _CHAT)
    assert given.may("kms:Decrypt", _KEY, **_THROUGH_SNS)
    assert not given.may("sns:Publish", _TOPIC)


def test_who_tells_may_put_events_on_the_default_bus_alone(template: Template) -> None:
    """Each account has one."""
    teller = _teller(template)
    assert teller.may("events:PutEvents", _BUS)
    assert not teller.may("events:PutEvents", _BUS.replace("default", "other"))


def test_the_instance_of_a_backup_tells_nobody(backup: Template) -> None:
    """Its record does."""
    assert not {"events:PutEvents", "sns:Publish"} & Role(backup, "ec2.amazonaws.com").actions


def test_the_function_knows_what_its_reports_lead_to(backup: Template) -> None:
    """The dashboard where there is one, and the form of a restore where its template is known."""
    template = "https://templates.s3.us-east-1.amazonaws.com/efs-backup/1.0.0/efs-restore.template"
    given = backup.having(RestoreTemplateUrl=template, Dashboard="No", ScheduleTimeZone="Europe/Berlin")
    told = given.properties("AWS::Lambda::Function")["Environment"]["Variables"]
    assert (told["RESTORE_TEMPLATE"], told["DASHBOARD"], told["VPC_ID"]) == (template, "", "vpc-1")
    assert (told["SUBNETS"], told["SCHEDULE_TIME_ZONE"]) == ("subnet-a,subnet-b", "Europe/Berlin")
    board = backup.properties("AWS::Lambda::Function")["Environment"]["Variables"]["DASHBOARD"]
    assert board == backup.properties("AWS::CloudWatch::Dashboard")["DashboardName"]
