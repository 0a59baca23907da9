/**
 * How Node runs a member, in containers and as a process alike. A peer allocates little and lives
 * long, so a small young generation suffices: with 1 MiB of it the collector took an eighth of
 * a busy peer's time (profiled in a process of the demo), hence 4. Measured with 1 MiB on an idle stand-in (all of the
 * runtime, no protocol): 68.7 MiB resident, 21.2 private, against 70.3 and 22.5 without flags, and
 * 93 resident when it strips types itself. Helpers of V8 for collecting garbage serve nobody where
 * there are many peers for each core: without them an idle peer of 24 that are meshed has 79.9 MiB
 * resident and 23.7 private against 81.5 and 25.4. --optimize-for-size gains nothing.
 */
export const PEER_NODE_FLAGS: readonly string[] = [
  '--max-semi-space-size=4',
  '--max-old-space-size=256',
  '--single-threaded-gc',
  '--v8-pool-size=1',
  '--no-warnings',
];
