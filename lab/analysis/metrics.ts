/** Writes docs/METRICS.md from the named queries, so that a figure and its description can't part. */
import { DETECTOR_QUERIES } from '../detectors/observations.ts';
import { WATCHER_QUERIES } from '../telemetry/feed.ts';
import { MEMBER_QUERIES } from '../telemetry/members.ts';
import { LAB_QUERIES, type NamedQuery } from '../telemetry/queries.ts';
import { LAB_SERIES } from '../telemetry/series.ts';
import { USD_PER_CORE_HOUR } from './cost.ts';
import { JUDGEMENT_QUERIES } from './detector-judgement.ts';
import { TRUTH_FIGURES } from './figures.ts';
import { TRUTH_QUERIES } from './queries.ts';
import { TRUTH_SERIES } from './series.ts';

const HEAD = `# Metrics

Written by \`lab/analysis/metrics.ts\`; a test fails when this file is not what it writes
(\`node -e "import('./lab/analysis/metrics.ts').then(m => console.log(m.metricsDocument()))"\`).

Each figure has one definition: a named query, used by scoring, report, live view and dashboards alike.
Quantiles are of type 7 (linear between order statistics; ClickHouse: \`quantileExactInclusive\`).
Rates carry their 95 % Wilson interval. What was not measured is null, never 0. Times in rows are the
host's true clock (\`ts\`); fields ending in \`_at\` are the reporter's own clock.

## The honest neighbourhood

A keeper of a token is a peer that counted itself among the k nearest to it, of those it has not banned,
when it told the fate of a transaction. The honest neighbourhood of the token is its honest keepers.
Before a ban that is the honest ones among the k nearest, so fewer than k wherever an adversary is near;
after it the next peer takes the banned one's place and is a keeper like the others of what is voted on
from then on; what it takes over from before it reports as an heir (\`part\` 'heir'), and that makes
nothing final. While views differ (a ban spreads within about a second) old and new keepers both count,
so there can be more than k. Adversaries never count, banned or not.

Finality asks for ⌈2k/3⌉ of them whatever their number. A token near too many adversaries can't have it;
such transactions are committed without a finality and counted in \`finality.unreached\`, so that n plus
both of its figures is always \`transactions.committed\`.

## An honest control

\`lab run FILE --honest\` runs the same testnet with every adversarial group made honest and its attacks
left out (\`honestControl\` in the result). Expectations about adversaries (\`attacks\`, and of
\`detection\`: offenders, true positives, false negatives, rate) are then not judged: \`ok\` is null.
All others hold as they do otherwise.

## What an attack costs

\`attempts\` is the sum of the Argon2 evaluations that the identities of the attack's members took, as
each process counted them while it minted. \`coreSeconds\` is that times the fastest of the evaluations
that fit into 50 ms, at the network's parameters, on the machine and at the end of the run. \`usd\` is at
${USD_PER_CORE_HOUR} USD for an hour of one vCPU: an eighth of a c5.2xlarge (8 vCPU, 0.34 USD an hour) on demand in
us-east-1, as the price table in the EC2 Auto Scaling user guide gives it as an example (read 2026-11-21;
not a current quotation). It prices computing alone: not addresses, bandwidth, or the time to earn trust.

## From the result's JSON to the queries

| path | definition |
|---|---|
| \`transactions.*\` | classes of \`transaction_fates\`, of transactions that honest clients submitted (slashings are not); \`safetyViolations\`: rows of \`safety_violations\` |
| \`finality\`, \`finality.atFirst\`, \`finality.atAll\` | quantiles of \`final_ms\`, \`first_ms\`, \`all_ms\` of \`transaction_fates\`; n is how many reached it |
| \`finality.unreached\` | committed transactions that are not in n: \`tooFewHonestKeepers\` (\`short_of_keepers\`), \`notInTime\` the others |
| \`messages.perCommit\`, \`datagramsPerCommit\` | what all members sent while load was on (\`datagrams_by_sender\`), over \`transactions.committed\`: everything the network says, questions, statements, upkeep, slashing and renewals of leases included; members' own transactions are no commits of this count, so a quiet network pays more per commit |
| \`messages.perPeerPerCommit\`, \`bytesPerPeerPerSecond\` | what peers (not clients) sent, over peers and commits, over peers and seconds; bytes are UDP payload |
| \`messages.byType\` | \`messages_by_type\` |
| \`peers\` | members as the manifest declares them; \`newcomers\`: those of them, honest or adversarial, that came while load was on; how far each got: \`phases\` |
| \`views\` | \`view_overlap\`: how far peers agree on who belongs to a neighbourhood |
| \`detection.offenders\` | distinct speakers of \`lies\`, and adversarial identities against which an honest member held verified evidence (it proves a lie) |
| \`detection.truePositives\` | offenders in \`detections\`, or how many of them; \`falseNegatives\` are the others |
| \`detection.falseSlashes\` | honest identities that an honest member banned or saw slashed (\`sentences\`) |
| \`detection.falsePositives\` | honest identities in \`detections\` or among the false slashes |
| \`detection.byLayer\` | distinct identities in \`detections\` as \`flag:<layer>\`, adversarial ones and honest ones; what the layer cost honest peers: \`layer_costs\` |
| \`detection.observerQueriesPerSecond\` | questions per second and honest client: \`observer_answers\` over askPeers, clients and seconds of load (lost answers and questions about small neighbourhoods make it smaller) |
| \`attacks[].succeeded\` | as the attack's own declaration measures it (\`success\` in \`npx lab attacks\`; what it may read: ATTACKS.md); null: it never began, or its measure cannot tell |
| \`attacks[].success\` | the figures of the same measure; \`notJudged\`: why it failed |
| \`attacks[].firstDetectedMs\` | earliest of \`detections\` of an offender of this attack; ms after the load started, like \`strikeMs\` |
| \`attacks[].timeToDetectMs\`, \`timeToBanMs\`, \`timeToSlashMs\` | medians over offenders, from the moment an honest member received their first lie to the first evidence or flag, the first ban, the first executed slashing vote; an offender whose known lies came later than that is left out |
| \`attacks[].cases\` | the same for each offender; ms after the load started |
| \`attacks[].cost\` | \`minting\` of all its members, see above; all null when one of them did not report |
| \`telemetry.rows\`, \`telemetry.dropped\` | sums of \`telemetry_rows\`, \`telemetry_dropped\` |
`;

/** The whole document. */
export function metricsDocument(): string {
  const section = (title: string, queries: readonly NamedQuery<object>[]): string =>
    `\n## ${title}\n${queries.map(describe).join('')}`;
  return (
    HEAD +
    section('Queries over telemetry alone', [
      ...LAB_QUERIES,
      ...LAB_SERIES,
      ...MEMBER_QUERIES,
      ...WATCHER_QUERIES,
    ]) +
    section('What network-level detectors see', DETECTOR_QUERIES) +
    section('Queries that know who is who', [
      ...TRUTH_QUERIES,
      ...TRUTH_SERIES,
      ...TRUTH_FIGURES,
      ...JUDGEMENT_QUERIES,
    ])
  );
}

function describe(query: NamedQuery<object>): string {
  const columns = Object.entries(query.columns).map(
    ([name, meaning]) => `- \`${name}\`: ${String(meaning)}`,
  );
  return `\n### ${query.name}\n\n${query.meaning}\n\n${columns.join('\n')}\n`;
}
