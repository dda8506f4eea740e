"""Figures of a snapshot from its manifest, without a look at it."""

import re

from efs_backup.domain.cost.tree_figures import TreeFigures
from efs_backup.engine.proof.reader import ManifestReader

_SIZE = re.compile(rb" size=(\d+)")
"""Nothing else in a block looks like it (`efs_backup.engine.proof.census`)."""

_LARGEST = 2**63


def figures_of(reader: ManifestReader) -> TreeFigures:
    """Count everything, each directory with its files alone. Raises OSError, and ValueError of what is torn."""
    figures, index, names = TreeFigures(), reader.index, 0
    for position in range(len(index)):
        sizes = [*map(int, _SIZE.findall(reader.text(position)))]
        if max(sizes, default=0) > _LARGEST:
            raise ValueError("a file of it is larger than any can be")
        figures.add_names(sizes, max(0, index.files[position] - len(sizes)))
        names += index.files[position]
        if position + 1 == len(index) or index.keys[position + 1] != index.keys[position]:
            figures.add_directory(names)
            names = 0
    return figures
