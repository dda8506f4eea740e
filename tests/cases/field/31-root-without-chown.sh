#!/bin/bash
# Root in a container that may not give files away (no CAP_CHOWN): owners must not get lost under the word Success.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

chown 1000:1000 s/a
said=$(setpriv --bounding-set=-chown "$tool" run s b 2>&1)
code=$?
[ "$code" != 0 ] && expected "refused: $(grep -m1 error <<<"$said")"
owner=$(stat -c %u b/efs-backup/daily.0/a)
[ "$owner" = 1000 ] && expected "owner kept"
grep -qi owner <<<"$said" && expected "said so"
unexpected "exit 0 without a word; the owner 1000 became $owner"
