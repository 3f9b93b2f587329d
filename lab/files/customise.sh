#!/bin/sh
# Runs inside a new base image. Arguments: release, address of the hosts' package server.
set -eu
release=$1
server=$2

# Identities are given to each host, never shared through the image.
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id
: >/etc/machine-id
rm -f /etc/hostname /etc/dpkg/dpkg.cfg.d/lab
# pam_env complains at each login without it.
: >/etc/default/locale

# What a container does not need, or what would go out to the network on its own.
systemctl mask systemd-networkd-wait-online.service systemd-networkd.service systemd-networkd.socket \
	systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udev-trigger.service \
	systemd-timesyncd.service systemd-pstore.service getty.target console-getty.service \
	apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
	sshd-keygen.service

systemctl enable ssh.service nftables.service pcscd.socket
# The stock unit is started by its socket only and has no [Install] target of its own.
ln -sf /usr/lib/systemd/system/pcscd.service /etc/systemd/system/multi-user.target.wants/pcscd.service

rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
echo "deb [trusted=yes] $server/$release ./" >/etc/apt/sources.list.d/lab.list
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb

install -d -m 0700 /root/.ssh
install -d -m 0755 /etc/eeszt-demo
