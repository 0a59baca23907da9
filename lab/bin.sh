#!/bin/sh
# The machine's own Node may be too old to run TypeScript: hand over to the release this package pins.
self=$(readlink -f "$0") || exit 3
root=$(dirname "$(dirname "$self")")
for node in "$root/node_modules/node/bin/node" "$root/../node/bin/node"; do
  if [ -x "$node" ]; then
    "$node" --version >/dev/null || {
      echo "lab: the pinned Node release can't start; on Debian and Ubuntu: apt-get install libatomic1" >&2
      exit 3
    }
    exec "$node" "$root/lab/cli.ts" "$@"
  fi
done
echo "lab: the pinned Node release is missing under $root/node_modules; run: npm ci" >&2
exit 3
