"""A vendored file is what its maker published."""

import hashlib
from importlib.resources import files

_HTMX_SHA256 = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
"""Of dist/htmx.min.js in htmx.org 2.0.11 of the npm registry."""


def test_htmx_is_the_published_file_with_its_licence() -> None:
    """Nobody has to trust this repository for it."""
    static = files("efs_backup.browse").joinpath("static")
    content = static.joinpath("htmx-2.0.11.min.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == _HTMX_SHA256
    assert "Zero-Clause BSD" in static.joinpath("htmx-2.0.11.LICENSE").read_text()
