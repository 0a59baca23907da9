/**
 * Evidence forgery: gets honest peers convicted, or their verifiers drowned. Forged packages, each
 * wrong in one way (forgeries.ts); framing by true answers (framing.ts); and a captured neighbourhood
 * that votes a slashing without any proof.
 */
import type { AttackOrder } from '../../node/control.ts';
import type { Asker, Ballot, Decisions } from '../../node/decisions.ts';
import type { Timer } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import { paperTerms } from '../../node/minefield/paper.ts';
import { slashing } from '../../node/minefield/slashing.ts';
import { QUERY_BYTES } from '../../node/minefield/statement.ts';
import type { EvidencePackage, Statement } from '../../node/minefield/types.ts';
import type { Message } from '../../node/wire/messages.ts';
import type { Adversary, AdversaryContext, Declaration } from '../adversary.ts';
import { Archive } from './archive.ts';
import { FORGERIES, type Material } from './forgeries.ts';
import { Framing } from './framing.ts';
import { chooseVictims } from './victims.ts';

const METHODS = ['forge', 'frame', 'capture', 'all'] as const;

export const declaration: Declaration = {
  name: 'evidence-forgery',
  goal: 'Get honest peers banned: by forged evidence, by true answers that look guilty, by a vote without proof.',
  knobs: {
    method: {
      type: 'string',
      default: 'all',
      values: METHODS,
      description:
        'forge: packages that prove nothing. frame: own transfers between two answers. capture: vote slashings without proof.',
    },
    victims: {
      type: 'integer',
      default: 2,
      min: 1,
      max: 20,
      unit: 'peers',
      description:
        'How many honest peers are accused: those with most forgers among their nearest.',
    },
    packagesPerSecond: {
      type: 'number',
      default: 5,
      min: 0.1,
      max: 500,
      unit: 'packages per second',
      description: 'Forged packages that each forger sends, each to one member.',
    },
  },
  budget: 'Identities that count as members; for `capture` more than half of a victim’s nearest.',
  phases: ['listen', 'strike', 'hide'],
  defence:
    'Packages bind network, accused, key, epoch and head, and are verified by everyone alike; the rule `chain` convicts only for what no honest peer can say.',
  switchOff: { 'protocol.conflictRule': 'paper' },
  layers: ['evidence refused'],
  source: 'minefield, threats "fabricated evidence" and "coordinated slashing"; PROTOCOL.md 7',
  success: {
    meaning: 'An honest peer was banned by another honest member, or slashed by vote.',
    sql: `SELECT count() > 0 AS succeeded,
        uniqExactIf(accused, how = 'banned') AS honestBanned,
        uniqExactIf(accused, how = 'executed') AS honestSlashed,
        (SELECT count() FROM lab.evidence WHERE run = {run:String} AND event = 'refused'
          AND peer NOT IN (SELECT member FROM mine)) AS packagesRefused,
        (SELECT arraySort(groupUniqArray(reason)) FROM lab.evidence WHERE run = {run:String}
          AND event = 'refused' AND peer NOT IN (SELECT member FROM mine)) AS refusedBecause
      FROM sentences WHERE adversary = '' AND at_ms >= {start:Float64}`,
  },
};

/** How often the victims are asked for something to work with. */
const LISTEN_MS = 500;

/** The forger's mind. Listens while it sleeps; strikes between `start` and `stop`. */
export function create({ peer, host, say }: AdversaryContext): Adversary {
  const { parameters } = peer;
  const { network } = peer.identity.record;
  const self = peer.identity.address;
  const archive = new Archive();
  const { k } = parameters;
  let order: AttackOrder | null = null;
  let isActive = false;
  let victims: readonly Id[] = [];
  let framings: readonly Framing[] = [];
  let timers: Timer[] = [];
  let forged = 0;

  const does = (method: (typeof METHODS)[number]): boolean => {
    const chosen = order?.knobs['method'];
    return isActive && (chosen === method || chosen === 'all');
  };
  const every = (ms: number, run: () => void): void => {
    if (!isActive) return;
    run();
    timers.push(host.after(ms, () => every(ms, run)));
    // Those that have rung are of no use.
    if (timers.length > 64) timers = timers.slice(-8);
  };
  const rest = (): void => {
    isActive = false;
    for (const timer of timers) timer.cancel();
    for (const framing of framings) framing.stop();
    timers = [];
    framings = [];
  };
  const accuse = (evidence: EvidencePackage): void => {
    say('framed', { victim: evidence.accused });
    for (const id of peer.membership.known) peer.send(id, { type: 'evidence', evidence });
  };

  const listen = (): void => {
    for (const victim of victims) {
      const query = host.random(QUERY_BYTES);
      peer.send(victim, { type: 'ask-mapping', token: victim, query, direct: true });
    }
  };

  const materialOn = (victim: Id): Material | null => {
    const record = peer.membership.get(victim)?.record;
    if (record === undefined) return null;
    return {
      network,
      victim,
      record,
      words: archive.of(victim),
      packages: archive.packages,
      identityKey: peer.identity.identityKey,
      lamppost: peer.chain.session.lamppost,
    };
  };

  /** The next kind against the next victim, to a member drawn. */
  const forge = (): void => {
    const kinds = Object.values(FORGERIES);
    const kind = kinds[forged % kinds.length];
    const victim = victims[Math.floor(forged / kinds.length) % victims.length];
    forged += 1;
    const material = victim === undefined ? null : materialOn(victim);
    const evidence = material === null ? null : (kind?.(material) ?? null);
    const { known } = peer.membership;
    const [at = 0] = new Uint32Array(host.random(4).buffer);
    if (evidence !== null) peer.send(known.at(at % known.size), { type: 'evidence', evidence });
  };

  /** A slashing that no package carries; honest voters have nothing to judge it by. */
  const propose = ({ peer: victim, token, answer }: Statement): void => {
    const record = peer.membership.get(victim)?.record;
    if (record === undefined || answer === null || token !== victim) return;
    const material = materialOn(victim);
    const evidence = material === null ? null : (FORGERIES['mutated']?.(material) ?? null);
    if (evidence === null) return;
    const transaction = slashing(evidence, answer.mapping.tx, peer.identity.identityKey);
    if (transaction === null) return;
    for (const id of peer.membership.near(victim, k)) {
      peer.send(id, { type: 'submit', transaction });
    }
  };

  const strike = (next: AttackOrder): void => {
    victims = chooseVictims(peer.membership, new Set(next.members), {
      k,
      count: Number(next.knobs['victims']),
    });
    say('accuses', { victims });
    every(LISTEN_MS, listen);
    if (does('forge')) every(1000 / Number(next.knobs['packagesPerSecond']), forge);
    const terms = paperTerms({ ...parameters, conflictRule: 'paper' });
    // Every forger frames one: they would spoil one another's timing with the same.
    const victim = victims[next.members.indexOf(self) % victims.length];
    if (does('frame') && terms !== null && victim !== undefined) {
      framings = [new Framing({ peer, host, victim, network, k, terms, framed: accuse })];
      for (const framing of framings) framing.start();
    }
  };

  const vote = (transaction: Transaction, token: Id, honest: Ballot): Ballot => {
    const isSlashing = transaction.body.purpose.kind === 'slashing';
    return does('capture') && isSlashing && victims.includes(token) ? 'valid' : honest;
  };
  const heed = (_from: Asker, message: Message): boolean => {
    archive.hear(message);
    if (message.type !== 'statement') return true;
    for (const framing of framings) framing.hear(message.statement);
    if (does('capture') && victims.includes(message.statement.peer)) propose(message.statement);
    return true;
  };
  const decisions: Partial<Decisions> = { vote, heed };

  return {
    decisions,
    order(next) {
      order = next;
      const goesOn = next.action === 'start' || next.action === 'resume' || next.action === 'set';
      const wasActive = isActive;
      rest();
      isActive = next.action === 'set' ? wasActive : goesOn;
      if (isActive) strike(next);
    },
    heard() {
      // Victims follow from what all forgers know: there is nothing to agree on.
    },
  };
}
