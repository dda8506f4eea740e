#!/bin/bash
# An exported bash function (a cd that lists) is in the environment.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# shellcheck disable=SC2317 # called by whoever gets it
cd() { builtin cd "$@" && ls; }
export -f cd
timeout -s KILL 20 "$tool" run "$dir/s" "$dir/b" >/dev/null 2>&1
code=$?
unset -f cd
[ "$code" = 0 ] && [ "$(snapshots "$dir/b" | wc -l)" = 1 ] && expected "backed up"
unexpected "exit $code (137: it hung, and was killed after 20 s)"
