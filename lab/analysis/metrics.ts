/** Writes docs/METRICS.md from the named queries, so that a figure and its description can't part. */
import { LAB_QUERIES, type NamedQuery } from '../telemetry/queries.ts';
import { TRUTH_QUERIES } from './queries.ts';

const HEAD = `# Metrics

Written by \`lab/analysis/metrics.ts\`; a test fails when this file is not what it writes
(\`node -e "import('./lab/analysis/metrics.ts').then(m => console.log(m.metricsDocument()))"\`).

Each figure has one definition: a named query, used by scoring, report, live view and dashboards alike.
Quantiles are of type 7 (linear between order statistics; ClickHouse: \`quantileExactInclusive\`).
Rates carry their 95 % Wilson interval. What was not measured is null, never 0. Times in rows are the
host's true clock (\`ts\`); fields ending in \`_at\` are the reporter's own clock.

## From the result's JSON to the queries

| path | definition |
|---|---|
| \`transactions.*\` | classes of \`transaction_fates\`; \`safetyViolations\`: rows of \`safety_violations\` |
| \`finality\`, \`finality.atFirst\`, \`finality.atAll\` | quantiles of \`final_ms\`, \`first_ms\`, \`all_ms\` of \`transaction_fates\`; n is how many reached it |
| \`messages.perCommit\`, \`datagramsPerCommit\` | what all members sent while load was on (\`datagrams_by_sender\`), over committed transactions |
| \`messages.perPeerPerCommit\`, \`bytesPerPeerPerSecond\` | what peers (not clients) sent, over peers and commits, over peers and seconds; bytes are UDP payload |
| \`messages.byType\` | \`messages_by_type\` |
| \`detection.offenders\` | distinct speakers of \`lies\` |
| \`detection.truePositives\` | offenders in \`detections\`, or how many of them; \`falseNegatives\` are the others |
| \`detection.falseSlashes\` | honest identities banned by an honest member (\`sentences\`) |
| \`detection.falsePositives\` | honest identities in \`detections\` or among the false slashes |
| \`detection.observerQueriesPerSecond\` | questions per second and honest client: \`observer_answers\` over askPeers, clients and seconds of load (lost answers make it smaller) |
| \`attacks[].succeeded\` | an honest client received a lie of a member after the strike that no other answer to the same question contradicted |
| \`attacks[].success\` | lies told to honest members, clients that received one, tokens lied about, lies no answer contradicted |
| \`attacks[].firstDetectedMs\` | earliest of \`detections\` of an offender of this attack; ms after the load started, like \`strikeMs\` |
| \`attacks[].timeToBanMs\`, \`timeToSlashMs\` | median over offenders, from their first lie to the first ban, to the first executed slashing vote |
| \`attacks[].cost\` | null: no peer reports the attempts its minting took |
| \`telemetry.rows\`, \`telemetry.dropped\` | sums of \`telemetry_rows\`, \`telemetry_dropped\` |
`;

/** The whole document. */
export function metricsDocument(): string {
  const section = (title: string, queries: readonly NamedQuery<object>[]): string =>
    `\n## ${title}\n${queries.map(describe).join('')}`;
  return (
    HEAD +
    section('Queries over telemetry alone', LAB_QUERIES) +
    section('Queries that know who is who', TRUTH_QUERIES)
  );
}

function describe(query: NamedQuery<object>): string {
  const columns = Object.entries(query.columns).map(
    ([name, meaning]) => `- \`${name}\`: ${String(meaning)}`,
  );
  return `\n### ${query.name}\n\n${query.meaning}\n\n${columns.join('\n')}\n`;
}
