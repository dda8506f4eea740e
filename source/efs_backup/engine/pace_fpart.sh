#!/bin/sh
# fpart calls this before each part, and the engine's fpart at last: it waits as long as what was listed for the part
# before may take, as a share of the ordered operations a second. A directory needs three requests, and its names some.
# Beside it lies how long one operation may take, in microseconds.
here=$(dirname "$0")
part=$(cat "$here/listed_part" 2>/dev/null)
echo "$FPART_PARTFILENAME" >"$here/listed_part"
[ -s "$part" ] || exit 0
directories=$(sed -z 's|[^/]*$||' "$part" | sort -zu | tr -cd '\0' | wc -c)
names=$(tr -cd '\0' <"$part" | wc -c)
pause=$(((3 * directories + names / 64) * $(cat "$here/microseconds")))
exec sleep "$((pause / 1000000)).$(printf %06d $((pause % 1000000)))"
