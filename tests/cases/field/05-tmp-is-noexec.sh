#!/bin/bash
# Hardened hosts mount /tmp noexec.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

mkdir tmp
mount -t tmpfs -o size=16m,noexec none tmp
said=$(TMPDIR=$dir/tmp timeout 120 "$tool" run s b 2>&1)
code=$?
[ "$code" = 0 ] && expected "backed up"
grep -qi noexec <<<"$said" && expected "refused, and noexec is named"
unexpected "exit $code: $(grep -m1 error <<<"$said")"
