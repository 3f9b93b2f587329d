#!/bin/sh
# Builds one base image. Runs in a mount namespace of its own, so that no mount outlives it.
# Arguments: target folder, release, packages, package server, folder of this script, mirror (may be empty).
set -eu
target=$1 release=$2 packages=$3 server=$4 files=$5 mirror=$6

# An interrupted build is thrown away whole, so nothing needs to reach the disk in between.
mkdir -p "$target/root/etc/dpkg/dpkg.cfg.d"
echo force-unsafe-io >"$target/root/etc/dpkg/dpkg.cfg.d/lab"
debootstrap --variant=minbase --include="$packages" "$release" "$target/root" $mirror
# Where the packages came from; the layers over this image take theirs from there as well.
cp "$target/root/etc/apt/sources.list" "$target/sources.list"
cp -R "$files/base/." "$target/root/"
cp "$files/customise.sh" "$target/root/customise.sh"
chroot "$target/root" sh /customise.sh "$release" "$server"
rm "$target/root/customise.sh"
