/** A closer look at one peer, transaction or package: a few named queries each, asked when wanted. */
import { finalityThreshold, TRANSACTION_FATE } from '../analysis/queries.ts';
import { evidenceDocument } from '../commands/evidence-file.ts';
import { EXIT, LabError } from '../errors.ts';
import type { Testnet } from '../manifest/testnet.ts';
import type { RunStatus } from '../supervisor/api.ts';
import type { RunClient } from '../supervisor/client.ts';
import {
  EVIDENCE_ABOUT,
  FLAGS_ABOUT,
  LIFE_OF,
  REPORTS_OF_EVIDENCE,
  REPORTS_OF_TRANSACTION,
  SLASHING_ABOUT,
  STATEMENTS_OF,
  type TransactionReport,
  VOTES_ON_TRANSACTION,
} from '../telemetry/feed.ts';
import type { NamedQuery } from '../telemetry/queries.ts';
import type { EvidenceDetail, PeerDetail, TransactionDetail } from './model.ts';

/** Of each kind: some screens of scrolling. */
const ROWS = 300;

/** Asks a run's supervisor one of the named queries. Throws LabError. */
export async function askClient<Row extends object>(
  client: RunClient,
  query: NamedQuery<Row>,
  parameters: Readonly<Record<string, string | number>> = {},
): Promise<readonly Row[]> {
  const body = { sql: query.sql, parameters: { run: client.run, ...parameters } };
  return (await client.json<{ rows: Row[] }>('POST', '/query', body)).rows;
}

export async function peerDetail(
  client: RunClient,
  status: RunStatus,
  name: string,
): Promise<PeerDetail> {
  const member = status.members.find((entry) => entry.name === name) ?? null;
  const address = member?.address ?? '';
  const about = { address, rows: ROWS };
  const life = await askClient(client, LIFE_OF, { peer: name, rows: ROWS });
  const phases = life.map(({ at_ms, phase }) => ({ atMs: at_ms, phase })).toReversed();
  if (address === '') {
    return { name, member, statements: [], flags: [], evidence: [], bans: [], phases };
  }
  const statements = await askClient(client, STATEMENTS_OF, about);
  const flags = await askClient(client, FLAGS_ABOUT, about);
  const evidence = await askClient(client, EVIDENCE_ABOUT, about);
  const bans = await askClient(client, SLASHING_ABOUT, about);
  return {
    name,
    member,
    statements: statements.map(({ at_ms, heard_by, ...rest }) => {
      return { ...rest, atMs: at_ms, heardBy: heard_by };
    }),
    flags: flags.map(({ at_ms, ...rest }) => ({ ...rest, atMs: at_ms })),
    evidence: evidence.map(({ at_ms, held_by, ...rest }) => {
      return { ...rest, atMs: at_ms, heldBy: held_by };
    }),
    bans: bans.map(({ at_ms, ...rest }) => ({ ...rest, atMs: at_ms })),
    phases,
  };
}

/** Throws a LabError when nobody reported the transaction. */
export async function transactionDetail(
  client: RunClient,
  testnet: Testnet,
  id: string,
): Promise<TransactionDetail> {
  const asked = { tx: id, rows: ROWS };
  const reports = await askClient(client, REPORTS_OF_TRANSACTION, asked);
  const [any] = reports;
  if (any === undefined) throw unheardOf(`transaction ${id}`);
  const votes = await askClient(client, VOTES_ON_TRANSACTION, asked);
  const need = finalityThreshold(testnet.protocol.k);
  const [fate] = await askClient(client, TRANSACTION_FATE, { tx: id, need });
  const submission = reports.findLast(({ submitted_ms: at }) => at !== null);
  return {
    id,
    kind: any.kind,
    valueClass: any.value_class,
    submittedBy: submission?.peer ?? null,
    submittedAtMs: submission?.submitted_ms ?? null,
    fate: fate?.class ?? null,
    finalityMs: fate?.final_ms ?? null,
    tokens: any.tokens.map((token, index) => ({
      token,
      owner: any.owners[index] ?? '',
      previous: any.previous[index] ?? '',
    })),
    keepers: keepersOf(reports, votes),
  };
}

type Keeper = TransactionDetail['keepers'][number];

/** By token, then by the time of the commit, those without one last. */
function keepersOf(
  reports: readonly TransactionReport[],
  votes: readonly { at_ms: number; peer: string; token: string; verdict: string }[],
): Keeper[] {
  const keepers = new Map<string, Keeper>();
  for (const { at_ms: votedAtMs, peer, token, verdict } of votes) {
    const nothing = { outcome: null, committedAtMs: null };
    keepers.set(`${token} ${peer}`, { peer, token, verdict, votedAtMs, ...nothing });
  }
  for (const { peer, part, outcome, kept, committed_ms: committedAtMs } of reports.toReversed()) {
    if (part === 'client') continue;
    for (const token of kept) {
      const voted = keepers.get(`${token} ${peer}`);
      const { verdict = null, votedAtMs = null } = voted ?? {};
      keepers.set(`${token} ${peer}`, { peer, token, verdict, votedAtMs, outcome, committedAtMs });
    }
  }
  const late = Number.MAX_VALUE;
  return [...keepers.values()].sort((a, b) => {
    if (a.token !== b.token) return a.token < b.token ? -1 : 1;
    return (a.committedAtMs ?? late) - (b.committedAtMs ?? late) || (a.peer < b.peer ? -1 : 1);
  });
}

/** Throws a LabError when nobody reported the package. */
export async function evidenceDetail(
  client: RunClient,
  { testnet, status }: { readonly testnet: Testnet; readonly status: RunStatus },
  id: string,
): Promise<EvidenceDetail> {
  const reports = await askClient(client, REPORTS_OF_EVIDENCE, { package: id, rows: ROWS });
  const [any] = reports;
  if (any === undefined) throw unheardOf(`evidence ${id}`);
  const { accused, rule } = any;
  const content = reports.find((report) => report.content !== '')?.content;
  return {
    id,
    accused,
    accusedName: status.members.find(({ address }) => address === accused)?.name ?? null,
    rule,
    bytes: Math.max(...reports.map(({ bytes }) => bytes)),
    steps: reports
      .map(({ at_ms, peer, event, reason }) => ({ atMs: at_ms, peer, event, reason }))
      .toReversed(),
    document: content === undefined ? null : evidenceDocument(content, testnet.protocol),
  };
}

function unheardOf(what: string): LabError {
  return new LabError(`nobody reported ${what}`, {
    exitCode: EXIT.badUse,
    remedy: 'rows come a few seconds after what they tell; try again',
  });
}
