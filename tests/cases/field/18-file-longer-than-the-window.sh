#!/bin/bash
# One file takes longer than the window: each night must get further with it.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

size() { find b -name '*big*' -printf '%s\n' | sort -n | tail -1; }
head -c 30M /dev/urandom >s/big
sizes=()
for night in 0 1 2; do
    "$tool" run s b --max-operations-per-second 10 >/dev/null 2>&1 &
    pid=$!
    sleep 7 # the window: the same time each night, of which starting takes little
    kill -TERM "$pid"
    sleep 0.5
    kill -TERM "$pid" 2>/dev/null
    wait "$pid"
    sizes[night]=$(size)
done
[ -z "$(snapshots b)" ] || unprepared "it fitted into the window"
[ "${sizes[2]:-0}" -gt $((${sizes[0]:-0} * 3 / 2)) ] && expected "grows: ${sizes[*]} bytes"
unexpected "starts anew each night; bytes there after three nights: ${sizes[*]} of $(stat -c %s s/big)"
