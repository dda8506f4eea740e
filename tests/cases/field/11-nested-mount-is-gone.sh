#!/bin/bash
# A file system mounted inside SOURCE is missing one night (its empty mount point is there).
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

mkdir s/uploads
mount -t tmpfs -o size=8m none s/uploads
for i in $(seq 100); do echo "$i" >"s/uploads/$i"; done
back_up s b
umount s/uploads
said=$("$tool" run s b --retain 1 2>&1)
code=$?
left=$(find b/efs-backup/daily/2*/uploads -type f | wc -l)
[ "$code" != 0 ] && [ "$left" = 100 ] && expected "refused"
grep -qiE 'uploads|mount|fewer' <<<"$said" && [ "$left" -ge 100 ] && expected "noticed"
unexpected "exit $code; files of the missing mount left in all snapshots: $left of 100"
