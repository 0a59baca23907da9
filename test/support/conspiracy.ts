/** The real attack modules on a virtual network: operator and out-of-band channel of the accomplices. */
import type { Create } from '../../attacks/adversary.ts';
import type { AttackOrder } from '../../node/control.ts';
import type { Decisions } from '../../node/decisions.ts';
import type { Id } from '../../node/id.ts';
import { Swarm, type SwarmOptions } from './swarm.ts';

/** Out of band: accomplices hear one another after this. */
const CONSPIRE_MS = 20;

export interface Conspiracy {
  readonly swarm: Swarm;
  readonly members: readonly Id[];
  readonly order: (action: AttackOrder['action'], knobs: AttackOrder['knobs']) => void;
}

/** A swarm whose last `liars` peers are adversaries of one attack, asleep until they are ordered. */
export function conspiracy(options: SwarmOptions, create: Create, liars: number): Conspiracy {
  const first = options.peers - liars;
  const minds = Array.from({ length: liars }, (): Partial<Decisions> => ({}));
  const decisions = Object.fromEntries(minds.map((mind, index) => [first + index, mind]));
  const swarm = new Swarm({ ...options, decisions });
  const seated = swarm.seated.slice(first);
  const adversaries = seated.map(({ peer, host }, index) => {
    const conspire = (message: unknown): void => {
      for (const [other, adversary] of adversaries.entries()) {
        if (other === index) continue;
        swarm.network.after(CONSPIRE_MS, () => adversary.heard(peer.identity.address, message));
      }
    };
    return create({ peer, host, conspire });
  });
  for (const [index, mind] of minds.entries()) Object.assign(mind, adversaries[index]?.decisions);
  const members = seated.map(({ peer }) => peer.identity.address).sort();
  return {
    swarm,
    members,
    order: (action, knobs) => {
      const order = { id: 'attack', name: 'attack', action, knobs, members };
      for (const adversary of adversaries) adversary.order(order);
    },
  };
}
