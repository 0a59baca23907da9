#!/bin/sh
# Region namespaces on one bridge, programs applied through the helper's entry point, round trips and
# losses by ping. Runs in the virtual machine (init.sh) or, where the kernel has netem, in a network
# namespace of the machine. Prints `PING PASS FROM TO SENT RECEIVED RTT…` lines.
# /plan: lines `region NAME IP`, `pass NAME`, `ping FROM TO COUNT INTERVAL`; /sections-PASS: helper input.
echo # ends what the machine's firmware left on the line
mkdir -p /run/netns
/sbin/ip link add br0 type bridge
/sbin/ip link set br0 up
while read -r word name ip; do
  [ "$word" = region ] || continue
  /sbin/ip netns add "$name"
  /sbin/ip link add "v-$name" type veth peer name eth0 netns "$name"
  /sbin/ip link set "v-$name" master br0 up
  /sbin/ip -n "$name" addr add "$ip/16" dev eth0
  /sbin/ip -n "$name" link set eth0 up
  echo "$ip" > "/tmp/ip-$name"
done < /plan

pair() {
  nsenter --net="/run/netns/$2" ping -c 1 -W 3 "$(cat "/tmp/ip-$3")" > /dev/null # address resolution
  nsenter --net="/run/netns/$2" ping -c "$4" -i "$5" -W 2 "$(cat "/tmp/ip-$3")" |
    awk -v what="PING $1 $2 $3" '
      /time=/ { sub(/.*time=/, ""); rtt = rtt " " $1 }
      /packets transmitted/ { sent = $1; received = $4; duplicates = /duplicates/ ? $7 : 0 }
      END { print what, sent, received, duplicates rtt }'
}

pass=
while read -r word a b c d; do
  case $word in
    pass) wait; pass=$a; /bin/sh /entry.sh apply < "/sections-$pass" | sed "s/^/APPLY $pass /" ;;
    ping) pair "$pass" "$a" "$b" "$c" "$d" & ;;
  esac
done < /plan
wait
echo DONE
