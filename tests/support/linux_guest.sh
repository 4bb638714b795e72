#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# linux_guest.sh - puts Debian's unmodified cloud kernel (vmlinuz) and a busybox initrd (initrd.gz) into a folder. The initrd
# gives a shell on ttyS0; there, /modules/load loads the kernel's virtio drivers. usage: linux_guest.sh FOLDER
set -eu
script=$(realpath "$0")
mkdir -p "$1"
cd "$1"
[ ! -f vmlinuz ] || [ ! initrd.gz -nt "$script" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
[ -n "$package" ] || { echo "apt knows no linux-image-cloud-amd64" >&2; exit 1; }
(cd "$work" && chmod 755 . && apt-get download -qq "$package" >/dev/null 2>&1 && dpkg-deb -x ./*.deb root)
mkdir -p "$work"/initrd/{bin,proc,sys,dev,modules}
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
# In an order in which each finds what it needs.
modules=(virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio-rng virtio_blk failover net_failover
    virtio_net virtio_console)
for module in "${modules[@]}"; do
    find "$work"/root/lib/modules -name "$module.ko" -exec cp {} "$work/initrd/modules/" \;
done
{
    echo '#!/bin/busybox sh'
    printf 'insmod /modules/%s.ko || exit 1\n' "${modules[@]}"
} >"$work/initrd/modules/load"
chmod +x "$work/initrd/init" "$work/initrd/modules/load"
(cd "$work/initrd" && find . | sort | cpio -o -H newc --quiet | gzip -9n) >initrd.gz.part
cp "$work"/root/boot/vmlinuz-* vmlinuz.part
mv vmlinuz.part vmlinuz
mv initrd.gz.part initrd.gz
