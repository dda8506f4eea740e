#!/usr/bin/env bash
# The tests that tell of times by the calendar, as they will run in 400 days: none may depend on the day on which it runs.
#   run.sh [OPTION...]    options of pytest
# The clock alone is put forward: sleeps, timeouts and the times of files stay what they are. So tests that are of the engine alone,
# which compares times of files with the clock, are left out, those of fpsync, which reads no calendar, and those of the CDK, whose cache takes its locks for 400 days old.
set -euo pipefail

# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deployment/setup.sh"
cd "$repository"

need_packages faketime fpart rsync gcc libc6-dev
need_environment test

programs=$(mktemp -d)
trap 'rm -rf "$programs"' EXIT
gcc -Wall -Werror -O2 -shared -fPIC -o "$programs/sleep.so" tests/later/sleep.c

say "pytest, 400 days from now"
# The agent's tests run the engine, whose waits end late under faketime, and whose files keep the time of the kernel.
export FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1 LD_PRELOAD="$programs/sleep.so"
faketime '+400 days' "$environment/bin/pytest" --numprocesses="${TEST_PROCESSES:-$(($(nproc) * 2))}" \
    tests/contract/test_store.py tests/lib tests/scenarios/test_{nights,runtime}.py -m "not former" "$@"
