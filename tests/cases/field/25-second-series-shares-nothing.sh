#!/bin/bash
# Daily, weekly and monthly snapshots of one source: unchanged files once.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

head -c 3M /dev/urandom >s/x
for i in daily weekly monthly; do back_up s b --interval "$i"; done
[ "$(stat -c %n b/efs-backup/*/2*/x | wc -l)" = 3 ] || unprepared "not three snapshots"
n=$(stat -c %i b/efs-backup/*/2*/x | sort -u | wc -l)
[ "$n" = 1 ] && expected "one copy"
unexpected "$n copies of an unchanged file, one for each series"
