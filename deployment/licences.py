"""Print which licence each part of a CycloneDX parts list is under, then the texts: licences.py FILE."""

import base64
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def told(parts: Mapping[str, Any]) -> str:
    """One line a part, then each text under the name of its part."""
    components = sorted(parts["components"], key=lambda one: one["name"].lower())
    lines = [f"{one['name']} {one['version']}: {', '.join(names_of(one)) or 'unknown'}" for one in components]
    texts = [f"{'-' * 80}\n{one['name']} {one['version']}\n\n{text}" for one in components for text in _texts_of(one)]
    return "\n".join([*lines, "", *texts])


def names_of(component: Mapping[str, Any]) -> list[str]:
    """Expressions and identifiers as SPDX has them, else the words of the package; sorted."""
    entries = component.get("licenses", [])
    names = (entry.get("expression") or _word(entry["license"]) for entry in entries)
    return sorted({name for name in names if name})


def _word(found: Mapping[str, Any]) -> str | None:
    """The identifier or the name of a licence; None for one that is a text alone."""
    return found.get("id") or (None if "text" in found else found.get("name"))


def _texts_of(component: Mapping[str, Any]) -> Iterator[str]:
    entries = [*component.get("licenses", []), *component.get("evidence", {}).get("licenses", [])]
    for entry in entries:
        if text := entry.get("license", {}).get("text"):
            content = text["content"]
            yield base64.b64decode(content).decode() if text.get("encoding") == "base64" else content


if __name__ == "__main__":
    sys.stdout.write(told(json.loads(Path(sys.argv[1]).read_text())))
