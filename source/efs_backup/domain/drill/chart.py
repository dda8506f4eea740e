"""The chart of a drill: how many files of each bucket of sizes were restored, differ, or are missing, as inline SVG."""

from collections.abc import Sequence
from html import escape

from efs_backup.domain.drill.choice import BUCKETS
from efs_backup.domain.drill.result import Bucket, Verdict

WIDTH = 760
_ROW, _BAR, _TOP = 30, 16, 8
_LEFT, _RIGHT = 140, 210
_LEAST = 4.0
_GAP = 2.0
_SMALL_BUCKETS = 3
_KIBI = 1024
_VERDICTS = (Verdict.EQUAL, Verdict.DIFFERENT, Verdict.MISSING)


def chart(buckets: Sequence[Bucket]) -> str:
    """A bar for each bucket, with a word about it for who cannot see it."""
    most = max((_restored(bucket) for bucket in buckets), default=0) or 1
    height = _TOP * 2 + _ROW * len(buckets)
    rows = "".join(_row(number, bucket, most) for number, bucket in enumerate(buckets))
    line = _TOP + _ROW * _SMALL_BUCKETS
    said = "; ".join(_said(number, bucket) for number, bucket in enumerate(buckets))
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(said)}">'
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect class="missing" width="6" height="6"/><rect class="stripe" width="2" height="6"/></pattern></defs>'
        f'<line class="divide" x1="0" x2="{WIDTH}" y1="{line}" y2="{line}"/>{rows}</svg>'
    )


def _row(number: int, bucket: Bucket, most: int) -> str:
    y = _TOP + _ROW * number
    middle = y + _ROW / 2 + 4
    return (
        f'<text class="size" x="{_LEFT - 12}" y="{middle:g}" text-anchor="end">{size_of(number)}</text>'
        f"{_bar(bucket, most, y + (_ROW - _BAR) / 2)}"
        f'<text class="count" x="{WIDTH}" y="{middle:g}" text-anchor="end">{_bad(bucket)}{_count(bucket)}</text>'
    )


def _bar(bucket: Bucket, most: int, y: float) -> str:
    """The three parts of a bar; what is not as it was sealed is seen, however little it is."""
    room, x, parts = WIDTH - _LEFT - _RIGHT - len(_VERDICTS) * (_LEAST + _GAP), float(_LEFT), ""
    for verdict in _VERDICTS:
        files: int = getattr(bucket, verdict)
        if files:
            width = max(_LEAST, room * files / most)
            parts += f'<rect class="{verdict}" x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="{_BAR}" rx="2"/>'
            x += width + _GAP
    return parts or f'<rect class="none" x="{_LEFT}" y="{y + _BAR / 2:g}" width="{_LEAST:g}" height="1"/>'


def _count(bucket: Bucket) -> str:
    return f"{_restored(bucket):,} of {bucket.files:,}"


def _bad(bucket: Bucket) -> str:
    bad = bucket.different + bucket.missing
    return f'<tspan class="bad">{bad:,} bad,</tspan> ' if bad else ""


def _said(number: int, bucket: Bucket) -> str:
    bad = f", {bucket.different:,} differ, {bucket.missing:,} are missing" if bucket.different + bucket.missing else ""
    return f"{size_of(number)}: {_count(bucket)} restored{bad}"


def _restored(bucket: Bucket) -> int:
    return bucket.equal + bucket.different + bucket.missing


def size_of(number: int) -> str:
    """The sizes of a bucket, by its number: `up to 4 KiB`, `4 to 32 KiB`, `256 KiB to 2 MiB`, `over 16 MiB`."""
    if number == len(BUCKETS):
        return f"over {_binary(BUCKETS[-1])}"
    if not number:
        return f"up to {_binary(BUCKETS[0])}"
    low, high = _binary(BUCKETS[number - 1]), _binary(BUCKETS[number])
    unit = high[-len(" KiB") :]
    return f"{low.removesuffix(unit)} to {high}"


def _binary(size: int) -> str:
    kibibytes = size // _KIBI
    return f"{kibibytes} KiB" if kibibytes < _KIBI else f"{kibibytes // _KIBI} MiB"
