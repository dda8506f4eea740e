#!/bin/bash
# BACKUP is also reachable inside SOURCE, by a bind mount.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

mkdir s/bk
mount --bind b s/bk
counts=
for _ in 1 2 3; do
    "$tool" run s b >said 2>&1 || { grep -q "s/bk" said && expected "refused: $(grep -m1 error said)"; unexpected "$(cat said)"; }
    counts+=" $(find "$(snapshots b | tail -1)" -type f | wc -l)"
done
[ "$counts" = " 1 1 1" ] && expected "left out"
unexpected "the backup backs itself up: files in three snapshots of a source with one:$counts"
