"""A CloudWatch dashboard whose tiles may each depend on a condition."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from ..parameters.field import Answer
from .conditions import Condition, either, is_yes, only_if
from .metrics import of_file_system

_HALF = 12
_DAYS_SHOWN = 28


@dataclass(frozen=True)
class Tile:
    """One widget. With a condition it is shown only where that holds, and else `instead`, in the same place.

    A row's last tiles alone may be missing without `instead`, and not the first of all: the others would stand wrong.
    """

    widget: cloudwatch.IWidget
    condition: Condition = True
    instead: cloudwatch.IWidget | None = None


Rows = Sequence[Sequence[Tile]]


class Dashboard(Construct):
    """Made only if it is wanted; it shows four weeks, and each metric in its own steps."""

    def __init__(self, scope: Construct, wanted: Answer, rows: Rows) -> None:
        super().__init__(scope, "Board")
        self.condition = is_yes(self, "IsWanted", wanted)
        board = cloudwatch.CfnDashboard(
            self,
            "Dashboard",
            dashboard_name=board_name(),
            dashboard_body=_body(cdk.Stack.of(self), rows),
        )
        only_if(self.condition, board)
        self.name = board.ref


def board_name() -> str:
    """The name of a stack's dashboard, known before it is made."""
    return f"{cdk.Aws.STACK_NAME}-{cdk.Aws.REGION}"


def file_systems(*known: tuple[str, str]) -> list[list[Tile]]:
    """File systems, each a title and an id, in one graph: how near they are to their limits, and what they move."""
    metrics = (("PercentIOLimit", "Maximum"), ("TotalIOBytes", "Sum"))
    return [
        [
            Tile(
                cloudwatch.GraphWidget(
                    title=metric,
                    width=_HALF,
                    left=[of_file_system(metric, identity, how, title) for title, identity in known],
                )
            )
            for metric, how in metrics
        ]
    ]


def _body(stack: cdk.Stack, rows: Rows) -> str:
    """The text of the dashboard: JSON whose parts CloudFormation puts in or leaves out."""
    tiles = [tile for row in rows for tile in row]
    lines: list[Any] = [cloudwatch.Row(*(tile.widget for tile in row)) for row in rows]
    column = cloudwatch.Column(*lines)
    column.position(0, 0)
    shown = column.to_json()
    parts = [_part(stack, tile, place, comma="," if number else "")
             for number, (tile, place) in enumerate(zip(tiles, shown, strict=True))]  # fmt: skip
    head = f'{{"start":"-P{_DAYS_SHOWN}D","periodOverride":"inherit","widgets":['
    return cdk.Fn.join("", [head, *parts, "]}"])


def _part(stack: cdk.Stack, tile: Tile, shown: dict[str, Any], *, comma: str) -> str:
    text = comma + stack.to_json_string(shown)
    return either(tile.condition, text, _instead(stack, tile.instead, shown, comma))


def _instead(stack: cdk.Stack, widget: cloudwatch.IWidget | None, place: dict[str, Any], comma: str) -> str:
    if widget is None:
        return ""
    (other,) = widget.to_json()
    return comma + stack.to_json_string({**other, **{side: place[side] for side in ("x", "y")}})
