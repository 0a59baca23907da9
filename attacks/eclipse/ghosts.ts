/**
 * Ghosts: identities whose work was done and that nobody plays. Their records are as good as any, so
 * that a peer which counts whom it knows gives them the places of those that were nearest to it, and
 * waits for ever for what they would say.
 */
import type { Host } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import { Minting } from '../../node/identity/mint.ts';
import type { IdentityRecord } from '../../node/identity/record.ts';
import type { Peer } from '../../node/peer.ts';
import { reachFor, shareBetween } from '../kit/capture.ts';

/** Argon2 work at a look in KiB·passes: some hundredths of a second, so that its own peer goes on. */
const WORK_PER_LOOK = 16_000;
/** Introductions at a look: a peer listens to eight a second of one remote. */
const SHOWN_PER_LOOK = 3;

export class Ghosts {
  readonly #peer: Peer;
  readonly #host: Pick<Host, 'now' | 'random'>;
  readonly #records: IdentityRecord[] = [];
  #minting: Minting | null = null;
  #shown = 0;
  #attempts = 0;

  constructor(peer: Peer, host: Pick<Host, 'now' | 'random'>) {
    this.#peer = peer;
    this.#host = host;
  }

  /** How many have been shown, at least once each. */
  get shown(): number {
    return Math.min(this.#shown, this.#records.length);
  }

  /** Argon2 evaluations that they took. */
  get attempts(): number {
    return this.#attempts + (this.#minting?.progress.attempts ?? 0);
  }

  /** Works on the next one, as long as there are fewer than `wanted`. */
  work(victim: Id, wanted: number): void {
    if (this.#records.length >= wanted) return;
    const { parameters, identity, membership } = this.#peer;
    const { k, pow } = parameters;
    const reach = reachFor({ k, m: k, honest: membership.size });
    this.#minting ??= new Minting(identity.record.network, pow, {
      now: () => this.#host.now(),
      random: (length) => this.#host.random(length),
      wants: (address) => shareBetween(address, victim) <= reach,
    });
    const { progress } = this.#minting;
    const until = progress.attempts + Math.max(1, WORK_PER_LOOK / (pow.memoryKiB * pow.passes));
    while (this.#minting.progress.attempts < until) {
      const found = this.#minting.step(until - this.#minting.progress.attempts);
      if (found === null) continue;
      this.#attempts += found.attempts;
      this.#minting = null;
      this.#records.push(found.record);
      return;
    }
  }

  /** Shows some of them, those shown longest ago first: introductions get lost. */
  show(victim: Id): void {
    const { identity, membership } = this.#peer;
    const seat = membership.get(identity.address);
    if (seat === undefined) return;
    for (let turn = 0; turn < Math.min(SHOWN_PER_LOOK, this.#records.length); turn += 1) {
      const index = this.#shown % this.#records.length;
      const record = this.#records[index];
      this.#shown += 1;
      if (record === undefined) return;
      // A place where nobody listens: an answer by another key would tell on them.
      const endpoint = { ...seat.endpoint, port: ghostPort(seat.endpoint.port, index) };
      this.#peer.send(victim, { type: 'introduce', record, endpoint });
    }
  }
}

/** Above the own port, and within those that there are. */
function ghostPort(port: number, index: number): number {
  const next = port + 1 + index;
  return next < 65_536 ? next : port - 1 - index;
}
