#!/bin/bash
# The way out of a full backup disk is to prune; that must work with no byte left.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

mount -t tmpfs -o size=4m none b
head -c 300k /dev/urandom >s/x
for i in 1 2 3; do
    echo "$i" >s/a
    back_up s b
done
dd if=/dev/zero of=b/filler bs=4k 2>/dev/null
{ echo x >b/probe; } 2>/dev/null && unprepared "the disk is not full"
said=$("$tool" prune b --retain 1 --confirm 2>&1)
code=$?
left=$(snapshots b | wc -l)
[ "$code" = 0 ] && [ "$left" = 1 ] && expected "pruned to one snapshot"
unexpected "exit $code, $left snapshots left: $(head -1 <<<"$said")"
