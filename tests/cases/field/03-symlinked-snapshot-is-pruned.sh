#!/bin/bash
# An old snapshot was moved to another disk, a symlink left in its place; pruning must remove the link only.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

mkdir archive
for i in 1 2 3; do
    echo "$i" >s/a
    back_up s b
done
old=$(snapshots b | head -1)
name=$(basename "$old")
mv "$old" archive/
ln -s "$dir/archive/$name" "$old"
"$tool" prune b --retain 1 --confirm >/dev/null 2>&1
first=$?
again=$("$tool" prune b --retain 1 --confirm 2>&1)
second=$?
[ -e "archive/$name/a" ] && [ "$second" = 0 ] && expected "the moved snapshot is untouched"
[ -e "archive/$name/a" ] && kept=kept || kept=EMPTIED
unexpected "moved snapshot $kept; prune exits $first, then $second for ever: $(head -1 <<<"$again")"
