/** A client of a test: asks members what it likes and keeps what they answer. */
import type { Id } from '../../node/id.ts';
import { RecordChecker } from '../../node/identity/checker.ts';
import { Transport } from '../../node/transport/transport.ts';
import { decodeMessage, encodeMessage, kindOf, type Message } from '../../node/wire/messages.ts';
import { virtualEndpoint } from './network.ts';
import { NETWORK, type Swarm } from './swarm.ts';

export class Asker {
  readonly heard: { readonly from: Id; readonly message: Message }[] = [];
  readonly #transport: Transport;
  readonly #swarm: Swarm;

  /** `index`: of its endpoint, above those of the swarm. */
  constructor(swarm: Swarm, index: number) {
    this.#swarm = swarm;
    const endpoint = virtualEndpoint(index);
    const host = swarm.network.host(endpoint);
    this.#transport = new Transport(
      {
        network: NETWORK,
        self: { kind: 'client', privateKey: host.random(32) },
        checker: new RecordChecker(NETWORK, swarm.parameters.pow, () => host.now()),
        batchWindowMs: swarm.parameters.batchWindowMs,
      },
      host,
      {
        kind: kindOf,
        message: (from, bytes) => {
          const message = decodeMessage(bytes);
          if (message.ok) this.heard.push({ from: from.id, message: message.value });
          return message.ok;
        },
      },
    );
    swarm.network.attach(endpoint, (from, datagram) => this.#transport.receive(from, datagram));
    for (const { peer, endpoint: at } of swarm.seated) {
      this.#transport.learn({ ...peer.identity, endpoint: at });
    }
  }

  get id(): Id {
    return this.#transport.id;
  }

  say(to: Iterable<Id>, message: Message): void {
    for (const id of to) this.#transport.send(id, message.type, encodeMessage(message));
  }

  /** Asks each of them, and returns what they answered within `forMs`. */
  ask(to: Iterable<Id>, message: Message, forMs = 1000): ReadonlyMap<Id, Message> {
    const before = this.heard.length;
    this.say(to, message);
    this.#swarm.network.run(forMs);
    return new Map(this.heard.slice(before).map((one) => [one.from, one.message]));
  }
}
