#!/usr/bin/env bash
# Both stacks, two nights, a window that closes and a restore in an AWS account, and then nothing of it is left.
# It answers what only an account can answer: docs/testing/unknown.md.
#   run.sh --yes-this-costs-money --vpc VPC --subnets SUBNET,SUBNET --email ADDRESS    takes one to two hours
#   run.sh --help                                                                      tells the rest
set -euo pipefail

# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deployment/setup.sh"
cd "$repository"

need_environment test
exec "$environment/bin/python" -m tests.aws "$@"
