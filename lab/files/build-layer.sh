#!/bin/sh
# Installs packages into a layer over a base. Runs in a mount namespace of its own.
# Arguments: target folder, base root, folder with the .deb files.
set -eu
target=$1 base=$2 debs=$3
mkdir -p "$target/up" "$target/work" "$target/root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$target/up,workdir=$target/work" "$target/root"
mkdir "$target/root/debs"
cp "$debs"/*.deb "$target/root/debs/"
printf '#!/bin/sh\nexit 101\n' >"$target/root/usr/sbin/policy-rc.d"
chmod 755 "$target/root/usr/sbin/policy-rc.d"
chroot "$target/root" sh -c 'DEBIAN_FRONTEND=noninteractive dpkg --force-unsafe-io -i /debs/*.deb'
rm -rf "$target/root/debs" "$target/root/usr/sbin/policy-rc.d"
umount "$target/root"
rm -rf "$target/work" "$target/root"
