"""The page of a drill: what a manager sees at a glance, and what an auditor can follow; it has no script."""

from datetime import datetime

from efs_backup.domain.drill.chart import chart
from efs_backup.domain.drill.choice import Figures, SizeClass
from efs_backup.domain.drill.estimate import LEVEL, percent
from efs_backup.domain.drill.evidence import name_of
from efs_backup.domain.drill.result import DrillResult, DrillStatus, Finding, Group, Tally
from efs_backup.domain.drill.wording import (
    chosen_of,
    confidence_of,
    estimate_of,
    finding_text,
    lasted,
    message_of,
    next_step_of,
)
from efs_backup.domain.humanize import counted, sized
from efs_backup.domain.page.document import document
from efs_backup.domain.page.markup import code_of, prose_of, section_of, table_of, text_of, tight_of
from efs_backup.domain.snapshots.names import SnapshotName

MOST_ROWS = 200
"""The most findings in the page; all that are known by name are in the JSON."""

_LOOKS = {
    DrillStatus.PASSED: ("passed", "Passed", '<path d="M11 20l6 6 12-13"/>'),
    DrillStatus.DIFFERENT: ("failed", "Differences found", '<path d="M13 13l14 14M27 13l-14 14"/>'),
    DrillStatus.FAILED: ("undone", "Not carried out", '<path d="M20 11v11M20 28v.5"/>'),
    DrillStatus.INCOMPLETE: ("undone", "Stopped", '<path d="M20 11v11M20 28v.5"/>'),
}
_GROUPS = {
    Group.PINNED: "pinned",
    Group.SMALL: "small, drawn at random",
    Group.LARGE: "large, drawn at random",
    Group.SPEED: "small, in whole directories",
}
_LEGEND = (("equal", "restored as sealed"), ("different", "differing"), ("missing", "missing"))
_ABOUT_CHART = (
    '<p class="soft">At the right: files restored, of all in the snapshot. Above the line are small files, of which'
    " the number decides how long a restore takes; below it are large ones, of which the bytes do.</p>"
)
_FOOTER = (
    "<footer>Each file was restored by the program that restores everything, and its type, size, time, mode, owner and"
    " SHA-256 were compared with the manifest that was sealed when the snapshot was made. The file beside this page, of"
    " the same name with .json, has all figures, and every file that was drawn.</footer>"
)


def page(result: DrillResult) -> str:
    """The page as HTML."""
    parts = [_header(result), _tiles(result), _findings(result)]
    parts += [_chart(result), _speed(result)] if result.total.figures.files else []
    parts += [_audit(result), _FOOTER]
    title = f"Restore drill {name_of(result)}: {_LOOKS[result.status][1]}"
    return document(title, "\n".join(filter(None, parts)))


def _header(result: DrillResult) -> str:
    (look, word, path), plan, step = _LOOKS[result.status], result.plan, next_step_of(result)
    sign = (
        '<svg viewBox="0 0 40 40" fill="none" stroke="currentColor" stroke-width="3.5" stroke-linecap="round">'
        f'<circle cx="20" cy="20" r="17"/>{path}</svg>'
    )
    name = SnapshotName.parse(plan.snapshot)
    of = f"{text_of(plan.label)}, {text_of(plan.series)}{f' &middot; snapshot of {_when(name.time)}' if name else ''}"
    return (
        f'<header class="{look}"><p class="over">Restore drill of {of}<br>rehearsed on {_when(result.started)}</p>'
        f'<h1 class="verdict">{sign}{word}</h1>'
        f'<p class="lead">{text_of(message_of(result))}</p>{f"<p class=lead>{prose_of(step)}</p>" if step else ""}'
        "</header>"
    )


def _when(time: datetime) -> str:
    return f"{time:%-d %B %Y, %H:%M} UTC"


def _tiles(result: DrillResult) -> str:
    """The four numbers that matter."""
    total, whole = result.total, result.plan.all
    tiles = (
        ("tile", f"{total.figures.files:,}", f"files restored and compared, of {whole.files:,}"),
        ("tile bad" if total.bad else "tile", f"{total.bad:,}", "not as they were sealed"),
        ("tile", *_share(result)),
        ("tile", *_duration(result)),
    )
    cells = "".join(
        f'<div class="{kind}"><b>{text_of(big)}</b><span>{tight_of(small)}</span></div>' for kind, big, small in tiles
    )
    return f'<section class="tiles">{cells}</section>'


def _share(result: DrillResult) -> tuple[str, str]:
    share, of = result.bad_share_below, "of all files are bad"
    if share is None:
        return "unknown", "how many of all files are bad"
    if all(one.is_whole for one in result.strata):
        return percent(share), f"{of}: each was compared"
    return f"< {percent(share)}", f"{of}, with {LEVEL * 100:.0f} % confidence"


def _duration(result: DrillResult) -> tuple[str, str]:
    seconds, size = result.whole_seconds, sized(result.plan.all.size)
    if seconds is None:
        return "unknown", f"to restore everything: {size}"
    return lasted(seconds), f"to restore everything{', roughly' if result.rates.is_rough else ''}: {size}"


def _findings(result: DrillResult) -> str:
    findings, bad = result.tallies.findings, result.total.bad
    if not findings:
        return ""
    rows = [_finding(one) for one in findings[:MOST_ROWS]]
    more = f'<p class="soft">And {bad - len(rows):,} more.</p>' if bad > len(rows) else ""
    table = table_of(("File", "What is wrong", "Why it was restored"), rows, texts=3)
    return section_of("What is not as it was sealed", table + more, is_long=True)


def _finding(one: Finding) -> tuple[str, str, str]:
    return f'<span class="path">{text_of(one.path)}</span>', text_of(finding_text(one)), _GROUPS[one.group]


def _chart(result: DrillResult) -> str:
    legend = "".join(
        f'<li><svg viewBox="0 0 12 12"><rect class="{kind}" width="12" height="12" rx="2"/></svg>{word}</li>'
        for kind, word in _LEGEND
    )
    drawn = chart(result.tallies.buckets)
    return section_of("What was restored, by size", f'<ul class="legend">{legend}</ul>{drawn}{_ABOUT_CHART}')


def _speed(result: DrillResult) -> str:
    rows = [(_GROUPS[group], *_figures(tally)) for group, tally in result.tallies.groups.items()]
    heads = ("Which", "Files", "Bytes", "As sealed", "Differing", "Missing", "Seconds")
    return section_of("How fast it was", table_of(heads, rows, texts=1) + _sum(result), is_long=True)


def _figures(tally: Tally) -> tuple[str, ...]:
    numbers = (tally.equal, tally.different, tally.missing)
    return (
        f"{tally.figures.files:,}", sized(tally.figures.size), *(f"{number:,}" for number in numbers),
        f"{tally.seconds:,.1f}",
    )  # fmt: skip


def _sum(result: DrillResult) -> str:
    """The estimate as a sum that can be done again."""
    if result.whole_seconds is None:
        return '<p class="sum">Too little was restored to say how long a restore of everything takes.</p>'
    rates, whole = result.rates, result.plan.whole
    small, large = (whole.get(one, Figures()) for one in SizeClass)
    terms = [f"{rates.start:.1f} s to begin"]
    if rates.files_per_second and small.files:
        terms.append(f"{counted(small.files, 'small file')} at {rates.files_per_second:,.0f} a second")
    if rates.bytes_per_second and large.size:
        terms.append(f"{sized(large.size)} in large files at {sized(rates.bytes_per_second)} a second")
    summed = tight_of(" + ".join(terms))
    return f'<p class="sum">{text_of(estimate_of(result))}<br><span class="soft">{summed}</span></p>'


def _audit(result: DrillResult) -> str:
    plan = result.plan
    seal = f"BACKUP/{plan.label}/{plan.series}/.manifests/{plan.snapshot}.seal.json"
    said = filter(None, (result.failure, *result.notes))
    facts = (
        ("Confidence", text_of(confidence_of(result))),
        ("Snapshot", f"{code_of(plan.snapshot)}, sealed {plan.sealed:%Y-%m-%d %H:%M:%S} UTC"),
        ("Its seal", f"SHA-256 {code_of(plan.seal_sha256)}, as {code_of(f'sha256sum {seal}')} says"),
        ("Its manifest", f"SHA-256 {code_of(plan.manifest_sha256)}, as the seal says"),
        ("Chosen", text_of(chosen_of(plan))),
        ("Seed", f"{code_of(plan.seed)}<br>{_about_seed(plan.day)}"),
        ("Pinned", _pinned(plan.pinned)),
        ("Content unknown", _about_unknown(result.total.without_hash)),
        ("Restored from, to", text_of(" to ".join(result.kinds))),
        ("By", text_of(f"{result.program} on {result.machine}, in {lasted(result.seconds)}")),
        ("Said meanwhile", "<br>".join(map(text_of, said))),
    )
    cells = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts if value)
    return section_of("For the auditor", f"<dl>{cells}</dl>", is_long=True)


def _about_unknown(files: int) -> str:
    return f"{counted(files, 'file')} had no hash in the manifest; all else of them was compared" if files else ""


def _about_seed(day: str) -> str:
    return (
        '<span class="soft">the SHA-256 of the seal&rsquo;s, a blank, and the day,'
        f" {text_of(day)}: nobody who runs a drill chooses it</span>"
    )


def _pinned(paths: tuple[str, ...]) -> str:
    items = "".join(f'<li class="path">{text_of(path or "everything")}</li>' for path in paths[:MOST_ROWS])
    return f"<ul>{items}</ul>" if items else ""
