#!/bin/sh
# First half of a base image: the smallest Debian. Arguments: target folder, release, mirror (may be absent).
# Build scripts run in a mount namespace of their own, so that no mount outlives them.
set -eu
target=$1 release=$2
shift 2

# An interrupted build is thrown away whole, so nothing needs to reach the disk in between.
mkdir -p "$target/root/etc/dpkg/dpkg.cfg.d"
echo force-unsafe-io >"$target/root/etc/dpkg/dpkg.cfg.d/lab"
debootstrap --variant=minbase "$release" "$target/root" "$@"
# Where the packages came from; all that is added to the image comes from there as well.
grep -rhoE 'https?://[^ ]+' "$target/root/etc/apt" | head -n 1 >"$target/mirror"
