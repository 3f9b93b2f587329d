#!/bin/sh
# A layer over a base image. Arguments: folder of these scripts, target folder, folder with .deb files, base root.
set -eu
files=$1 target=$2 debs=$3 base=$4
mkdir -p "$target/up" "$target/work" "$target/root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$target/up,workdir=$target/work" "$target/root"
sh "$files/install.sh" "$target/root" "$debs"
umount "$target/root"
rm -rf "$target/work" "$target/root"
