#!/bin/bash
# Somebody has bound data into an old snapshot (a chroot into it); the snapshot is pruned, the data must stay.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

mkdir s/mnt live
echo gold >live/gold
back_up s b
old=$(snapshots b)
back_up s b
mount --bind live "$old/mnt"
[ -e "$old/mnt/gold" ] || unprepared "nothing is bound"
said=$("$tool" prune b --retain 1 --confirm 2>&1)
code=$?
[ -e live/gold ] && expected "the bound data is still there (exit $code)"
unexpected "the bound data was DELETED (exit $code: $(head -1 <<<"$said"))"
