"""Following a restore while it goes on: Server-Sent Events, which carry text alone, never a part of the page."""

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from efs_backup.browse.restoring import Job, Progress
from efs_backup.domain.humanize import sized

_EVERY_SECONDS = 0.5
_AGAIN = "retry: 2000\n\n"
"""After how many milliseconds a browser that has lost us asks again."""

_END = "event: end\ndata: end\n\n"


def told(progress: Progress) -> str:
    """How far a restore is, in a sentence."""
    files = f"{progress.done.number_of_files:,}" + (f" of {progress.files:,}" if progress.files else "")
    return f"Step: {progress.name}. {files} files, {sized(progress.done.total_transferred_file_size)} read."


def following(job: Job) -> StreamingResponse:
    """Tell what changes until the restore ends, or nobody listens any more."""
    return StreamingResponse(_events(job), media_type="text/event-stream")


async def _events(job: Job) -> AsyncIterator[str]:
    yield _AGAIN
    last = ""
    while job.is_running:
        if (now := told(job.progress)) != last:
            yield f"event: progress\ndata: {now}\n\n"
        last = now
        await asyncio.sleep(_EVERY_SECONDS)
    yield _END
