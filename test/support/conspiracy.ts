/** The real attack modules on a virtual network: operator and out-of-band channel of the accomplices. */
import type { Create } from '../../attacks/adversary.ts';
import type { AttackOrder } from '../../node/control.ts';
import type { Decisions } from '../../node/decisions.ts';
import type { Id } from '../../node/id.ts';
import { headerHash } from '../../node/ledger/block.ts';
import { Swarm, type SwarmOptions } from './swarm.ts';

/** Out of band: accomplices hear one another after this. */
const CONSPIRE_MS = 20;

export interface Conspiracy {
  readonly swarm: Swarm;
  readonly members: readonly Id[];
  /** Those that have said something so far as of a head that is not their chain's. */
  readonly lied: ReadonlySet<Id>;
  readonly order: (action: AttackOrder['action'], knobs: AttackOrder['knobs']) => void;
}

/** A swarm whose last `liars` peers are adversaries of one attack, asleep until they are ordered. */
export function conspiracy(options: SwarmOptions, create: Create, liars: number): Conspiracy {
  const first = options.peers - liars;
  const minds = Array.from({ length: liars }, (): Partial<Decisions> => ({}));
  const decisions = Object.fromEntries(minds.map((mind, index) => [first + index, mind]));
  const swarm = new Swarm({ ...options, decisions });
  const seated = swarm.seated.slice(first);
  const lied = new Set<Id>();
  const adversaries = seated.map(({ peer, host }, index) => {
    const conspire = (message: unknown): void => {
      for (const [other, adversary] of adversaries.entries()) {
        if (other === index) continue;
        swarm.network.after(CONSPIRE_MS, () => adversary.heard(peer.identity.address, message));
      }
    };
    return create({ peer, host, knobs: {}, conspire, say: () => undefined });
  });
  for (const [index, mind] of minds.entries()) {
    const { answerMapping, ...others } = adversaries[index]?.decisions ?? {};
    Object.assign(mind, others);
    const peer = seated[index]?.peer;
    if (peer === undefined || answerMapping === undefined) continue;
    mind.answerMapping = (...question) => {
      const statement = answerMapping(...question);
      const isTrue = statement === null || headerHash(statement.head) === peer.chain.headHash;
      if (!isTrue) lied.add(peer.identity.address);
      return statement;
    };
  }
  const members = seated.map(({ peer }) => peer.identity.address).sort();
  return {
    swarm,
    members,
    lied,
    order: (action, knobs) => {
      const order = { id: 'attack', name: 'attack', action, knobs, members };
      for (const adversary of adversaries) adversary.order(order);
    },
  };
}
