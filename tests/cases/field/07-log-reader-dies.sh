#!/bin/bash
# The program that reads the log (a pipe to a logger) dies; the backup must not fail for it.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

{
    "$tool" run s b 2>&1 >/dev/null
    echo $? >code
} | head -1 >/dev/null
wait_for test -s code
[ "$(snapshots b | wc -l)" = 1 ] && expected "the snapshot is there (exit $(cat code))"
unexpected "exit $(cat code), no snapshot: $("$tool" history b --json 2>/dev/null | grep -m1 -o '"message": .*')"
