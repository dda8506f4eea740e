"""Print which licence each installed package is under, then the texts that it brings: licences.py SITE_PACKAGES."""

import re
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, distributions

_FILES = re.compile(r"\.dist-info/(?:licenses/.+|(?:LICEN[CS]E|COPYING|NOTICE)[^/]*)$")
_CLASSIFIER = "License :: OSI Approved :: "


def told(packages: Iterable[Distribution]) -> str:
    """One line a package, then each text under the name of its package."""
    known = sorted(packages, key=lambda one: one.name.lower())
    lines = [f"{one.name} {one.version}: {' or '.join(licences_of(one)) or 'unknown'}" for one in known]
    texts = [f"{'-' * 80}\n{one.name} {one.version}\n\n{text}\n" for one in known for text in texts_of(one)]
    return "\n".join([*lines, "", *texts])


def licences_of(package: Distribution) -> Sequence[str]:
    """Give the expression of SPDX, else what the classifiers say, else the package's own short words."""
    told = package.metadata
    if expression := told["License-Expression"]:
        return [expression]
    classified = [
        one.removeprefix(_CLASSIFIER) for one in told.get_all("Classifier", []) if one.startswith(_CLASSIFIER)
    ]
    return classified or [word for word in [told["License"]] if word and "\n" not in word]


def texts_of(package: Distribution) -> Sequence[str]:
    """Give the texts of licences, notices and lists of authors that lie beside the metadata."""
    found = sorted(file for file in package.files or () if _FILES.search(str(file)))
    return [file.read_text(encoding="utf-8").strip() for file in found]


if __name__ == "__main__":
    sys.stdout.write(told(distributions(path=sys.argv[1:])))
