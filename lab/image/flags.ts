/**
 * How Node runs a member, in containers and as a process alike. A peer allocates little and lives
 * long: a small young generation costs it nothing, and it is most of what an idle Node keeps.
 */
export const PEER_NODE_FLAGS: readonly string[] = [
  '--max-semi-space-size=1',
  '--max-old-space-size=256',
  '--no-warnings',
];
