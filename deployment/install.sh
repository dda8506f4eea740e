#!/bin/bash
# Installs what lies beside it in the bundle, and what the AMI lacks; then it starts the agent. The user data runs it, from where
# it has unpacked the bundle.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1

# Ubuntu's own updates hold the locks for minutes after a first boot, and later restart whatever uses what they replace:
# the agent too. An instance lives for hours, and comes from the AMI of the day. An AMI without them is fine too.
systemctl disable --now apt-daily.timer apt-daily-upgrade.timer || true
systemctl stop --no-block apt-daily.service apt-daily-upgrade.service unattended-upgrades.service || true

apt() { apt-get --quiet --yes -o DPkg::Lock::Timeout=600 "$@"; }

# install_packages NAME...: apt-get update waits for no lock, whatever it is told, and a mirror may be in the middle of a change.
install_packages() {
    local pause
    [ $# -gt 0 ] || return 0
    for pause in 0 15 30 60 120; do
        sleep "$pause"
        apt update || echo "The lists of packages could not be updated; trying with those that are there."
        apt install --no-install-recommends "$@" && return
        echo "Not installed yet: $*"
    done
    return 1
}

# is_newer PACKAGE VERSION ARCHITECTURE: whether the instance can use it and has not got it yet.
is_newer() {
    case "$3" in all | "$(dpkg --print-architecture)") ;; *) return 1 ;; esac
    dpkg --compare-versions "$2" gt "$(dpkg-query --show --showformat='${Version}' "$1" 2>/dev/null || true)"
}

brought=()
for file in ./bundle/packages/*.deb; do
    [ -e "$file" ] || continue
    # shellcheck disable=SC2016 # what dpkg-deb expands
    read -r name version architecture < <(dpkg-deb --show --showformat='${Package} ${Version} ${Architecture}\n' "$file")
    ! is_newer "$name" "$version" "$architecture" || brought+=("$file")
done
# What needs nothing else needs no archive.
[ ${#brought[@]} -eq 0 ] || apt install --no-install-recommends --no-download "${brought[@]}" || install_packages "${brought[@]}"
missing=()
for package in fpart rsync nfs-common; do
    dpkg --status "$package" >/dev/null 2>&1 || missing+=("$package")
done
install_packages "${missing[@]}"

# Neither python3-venv nor a pip of the instance's is needed: pip lies among the wheels.
python3 -m venv --without-pip venv
pip=(bundle/wheels/pip-*.whl)
venv/bin/python "${pip[0]}/pip" install --quiet --no-index --find-links bundle/wheels 'efs-backup[aws]'
install -m 0644 bundle/*.service /etc/systemd/system/
systemctl enable --now efs-backup-agent.service
