/**
 * The rows that peers and clients report. Names and columns are those of the tables in database
 * `lab` (CONTRACT.md); the host adds `run`, `ts` (its true time, not the peer's skewed one) and
 * `peer` (the lab's name of the reporter) to each. Ids are lowercase hex, times are ms since the
 * epoch (fractions allowed), null means not measured.
 */

import type { Phase } from './ledger/standing.ts';
import type { SyncPhase } from './peer/progress.ts';

/** One row per peer and transaction, when its fate is known there. */
export interface TransactionRow {
  readonly table: 'transactions';
  readonly tx: string;
  /**
   * `client` submitted it; `neighbour` keeps at least one of its tokens; `heir` does so only since
   * others were banned, and took over what those left had committed; `witness` only has a copy, of
   * what it was told is committed (outcome `witnessed`). `restored`: read back from supporting tokens.
   */
  readonly part: 'client' | 'neighbour' | 'heir' | 'witness';
  readonly outcome:
    | 'submitted'
    | 'committed'
    | 'timed-out'
    | 'conflicting'
    /** Another follows the same mapping, and neither passed. */
    | 'frozen'
    | 'witnessed'
    | 'restored';
  /** The last four are a member's own, about its identity token. */
  readonly kind:
    | 'create'
    | 'transfer'
    | 'destroy'
    | 'mixed'
    | 'slash'
    | 'register'
    | 'synchronised'
    | 'renewal'
    | 'lapse';
  readonly valueClass: 'low' | 'high';
  /** Its tokens, and for each the owner key hash it sets (64 zeros destroy) and the previous tx. */
  readonly tokens: readonly string[];
  readonly owners: readonly string[];
  readonly previous: readonly string[];
  /** Those of `tokens` this peer keeps. */
  readonly kept: readonly string[];
  readonly submittedAt: number | null;
  readonly firstVoteAt: number | null;
  readonly committedAt: number | null;
  /** Of a commit: how far its voters' views of the neighbourhoods were this peer's own, 0–1. */
  readonly viewOverlap: number | null;
  /** How many of its three rounds had passed here by then; null where it has none (ledger/rounds.ts). */
  readonly rounds: number | null;
}

/** A vote that this peer cast. */
export interface VoteRow {
  readonly table: 'votes';
  readonly tx: string;
  readonly token: string;
  readonly verdict: 'valid' | 'invalid' | 'out-of-order';
}

/** Messages of one type in one direction during about one second. */
export interface MessagesRow {
  readonly table: 'messages';
  /** `shed-…`: there was no room for it in the inbox, or in the outbox to one remote. */
  readonly direction: 'in' | 'out' | 'shed-in' | 'shed-out';
  /** A message type, or `(datagram)` for the sealed datagrams that carried all of them. */
  readonly type: string;
  readonly count: number;
  readonly datagrams: number;
  /** Bytes of messages; for `(datagram)`, UDP payload bytes. */
  readonly bytes: number;
}

/** A signed statement that this peer or client received and found well signed. */
export interface StatementRow {
  readonly table: 'statements';
  /** Address of the peer that made it. */
  readonly speaker: string;
  readonly statement: string;
  readonly token: string;
  /** The mapping told; empty strings when the answer was "unknown". */
  readonly owner: string;
  readonly tx: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly height: number;
  readonly head: string;
  readonly statedAt: number;
  /** By this host's protocol clock: the row itself is written when the question is closed. */
  readonly receivedAt: number;
  /** Whether other answers to the same question disagreed when the question was closed. */
  readonly disagreed: boolean;
  readonly bytes: number;
}

/** What happened to one evidence package at this peer. */
export interface EvidenceRow {
  readonly table: 'evidence';
  readonly package: string;
  readonly accused: string;
  /** Which rule it proves broken (node/minefield). */
  readonly rule: string;
  readonly event: 'assembled' | 'verified' | 'refused';
  readonly reason: string;
  readonly bytes: number;
  /** The package itself, hex, from who assembled it; '' from all others. */
  readonly content: string;
}

/** A step of a slashing at this peer. */
export interface SlashingRow {
  readonly table: 'slashing';
  readonly accused: string;
  readonly event: 'banned' | 'proposed' | 'voted' | 'executed' | 'rejected';
  readonly package: string;
  readonly tx: string;
  readonly votesFor: number | null;
  readonly votesAgainst: number | null;
}

/** A detector's suspicion: weaker than evidence. */
export interface FlagRow {
  readonly table: 'flags';
  readonly accused: string;
  readonly layer: string;
  readonly reason: string;
  readonly score: number | null;
}

/** What a detection layer of this peer did since it said so last, about every five seconds. */
export interface DetectorRow {
  readonly table: 'detectors';
  readonly layer: string;
  /** Comparisons made. */
  readonly checks: number;
  /** Rows of `flags` that came of them. */
  readonly flagged: number;
  /** Messages that would not have been without it, questions and answers, and their bytes. */
  readonly messages: number;
  readonly bytes: number;
  /** Signatures verified for it alone. */
  readonly signatures: number;
}

/** A neighbour was exchanged for another, or, when `done` is false, could not be. */
export interface SwapRow {
  readonly table: 'swaps';
  readonly out: string;
  readonly into: string;
  readonly why: 'scheduled' | 'emergency';
  readonly done: boolean;
  /** Composite scores, 0 to 1. */
  readonly scoreOut: number;
  readonly scoreInto: number;
}

/** How far a peer has come in learning what its neighbourhood holds: every few seconds while it does. */
export interface SynchronisationRow {
  readonly table: 'synchronisation';
  readonly phase: SyncPhase;
  /** Blocks of others read, and transactions taken over. */
  readonly blocks: number;
  readonly transactions: number;
  /** Tokens of its range that it holds, and their share of those that their keepers agree on. */
  readonly tokens: number;
  readonly density: number;
  /** Of the messages that brought all this. */
  readonly bytes: number;
}

/** Life of a peer or client. */
export interface PeerRow {
  readonly table: 'peers';
  readonly address: string;
  /** Its life, and each phase of its membership (PROTOCOL.md 5) as it is reached. */
  readonly event: 'started' | 'meshed' | 'stopping' | Phase;
  readonly kind: 'peer' | 'client';
  readonly epoch: number;
  readonly height: number;
  /** Argon2 evaluations that its identity cost, told at `started`; null for clients, which have none. */
  readonly mintAttempts: number | null;
}

/** An identity as its neighbours first saw it: once by each of them, when it is introduced or founded. */
export interface RegistrationRow {
  readonly table: 'registrations';
  readonly address: string;
  /** `genesis`: it was there from the start; `newcomer`: it showed its record to this peer. */
  readonly origin: 'genesis' | 'newcomer';
  /** When its address was found, as its record says: part of what the address is made of. */
  readonly createdAt: number;
  /** Trailing zero bits that its record claims. */
  readonly bits: number;
  /** Where it says, or the genesis says, that it can be reached. */
  readonly ip: string;
}

/** What an adversary says of itself, for whoever reads the run: it explains, and never scores. */
export interface AsideRow {
  readonly table: 'asides';
  readonly event: string;
  /** A JSON object. */
  readonly details: string;
}

/** The process that a member lives in; reported by the runtime whenever one starts. */
export interface HostRow {
  readonly table: 'hosts';
  /** Where it was started, as the manifest names regions. */
  readonly region: string;
  /** Of the program. */
  readonly version: string;
}

/** Resources of the process; reported by the runtime about once a second. */
export interface ResourcesRow {
  readonly table: 'resources';
  readonly cpuMs: number;
  readonly residentBytes: number;
  readonly privateBytes: number | null;
  readonly loopDelayP99Ms: number;
  readonly socketDrops: number;
  readonly telemetryDropped: number;
}

export type Row =
  | TransactionRow
  | VoteRow
  | MessagesRow
  | StatementRow
  | EvidenceRow
  | SlashingRow
  | FlagRow
  | DetectorRow
  | SwapRow
  | SynchronisationRow
  | PeerRow
  | RegistrationRow
  | AsideRow
  | HostRow
  | ResourcesRow;
