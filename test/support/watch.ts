/**
 * Looks on while a network runs and says at once what must never happen. It knows what peers report,
 * and the transactions that they were asked to judge.
 */
import { decode } from '../../node/codec/reader.ts';
import type { Id } from '../../node/id.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import { readPackage, verifyEvidence } from '../../node/minefield/evidence.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import type { EvidenceRow, SlashingRow, TransactionRow, VoteRow } from '../../node/telemetry.ts';
import { boundTo } from '../../node/voting/lock.ts';
import type { ReportedRow } from './network.ts';
import { NETWORK } from './swarm.ts';

/** What was found broken: by these names failures are told apart. */
export type Rule =
  | 'one commit'
  | 'one vote'
  | 'a quorum'
  | 'nobody innocent'
  | 'evidence alike'
  | 'chains'
  | 'epochs rise'
  | 'honest clients'
  | 'meshed'
  | 'all ended'
  | 'all commit'
  | 'agreement'
  | 'threw';

export class Broken extends Error {
  readonly rule: Rule;

  constructor(rule: Rule, detail: string) {
    super(detail);
    this.name = 'Broken';
    this.rule = rule;
  }
}

export interface WatchOptions {
  readonly parameters: ProtocolParameters;
  /** Members of the network: a neighbourhood may be all of them. */
  readonly peers: number;
  /** All that peers were asked to judge, by id. */
  readonly transactions: ReadonlyMap<Id, Transaction>;
  /** Addresses of those that lie; may grow. */
  readonly guilty: ReadonlySet<Id>;
  /** Network addresses of the same. */
  readonly guiltyIps: ReadonlySet<string>;
  readonly rows: readonly ReportedRow[];
}

/** They take no mapping from anybody (node/voting/lock.ts). */
const BESIDE_OTHERS = new Set<TransactionRow['kind']>(['slash', 'lapse', 'synchronised']);

export class Watch {
  readonly #options: WatchOptions;
  readonly #quorum: number;
  #seen = 0;
  /** Token after mapping → the transaction that passed. */
  readonly #passed = new Map<string, Id>();
  /** Peer, token and what binds → what it called valid. */
  readonly #votes = new Map<string, Map<string, Id>>();
  /** Transaction and token → who called it valid. */
  readonly #voters = new Map<string, Set<string>>();
  /** Package → whether it was found good. */
  readonly #verdicts = new Map<Id, boolean>();

  constructor(options: WatchOptions) {
    this.#options = options;
    const size = Math.min(options.parameters.k, options.peers);
    this.#quorum = Math.floor((size * 2) / 3) + 1;
  }

  /** What was reported since the last look. Throws Broken. */
  look(): void {
    const { guiltyIps, rows } = this.#options;
    for (; this.#seen < rows.length; this.#seen += 1) {
      const reported = rows[this.#seen];
      if (reported === undefined) return;
      const { row, endpoint } = reported;
      if (row.table === 'votes') this.#vote(endpoint.ip, row);
      if (guiltyIps.has(endpoint.ip)) continue;
      if (row.table === 'transactions') this.#commit(endpoint.ip, row);
      if (row.table === 'slashing') this.#accused(row);
      if (row.table === 'evidence') this.#evidence(row);
    }
  }

  /** Its disk was put back to an earlier one: it can't know any more what it said since. */
  forget(ip: string): void {
    this.#votes.delete(ip);
  }

  /** A `valid` binds its voter to one transaction after a mapping, whatever befalls it. */
  #vote(ip: string, { tx, token, verdict }: VoteRow): void {
    if (verdict !== 'valid') return;
    const voters = this.#voters.get(tx + token) ?? new Set();
    this.#voters.set(tx + token, voters.add(ip));
    const transaction = this.#options.transactions.get(tx);
    const change = transaction?.body.changes.find((one) => one.token === token);
    if (transaction === undefined || change === undefined) return;
    const bound = `${token} after ${boundTo(transaction, change)}`;
    const said = this.#votes.get(ip) ?? new Map<string, Id>();
    this.#votes.set(ip, said);
    const before = said.get(bound);
    if (before !== undefined && before !== tx && !this.#options.guiltyIps.has(ip)) {
      throw new Broken('one vote', `${ip} called ${before} and ${tx} valid for ${bound}`);
    }
    said.set(bound, tx);
  }

  #commit(ip: string, row: TransactionRow): void {
    if (row.part === 'client' || row.outcome !== 'committed' || row.kind === 'slash') return;
    const { tx, tokens, previous, kind } = row;
    for (const [index, token] of tokens.entries()) {
      const voters = this.#voters.get(tx + token)?.size ?? 0;
      if (voters < this.#quorum && this.#options.parameters.commitRule === 'quorum') {
        throw new Broken('a quorum', `${ip} committed ${tx} after ${voters} votes for ${token}`);
      }
      if (BESIDE_OTHERS.has(kind)) continue;
      const after = `${token} after ${previous[index]}`;
      const passed = this.#passed.get(after);
      if (passed !== undefined && passed !== tx) {
        throw new Broken('one commit', `${passed} and ${tx} were committed for ${after}`);
      }
      this.#passed.set(after, tx);
    }
  }

  #accused({ accused, event }: SlashingRow): void {
    if (this.#options.guilty.has(accused)) return;
    throw new Broken('nobody innocent', `${accused}, who did nothing, was ${event}`);
  }

  /** A package that one honest peer finds good all do, here too. */
  #evidence({ accused, content, event, package: name, reason, rule }: EvidenceRow): void {
    if (!this.#options.guilty.has(accused)) {
      const found = `evidence (${rule}) was ${event} ${reason}`;
      throw new Broken('nobody innocent', `against ${accused}, who did nothing, ${found}`);
    }
    const isGood = event !== 'refused';
    const before = this.#verdicts.get(name);
    if (before !== undefined && before !== isGood) {
      throw new Broken('evidence alike', `${name} was found good by some, not by all: ${reason}`);
    }
    this.#verdicts.set(name, isGood);
    if (content !== '') this.#judge(name, content);
  }

  #judge(name: Id, content: string): void {
    const read = decode(Uint8Array.fromHex(content), readPackage);
    const { pow } = this.#options.parameters;
    const verdict = read.ok
      ? verifyEvidence(read.value, { network: NETWORK, pow, paper: null })
      : { guilty: false, reason: read.reason };
    if (verdict.guilty) return;
    throw new Broken('evidence alike', `${name} does not hold offline`);
  }
}
