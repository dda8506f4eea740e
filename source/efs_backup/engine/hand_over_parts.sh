#!/bin/sh
# The fpart that fpsync finds first in PATH where the survey has listed all parts already: it hands them over as fpart
# does, by a call of fpsync's hook for each, and then a file says how it ended. Each line of `parts` has a part's number,
# files and bytes.
here=$(dirname "$0")
while [ $# -gt 0 ]; do
    case $1 in
    -o) place=$2 ;;
    -W) hook=$2 ;;
    esac
    shift
done
export FPART_HOOKTYPE=post-part FPART_PARTERRNO=0 FPART_PID=$$
export FPART_PARTNUMBER FPART_PARTNUMFILES FPART_PARTSIZE FPART_PARTFILENAME
code=0
while read -r FPART_PARTNUMBER FPART_PARTNUMFILES FPART_PARTSIZE; do
    FPART_PARTFILENAME=$place.$FPART_PARTNUMBER
    mv "$here/../lists/part.$FPART_PARTNUMBER" "$FPART_PARTFILENAME" 2>>"$here/complaints" || code=1
    sh -c "$hook" </dev/null
done <"$here/../lists/parts"
echo "$code" >"$here/exit_code.new" && mv "$here/exit_code.new" "$here/exit_code"
exit $code
