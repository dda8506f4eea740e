#!/bin/bash
# Runs once, as root, when an instance boots. The template fills in the names in capitals.
set -aEeuo pipefail # with a, what the environment file says is handed on to all programs
install -d -m 0700 /etc/efs-backup /opt/efs-backup; cd /opt/efs-backup
cat >/etc/efs-backup/agent.env <<'END'
${AGENT_ENVIRONMENT}
END
cat >boot.py <<'END'
${BOOT_PROGRAM}
END
cat >requests.json <<'END'
${PREPARED_REQUESTS}
END
# shellcheck source=/dev/null
. /etc/efs-backup/agent.env
give_up() { trap - ERR; echo "The boot has failed: $1"; python3 boot.py give-up; }
trap 'give_up "$BASH_COMMAND"' ERR
# shellcheck source=/dev/null
[ -z "${PROXY_PARAMETER-}" ] || { python3 boot.py proxy "$PROXY_PARAMETER" /etc/efs-backup/agent.env && . /etc/efs-backup/agent.env; }
[ -z "${https_proxy-}" ] || { systemctl import-environment http_proxy https_proxy no_proxy && systemctl try-restart '*amazon-ssm-agent*.service'; }
python3 boot.py fetch "${BUNDLE_BUCKET}" "${BUNDLE_KEY}" bundle.zip
echo "${BUNDLE_SHA256}  bundle.zip" | sha256sum --check --quiet
python3 -m zipfile --extract bundle.zip bundle
bash bundle/install.sh
