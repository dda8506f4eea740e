#!/bin/bash
# A dry run is for trying an exclude: what it would drop must show.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

for i in 1 2 3 4 5; do echo "$i" >"s/$i.log"; done
back_up s b
planned=$("$tool" run s b --exclude '*.log' --dry-run --json 2>/dev/null | grep -o '"removed": [0-9]*')
back_up s b --exclude '*.log'
real=$("$tool" diff b 1 0 --json 2>/dev/null | tr -d ' \n' | grep -o '"removed":\[[^]]*\]' | grep -o log | wc -l)
[ "$real" = 5 ] && [ "$planned" = "\"removed\": $real" ] && expected "planned and real: $real"
unexpected "the dry run says $planned; the backup then dropped $real"
