"""The dashboard of backups: how they stand, how long they take, how each ended, then the file systems."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from efs_backup.domain.operations.ended_line import ENDED_LINE
from efs_backup.domain.operations.figures import Figure

from .alarms import Alarms
from .backup_settings import BackupSettings
from .conditions import Condition, condition, equals, one_of
from .console import Console
from .dashboard import Rows, Tile, file_systems
from .metrics import of_file_system, own_metric
from .orchestrator import Orchestrator
from .runbooks import Runbooks

_WIDTH, _HALF, _SIXTH = 24, 12, 4
_HALF_AN_HOUR, _DAY = cdk.Duration.minutes(30), cdk.Duration.days(1)
_ENDED_SHOWN = 10

_SHOWN = ("started", "label", "status", "reason", "took_minutes", "window_used", "files", "copied", "new_gb", "why")
"""Fields of the line that tells how a backup ended."""


@dataclass(frozen=True)
class Shown:
    """The parts of the stack that the dashboard shows."""

    settings: BackupSettings
    alarms: Alarms
    orchestrator: Orchestrator
    runbooks: Runbooks
    console: Console


def of_backups(scope: Construct, shown: Shown) -> Rows:
    """State and figures first; then duration and size, the last nights, the file systems, and where to go on."""
    asked, backup = shown.settings.asked, shown.settings.backup
    return [
        [_alarms(shown.alarms)],
        _figures(shown.alarms),
        [Tile(_duration(asked.when.window)), Tile(_files_and_bytes())],
        [Tile(_last_nights(shown.orchestrator.log_group))],
        *file_systems(("Source", asked.source.file_system), ("Backup", backup)),
        [Tile(_links(shown)), Tile(_credits(asked.source.file_system, backup), _is_bursting(scope, shown.settings))],
        [Tile(_states(shown.alarms.of_rows, "Alarms of further file systems"), shown.alarms.there_are_rows)],
    ]


def _alarms(alarms: Alarms) -> Tile:
    """An alarm that is not there must not be named."""
    return Tile(_states([*alarms.others, alarms.of_drills]), alarms.drills_are_wanted, instead=_states(alarms.others))


def _states(alarms: Sequence[cloudwatch.IAlarm], title: str = "Alarms") -> cloudwatch.AlarmStatusWidget:
    return cloudwatch.AlarmStatusWidget(title=title, alarms=list(alarms), width=_WIDTH, height=3)


def _figures(alarms: Alarms) -> list[Tile]:
    """One number each; the newest there is."""
    copied = own_metric(Figure.TOTAL_TRANSFERRED_FILE_SIZE, "Maximum", _DAY)
    new = cloudwatch.MathExpression(
        expression="copied / 1000000000", using_metrics={"copied": copied}, label="GB", period=_DAY
    )
    return [
        _figure("Hours since success", own_metric(Figure.HOURS_SINCE_LAST_SUCCESS, "Maximum", _HALF_AN_HOUR)),
        _figure("Window used, %", own_metric(Figure.WINDOW_USED, "Maximum", _DAY)),
        _figure("New, GB", new),
        _figure("Days until the window is full", own_metric(Figure.FORECAST_DAYS_LEFT, "Minimum", _DAY)),
        _figure("Scrub, % of what is due", own_metric(Figure.SCRUB_COVERAGE, "Minimum", _DAY)),
        Tile(
            _single("Hours since a drill", own_metric(Figure.HOURS_SINCE_LAST_DRILL, "Maximum", _HALF_AN_HOUR)),
            alarms.drills_are_wanted,
        ),
    ]


def _figure(title: str, metric: cloudwatch.IMetric) -> Tile:
    return Tile(_single(title, metric))


def _single(title: str, metric: cloudwatch.IMetric) -> cloudwatch.SingleValueWidget:
    return cloudwatch.SingleValueWidget(title=title, metrics=[metric], width=_SIXTH, height=4)


def _duration(window: int) -> cloudwatch.GraphWidget:
    """In minutes, as the window is given: CloudFormation cannot multiply."""
    took = own_metric(Figure.BACKUP_DURATION, "Maximum", _DAY)
    minutes = cloudwatch.MathExpression(
        expression="took / 60", using_metrics={"took": took}, label="Minutes", period=_DAY
    )
    return cloudwatch.GraphWidget(
        title="Duration of backups, and their window",
        width=_HALF,
        left=[minutes],
        left_y_axis=cloudwatch.YAxisProps(min=0, label="Minutes", show_units=False),
        left_annotations=[cloudwatch.HorizontalAnnotation(value=window, label="Window")],
    )


def _files_and_bytes() -> cloudwatch.GraphWidget:
    sizes = (Figure.TOTAL_FILE_SIZE, Figure.TOTAL_TRANSFERRED_FILE_SIZE)
    return cloudwatch.GraphWidget(
        title="Files and bytes",
        width=_HALF,
        left=[own_metric(Figure.NUMBER_OF_FILES, "Maximum", _DAY)],
        right=[own_metric(figure, "Maximum", _DAY) for figure in sizes],
    )


def _last_nights(log_group: logs.LogGroup) -> cloudwatch.LogQueryWidget:
    """Logs Insights takes nothing but `limit` after `dedup`; a line is written again where a report is tried again."""
    return cloudwatch.LogQueryWidget(
        title=f"The last {_ENDED_SHOWN} backups",
        log_group_names=[log_group.log_group_name],
        query_lines=[
            f"fields {', '.join(_SHOWN)}",
            f'filter message = "{ENDED_LINE}" and kind = "backup"',
            "sort @timestamp desc",
            "dedup backup_id",
            f"limit {_ENDED_SHOWN}",
        ],
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        width=_WIDTH,
        height=7,
    )


def _is_bursting(scope: Construct, settings: BackupSettings) -> Condition:
    """As it is made: maxIO always takes bursting."""
    storage = settings.asked.storage
    bursts = one_of(equals(storage.throughput_mode, "bursting"), equals(storage.performance_mode, "maxIO"))
    return condition(scope, "IsBursting", bursts)


def _credits(source: str, backup: str) -> cloudwatch.GraphWidget:
    metrics = [
        of_file_system("BurstCreditBalance", identity, "Minimum", title)
        for title, identity in (("Source", source), ("Backup", backup))
    ]
    return cloudwatch.GraphWidget(title="BurstCreditBalance", width=_HALF, left=metrics)


def _links(shown: Shown) -> cloudwatch.TextWidget:
    settings, console, stack = shown.settings, shown.console, cdk.Aws.STACK_NAME
    places = {
        "Records of the backups": console.table(settings.table),
        "Logs of the instances, and reports": console.bucket(settings.log_bucket),
        "Log of the orchestrator": console.log_group(shown.orchestrator.log_group.log_group_name),
        "Instances: why there is one, or none": console.group(f"{stack}-worker"),
        "Source": console.file_system(settings.asked.source.file_system),
        "Backup file system": console.file_system(settings.backup),
        "Alarms": console.alarms(),
        "Stack": console.stack(),
    }
    what_to_do = (
        f"**What to do**: `efs-backup stack status {stack}`, `efs-backup stack doctor {stack}`, and"
        f" {shown.runbooks.index}.\n"
    )
    lines = [what_to_do, *(f"- [{what}]({address})" for what, address in places.items())]
    return cloudwatch.TextWidget(markdown="\n".join(lines), width=_HALF, height=6)
