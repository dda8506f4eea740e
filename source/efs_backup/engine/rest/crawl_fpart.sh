#!/bin/sh
# The fpart that fpsync finds first in PATH where fpart crawls: the real one, and then a file that says how it ended.
# fpsync itself would keep that to a log, and a second late; and of what fpart could not read it would tell nobody.
here=$(dirname "$0")
"$here/real_fpart" "$@" 2>"$here/complaints"
code=$?
echo "$code" >"$here/exit_code.new" && mv "$here/exit_code.new" "$here/exit_code"
exit $code
