"""The form of who is told, and how."""

from .field import Answer, Section, form, question, text

_TOPIC = r"(arn:[a-z0-9-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256})?"
_NO_TOPIC = "must be empty, or the ARN of a standard topic"


@form
class Reports(Section):
    """Where reports go."""

    email: str = text(
        "Email",
        "E-mail",
        "Where reports go. Amazon SNS asks this address for a confirmation first. Empty: whoever subscribes to the"
        " topic.",
        default="",
        pattern=r"([^@\s]+@[^@\s]+\.[^@\s]+)?",
        wrong="must be empty, or an e-mail address",
    )
    topic: str = text(
        "ExistingTopicArn",
        "Topic that is there",
        "The ARN of an Amazon SNS topic of this region that takes reports and alarms, in place of a new one with a key."
        " Its policy, and that of its key, must let CloudWatch publish.",
        default="",
        pattern=_TOPIC,
        wrong=_NO_TOPIC,
    )
    chat_topic: str = text(
        "ChatTopicArn",
        "Topic of a chat",
        "The ARN of an Amazon SNS topic that Amazon Q Developer in chat applications shows in a channel of Slack or"
        " Microsoft Teams: it gets reports in the words of that service. Empty: none.",
        default="",
        pattern=_TOPIC,
        wrong=_NO_TOPIC,
    )
    dashboard: Answer = question("Dashboard", "Dashboard", "Make a CloudWatch dashboard?", default=True)


@form
class Telling(Section):
    """The reports of backups, and where they and the alarms lead."""

    successes: Answer = question(
        "SuccessNotification", "Report successes", "Send a report of successful backups too?", default=True
    )
    restore_template: str = text(
        "RestoreTemplateUrl",
        "Address of the restore template",
        "Where the template of a restore stack lies in Amazon S3 (https://BUCKET.s3.REGION.amazonaws.com/...): reports"
        " then have a link to its form with everything filled in. Empty: no link.",
        default="",
        pattern=r"(https://[A-Za-z0-9.-]+\.amazonaws\.com(\.cn)?/[A-Za-z0-9._@+=/-]+)?",
        wrong="must be empty, or the address of an object in Amazon S3",
    )
    metrics_endpoint: str = text(
        "MetricsEndpoint",
        "Endpoint of anonymous metrics",
        "An address that takes figures of each backup. Empty: nothing is sent.",
        default="",
        pattern=r"(https://[^\s]+)?",
        wrong="must be empty, or begin with https://",
    )
    runbooks: str = text(
        "RunbookAddress",
        "Address of the runbooks",
        "Below which your copy of the project's docs/runbooks can be read, with a slash at the end, such as"
        " https://wiki.example.com/efs-backup/runbooks/: alarms and dashboard lead there. Empty: they name the file.",
        default="",
        pattern=r"(https://[^\s\"\\]+/)?",
        wrong="must be empty, or begin with https:// and end with a slash",
    )
