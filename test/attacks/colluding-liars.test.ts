import { expect, test } from 'vitest';
import type { Adversary } from '../../attacks/adversary.ts';
import { create } from '../../attacks/colluding-liars/index.ts';
import { isPlan, type Plan } from '../../attacks/colluding-liars/plan.ts';
import type { AttackOrder } from '../../node/control.ts';
import type { Asker, Decisions } from '../../node/decisions.ts';
import type { Id } from '../../node/id.ts';
import { headerHash } from '../../node/ledger/block.ts';
import { verifyPath } from '../../node/ledger/state-trie.ts';
import { SpeakerFile } from '../../node/minefield/conflict.ts';
import { verifyStatement } from '../../node/minefield/statement.ts';
import type { Statement } from '../../node/minefield/types.ts';
import { Swarm } from '../support/swarm.ts';

const LIARS = [1, 4, 6];
const KNOBS = { victims: 1, tokens: 20, accomplices: 1 };
/** A message between accomplices takes as long as one to the lab and back. */
const CONSPIRE_MS = 5;

/** One answer of a liar: what it would have said, and what it said. */
interface Told {
  readonly liar: Id;
  readonly asker: Asker;
  readonly token: Id;
  readonly truth: Statement;
  readonly said: Statement | null;
}

/** A network whose liars are the real adversary, bound to one another as the lab binds them. */
class Conspiracy {
  readonly swarm: Swarm;
  readonly told: Told[] = [];
  readonly messages: { readonly from: Id; readonly message: unknown }[] = [];
  readonly #minds = new Map<Id, Adversary>();

  constructor() {
    const decisions: Record<number, Partial<Decisions>> = {};
    for (const index of LIARS) decisions[index] = {};
    this.swarm = new Swarm({ peers: 9, clients: 3, seed: 11, decisions, parameters: { k: 5 } });
    for (const [index, own] of Object.entries(decisions)) {
      const { peer, host } = this.swarm.at(Number(index));
      const liar = peer.identity.address;
      const mind = create({
        peer,
        host,
        knobs: KNOBS,
        conspire: (message) => this.#relay(liar, message),
        say: () => undefined,
      });
      this.#minds.set(liar, mind);
      own.answerMapping = (asker, token, query, honest) => {
        // Asking it twice would number two statements: the truth is read from what was made.
        let truth: Statement | null = null;
        const made = () => (truth ??= honest());
        const said = mind.decisions.answerMapping?.(asker, token, query, made) ?? null;
        this.told.push({ liar, asker, token, truth: made(), said });
        return said;
      };
    }
    this.swarm.mesh();
    this.swarm.load({ queryRatePerSecond: 20 });
  }

  get members(): Id[] {
    return [...this.#minds.keys()].sort();
  }

  order(action: AttackOrder['action']): void {
    const { members } = this;
    const order = { id: 'a-1', name: 'colluding-liars', action, knobs: KNOBS, members };
    for (const mind of this.#minds.values()) mind.order(order);
  }

  /** What is told from now on while the network runs. */
  during(ms: number): Told[] {
    const before = this.told.length;
    this.swarm.network.run(ms);
    return this.told.slice(before);
  }

  #relay(from: Id, message: unknown): void {
    this.messages.push({ from, message });
    for (const [other, mind] of this.#minds) {
      const tell = () => mind.heard(from, message);
      if (other !== from) this.swarm.network.after(CONSPIRE_MS, tell);
    }
  }
}

const isLie = ({ truth, said }: Told): boolean =>
  said?.answer?.mapping.owner !== truth.answer?.mapping.owner;

/** Victims are what the plan says, read as the lab could from what accomplices say. */
function planOf({ messages }: Conspiracy): Plan {
  const plans = messages.flatMap(({ message }) => (isPlan(message) ? [message.plan] : []));
  return plans.at(-1) ?? { victims: [], tokens: [] };
}

test('sleepers tell everyone the truth', () => {
  const conspiracy = new Conspiracy();
  const told = conspiracy.during(8000);
  expect(told.filter(({ asker }) => asker.kind === 'client').length).toBeGreaterThan(20);
  expect(told.every(({ truth, said }) => said === truth)).toBe(true);
});

test('at the strike the leader plans on what all sleepers saw, at once', () => {
  const conspiracy = new Conspiracy();
  conspiracy.during(8000);
  conspiracy.order('start');
  conspiracy.during(2 * CONSPIRE_MS);
  const { victims, tokens } = planOf(conspiracy);
  expect(victims.length).toBe(KNOBS.victims);
  expect(tokens.length).toBeGreaterThan(5);
  const seenByLeader = new Set(
    conspiracy.told.flatMap(({ liar, token }) => (liar === conspiracy.members[0] ? [token] : [])),
  );
  // Some of them only its accomplices were asked for.
  expect(tokens.some((token) => !seenByLeader.has(token))).toBe(true);
});

test('each liar lies about each chosen token it keeps, to victims alone, in well signed and proven words', () => {
  const conspiracy = new Conspiracy();
  conspiracy.during(8000);
  conspiracy.order('start');
  conspiracy.during(100);
  const told = conspiracy.during(700);
  const { victims, tokens } = planOf(conspiracy);
  const lies = told.filter(isLie);
  expect(lies.length).toBeGreaterThan(0);
  for (const answer of told) {
    const { asker, token, truth, said } = answer;
    const isChosen = victims.includes(asker.id) && tokens.includes(token) && truth.answer !== null;
    expect(isLie(answer)).toBe(isChosen);
    if (!victims.includes(asker.id)) expect(said).toBe(truth);
  }
  for (const { liar, said } of lies) {
    const peer = conspiracy.swarm.peers.find(({ identity }) => identity.address === liar);
    if (said?.answer == null || peer === undefined) throw new Error('a lie is an answer');
    expect(verifyStatement(said, peer.identity.record.identityKey)).toEqual({ ok: true });
    expect(verifyPath(said.head.stateRoot, said.answer.mapping, said.answer.path)).toBe(true);
  }
  // Accomplices confirm one another: one story per token.
  const stories = Map.groupBy(lies, ({ token }) => token);
  for (const story of stories.values()) {
    expect(new Set(story.map(({ said }) => said?.answer?.mapping.owner)).size).toBe(1);
  }
});

test('what one victim is told by one liar convicts nobody, until it meets what others were told', () => {
  const conspiracy = new Conspiracy();
  conspiracy.during(8000);
  conspiracy.order('start');
  const told = conspiracy.during(3000);
  const { victims } = planOf(conspiracy);
  for (const liar of conspiracy.members) {
    const own = conspiracy.told.filter((one) => one.liar === liar);
    const victim = new SpeakerFile();
    const everyone = new SpeakerFile();
    let convicted = false;
    for (const { asker, said } of own) {
      if (said === null) continue;
      if (victims.includes(asker.id)) {
        expect(victim.add(said)).toBe(null);
        // Each head names the one before it, when it is the next.
        for (const { header, next } of neighbouring(victim)) expect(next.previous).toBe(header);
      }
      convicted ||= everyone.add(said) !== null;
    }
    expect(convicted).toBe(told.some((one) => one.liar === liar && isLie(one)));
  }
});

test('honest peers ban every liar that lied, and nobody else', () => {
  const conspiracy = new Conspiracy();
  conspiracy.during(8000);
  conspiracy.order('start');
  conspiracy.during(15_000);
  const liars = new Set(conspiracy.told.filter(isLie).map(({ liar }) => liar));
  const accused = new Set(conspiracy.swarm.rows('slashing').map((row) => row.accused));
  expect(liars.size).toBe(LIARS.length);
  expect(accused).toEqual(liars);
});

test('after stop everyone is told the truth again, and a plan is forgotten', () => {
  const conspiracy = new Conspiracy();
  conspiracy.during(8000);
  conspiracy.order('start');
  expect(conspiracy.during(1000).some(isLie)).toBe(true);
  conspiracy.order('stop');
  const spoken = conspiracy.messages.length;
  const told = conspiracy.during(3000);
  expect(told.length).toBeGreaterThan(0);
  expect(told.every(({ truth, said }) => said === truth)).toBe(true);
  expect(conspiracy.messages.length).toBe(spoken);
});

function neighbouring(file: SpeakerFile) {
  return file.heads.flatMap((signed, index) => {
    const after = file.heads[index + 1];
    if (after === undefined || !('head' in signed) || !('head' in after)) return [];
    const isNext = after.head.height === signed.head.height + 1;
    return isNext ? [{ header: headerHash(signed.head), next: after.head }] : [];
  });
}
