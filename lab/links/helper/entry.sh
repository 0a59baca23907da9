#!/bin/sh
# The privileged helper: reads sections from stdin, one per member, and runs tc in each member's
# network namespace. The only program of the lab that changes another's network.
#
#   @ NETNS_PATH IP_OF_DATA_INTERFACE
#   tc batch lines, with DEV for the interface
#
# entry.sh apply   one line per section: `ok NETNS` or `error NETNS REASON`
# entry.sh show    per class `class NETNS ID PACKETS BYTES DROPPED`, then per section `show NETNS
#                  QDISCS_JSON` (no batch lines needed)
# entry.sh clear   removes our root qdisc; `ok` or `error` per section
# entry.sh probe   `netem yes` or `netem no`: whether this kernel has netem (changes its own lo)
#
# /sbin/tc by its path: busybox's shell would run its own.
set -u
export TC_LIB_DIR=/usr/lib/tc # where files.ts puts the distribution tables
handle=1ab:
work=${HELPER_WORK:-/tmp}

# Runs inside the namespace: $1 command, $2 namespace (for the answer), $3 ip, $4 batch file.
section() {
  dev=$(/sbin/ip -o -4 addr show | awk -v ip="$3" '{split($4, a, "/"); if (a[1] == ip) print $2}')
  if [ -z "$dev" ]; then echo "error $2 no interface holds $3"; return; fi
  root=$(/sbin/tc qdisc show dev "$dev" root | head -n 1)
  case $1 in
    apply)
      case $root in
        "qdisc htb $handle root"*) sed -e "s/ dev DEV / dev $dev /" -e '/ root handle /d' "$4" ;;
        *) sed "s/ dev DEV / dev $dev /" "$4" ;;
      esac > "$4.tc"
      if reason=$(/sbin/tc -batch "$4.tc" 2>&1); then
        echo "ok $2"
      else
        echo "error $2 $(echo "$reason" | tr '\n' ' ')"
      fi ;;
    show)
      # As text: tc learned to print classes as JSON later than Debian 12.
      /sbin/tc -s class show dev "$dev" | awk -v netns="$2" '
        $1 == "class" { id = $3 }
        $1 == "Sent" { print "class", netns, id, $4, $2, substr($7, 1, length($7) - 1) }'
      echo "show $2 $(/sbin/tc -s -j qdisc show dev "$dev" | tr -d '\n')" ;;
    clear)
      case $root in
        "qdisc htb $handle root"*)
          if reason=$(/sbin/tc qdisc del dev "$dev" root 2>&1); then
            echo "ok $2"
          else
            echo "error $2 $(echo "$reason" | tr '\n' ' ')"
          fi ;;
        *) echo "ok $2" ;;
      esac ;;
  esac
}

case ${1:-} in
  section) shift; section "$@" ;;
  probe)
    if /sbin/tc qdisc replace dev lo root netem delay 1ms 2>/dev/null; then
      /sbin/tc qdisc del dev lo root
      echo "netem yes"
    else
      echo "netem no"
    fi ;;
  apply | show | clear)
    rm -f "$work"/sections "$work"/batch.*
    awk -v work="$work" '
      /^@ / { n++; print n, $2, $3 > (work "/sections"); next }
      { print > (work "/batch." n) }'
    [ -f "$work/sections" ] || exit 0
    while read -r n netns ip; do
      touch "$work/batch.$n"
      if [ ! -e "$netns" ]; then echo "error $netns no such namespace"; continue; fi
      # Its stdin is not ours: the list of sections is being read from it.
      nsenter --net="$netns" /bin/sh "$0" section "$1" "$netns" "$ip" "$work/batch.$n" < /dev/null ||
        echo "error $netns cannot enter the namespace"
    done < "$work/sections" ;;
  *) echo "use: entry.sh apply|show|clear|probe" >&2; exit 2 ;;
esac
