#!/bin/bash
# One file of a dropped snapshot cannot be deleted (immutable): the rest of the trash must go.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

disk 64M b
mkdir b/d
for i in 1 2 3; do
    echo "$i" >s/a
    back_up s b/d --retain 1
    [ "$i" = 1 ] && { chattr +i "$(snapshots b/d | head -1)/a" || cannot "no immutable files here"; }
done
for i in 4 5; do
    echo "$i" >s/a
    said=$("$tool" run s b/d --retain 1 2>&1)
done
chattr -R -i b/d
n=$(find b/d/efs-backup/daily/.trash -mindepth 1 -maxdepth 1 | wc -l)
[ "$(snapshots b/d | wc -l)" = 1 ] && [ "$n" -le 1 ] && expected "the rest was deleted"
unexpected "$n dropped snapshots pile up in the trash, with: $(grep -m1 -E '^(note|warning)' <<<"$said" | tr -s ' ')"
