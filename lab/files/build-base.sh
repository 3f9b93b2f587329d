#!/bin/sh
# Second half of a base image: packages and customisation.
# Arguments: folder of these scripts, target folder, folder with .deb files, release, package server.
set -eu
files=$1 target=$2 debs=$3 release=$4 server=$5
sh "$files/install.sh" "$target/root" "$debs"
cp -R "$files/base/." "$target/root/"
cp "$files/customise.sh" "$target/root/customise.sh"
chroot "$target/root" sh /customise.sh "$release" "$server"
rm "$target/root/customise.sh"
