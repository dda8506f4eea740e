#!/bin/bash
# Started with nohup, the terminal closed: the backup goes on.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# shellcheck disable=SC2317 # called by wait_for
copying() { find b -path '*/.partial-*/f*' | grep -q . || ! kill -0 "$pid"; }
for i in $(seq 300); do echo "$i" >"s/f$i"; done
nohup "$tool" run s b --max-operations-per-second 150 --files-per-part 30 >out 2>&1 &
pid=$!
wait_for copying
kill -HUP "$pid" || unprepared "it ended before the signal came: $(grep -m1 error out)"
wait "$pid"
code=$?
[ "$code" = 0 ] && expected "went on to the end"
unexpected "exit $code: $(grep -m1 error out)"
