/** A correct manifest without attacks, from which the wrong ones are made by one change each. */
export const GOOD = `name: good
seed: 7
durationMs: 60000
timeScale: 3600
protocol: {k: 4, commitRule: quorum, pow: {memoryKiB: 64, passes: 1, bits: 4}}
regions:
  - {name: east}
  - {name: west}
links:
  - default: {delayMs: 1}
  - {from: east, to: west, delayMs: 40, jitterMs: 2, distribution: normal, loss: 0.001}
peers:
  - {group: honest, count: 5, regions: even}
  - {group: late, count: 2, regions: [west]}
clients: {count: 2, regions: even, queryRatePerSecond: 2}
load: {transactionsPerSecond: 5, tokensPerTransaction: {1: 0.6, 2: 0.4}, popularity: {zipf: 0.9}}
faults:
  - {kind: partition, atMs: 30000, forMs: 5000, between: [east, west]}
  - {kind: kill, atMs: 40000, members: [late, honest-01]}
expect: ["finality.p99 < 2000", "detection.falseSlashes == 0"]
`;
