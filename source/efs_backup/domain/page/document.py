"""A page as a whole: nothing is fetched, and nothing could be run."""

from efs_backup.domain.page.markup import text_of
from efs_backup.domain.page.style import STYLE

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, content: str, more_style: str = "") -> str:
    """The page with a title, which is text, and with content that is HTML already."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text_of(title)}</title><style>{STYLE}{more_style}</style></head>\n<body><main>\n"
        f"{content}\n</main></body></html>\n"
    )
