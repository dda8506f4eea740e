#!/bin/bash
# A file was damaged without a change of size and time (bit rot, a preserving tool): a restore must bring it back.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

echo good-data >s/f
touch -d 2020-01-01 s/f
back_up s b
printf BAAD | dd of=s/f conv=notrunc 2>/dev/null
touch -d 2020-01-01 s/f
for option in "" --checksum; do
    # shellcheck disable=SC2086 # none, or one
    said=$("$tool" restore b s $option 2>&1)
    code=$?
    [ "$(cat s/f)" = good-data ] && expected "brought back ${option:-by itself}"
done
unexpected "exit $code, '$(head -1 <<<"$said")', but the file is still '$(cat s/f)'; no option compares contents"
