#!/bin/bash
# The disk of the log is full, not that of the backup: do not blame the backup.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

mkdir log
mount -t tmpfs -o size=64k none log
dd if=/dev/zero of=log/filler bs=4k 2>/dev/null
"$tool" run s b >/dev/null 2>log/err
code=$?
[ -s log/err ] && unprepared "the log's disk was not full"
[ "$(snapshots b | wc -l)" = 1 ] && expected "the snapshot is there (exit $code)"
unexpected "exit $code, no snapshot: $("$tool" history b --json 2>/dev/null | grep -m1 -o '"message": .*')"
