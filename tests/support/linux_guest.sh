#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# linux_guest.sh - puts Debian's unmodified cloud kernel (vmlinuz) and a busybox initrd (initrd.gz) into a folder. The initrd
# gives a shell on ttyS0. usage: linux_guest.sh FOLDER
set -eu
mkdir -p "$1"
cd "$1"
[ ! -f vmlinuz ] || [ ! -f initrd.gz ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
[ -n "$package" ] || { echo "apt knows no linux-image-cloud-amd64" >&2; exit 1; }
(cd "$work" && chmod 755 . && apt-get download -qq "$package" >/dev/null 2>&1 && dpkg-deb -x ./*.deb root)
mkdir -p "$work"/initrd/{bin,proc,sys,dev}
cp /bin/busybox "$work/initrd/bin/"
cat >"$work/initrd/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
echo "guest: up"
exec setsid cttyhack sh
INIT
chmod +x "$work/initrd/init"
(cd "$work/initrd" && find . | sort | cpio -o -H newc --quiet | gzip -9n) >initrd.gz.part
cp "$work"/root/boot/vmlinuz-* vmlinuz.part
mv vmlinuz.part vmlinuz
mv initrd.gz.part initrd.gz
