#!/bin/sh
# The layer of the Windows doubles over a base image: Wine with a prefix that is made once, and the double's units.
# Arguments: folder of these scripts, target folder, folder with .deb files, base root, registry of a closed host.
set -eu
files=$1 target=$2 debs=$3 base=$4 registry=$5
root=$target/root
mkdir -p "$target/up" "$target/work" "$root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$target/up,workdir=$target/work" "$root"
sh "$files/install.sh" "$root" "$debs"
cp -R "$files/windows/." "$root/"
cp "$registry" "$root/closed.reg"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
chroot "$root" sh /customise.sh
rm "$root/customise.sh"
umount "$root/tmp" "$root/proc" "$root"
rm -rf "$target/work" "$root"
