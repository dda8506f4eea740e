#!/usr/bin/env bash
# Everything that has to be true before a change lands: style, types, layers, scripts and tests.
# With MEASURE_COVERAGE set, also that the tests run as much of the code as they did.
set -euo pipefail

# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$repository"

need_packages faketime fpart groff-base patch rsync mtree-netbsd strace e2fsprogs iproute2 procps shellcheck gcc libc6-dev make pkg-config libfuse3-dev fuse3 chromium fonts-dejavu-core
need_node
need_environment test
need_checkers
PATH="$environment/bin:$PATH"

if [ "$(id -u)" = 0 ] && ! setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$repository"; then
    say "Tests that are another user will fail: nobody cannot enter $repository. Clone it where everybody may go."
fi

say "ruff"
ruff check .
ruff format --check .
say "mypy, beside all that follows"
types=$(mktemp)
trap 'rm -f "$types"' EXIT
mypy >"$types" 2>&1 &
checking=$!
say "import-linter"
lint-imports
say "shellcheck"
shellcheck --external-sources .ci/run deployment/*.sh cdk/packaging/*.sh source/efs_backup/engine/rest/*.sh deployment/local_cloud/instance/{boot.sh,init,mount.nfs4,run,bin/*} tests/cases/*/*.sh tests/{aws,later,nfs}/*.sh tests/nfs/image/usr/sbin/dmidecode
say "pytest"
[ -d tests/__pycache__ ] || pytest --collect-only -qq "$@" >/dev/null || :  # each process would compile the tests of a clean clone
failed=0
run=(pytest)
[ -z "${MEASURE_COVERAGE-}" ] || run=(coverage run --module pytest)
"${run[@]}" --numprocesses="${TEST_PROCESSES:-$(($(nproc) * 2))}" --dist=loadgroup --durations=10 "$@" || failed=$?
if [ -n "${MEASURE_COVERAGE-}" ]; then
    say "coverage"
    coverage combine --quiet
    coverage report || failed=$?
fi
if ! wait "$checking"; then
    say "mypy"
    cat "$types"
    failed=1
fi
exit "$failed"
