#!/bin/sh
# Keeps one host running over reboots. Arguments: network namespace, root, then nspawn's command line.
# It ends when the host is powered off or killed; `lab up` starts it again.
netns=$1 root=$2
shift 2
while :; do
	# The namespace outlives the boot: rules that were never saved would survive the reboot.
	nsenter --net="/run/netns/$netns" chroot "$root" nft flush ruleset
	"$@"
	[ $? -eq 133 ] || exit 0
done
