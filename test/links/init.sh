#!/bin/sh
# First process of the virtual machine.
/bin/busybox mkdir -p /proc /sys /run /tmp /dev
/bin/busybox mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mount -t devtmpfs dev /dev
while read -r module; do insmod "$module"; done < /modules
/bin/sh /measure.sh
poweroff -f
