#!/bin/sh
# The fpart that fpsync finds first in PATH where the survey has listed all parts already: it hands them over as fpart
# does, by a call of fpsync's hook for each, with what fpart tells it; and then a file says how it ended. Each line of
# `parts` has a part's number, files and bytes. The attributes of what a part lists go before it, to lie beside it.
here=$(dirname "$0")
lists=$here/../lists
while [ $# -gt 0 ]; do
    case $1 in
    -o) place=$2 ;;
    -W) hook=$2 ;;
    esac
    shift
done
export FPART_HOOKTYPE=post-part FPART_PARTERRNO=0 FPART_PID=$$ FPART_TOTALSIZE=0 FPART_TOTALNUMFILES=0
export FPART_TOTALNUMPARTS FPART_PARTNUMBER FPART_PARTNUMFILES FPART_PARTSIZE FPART_PARTFILENAME
code=0
while read -r FPART_PARTNUMBER FPART_PARTNUMFILES FPART_PARTSIZE; do
    FPART_PARTFILENAME=$place.$FPART_PARTNUMBER
    FPART_TOTALNUMPARTS=$FPART_PARTNUMBER
    FPART_TOTALNUMFILES=$((FPART_TOTALNUMFILES + FPART_PARTNUMFILES))
    FPART_TOTALSIZE=$((FPART_TOTALSIZE + FPART_PARTSIZE))
    mv "$lists/attributes.part.$FPART_PARTNUMBER" "${place%/*}" 2>>"$here/complaints" || code=1
    mv "$lists/part.$FPART_PARTNUMBER" "$FPART_PARTFILENAME" 2>>"$here/complaints" || code=1
    sh -c "$hook" </dev/null
done <"$lists/parts"
echo "$code" >"$here/exit_code.new" && mv "$here/exit_code.new" "$here/exit_code"
exit $code
