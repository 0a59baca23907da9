/**
 * A virtual network whose hosts can have wrong clocks and die in the middle of a turn. As the process
 * host does it, what a peer writes and sends while it handles one datagram or timer belongs together:
 * the writes become durable first, then the datagrams leave.
 */
import type { Endpoint } from '../../node/host.ts';
import type { Row } from '../../node/telemetry.ts';
import {
  endpointText,
  type MemoryStore,
  type Receive,
  type VirtualHost,
  VirtualNetwork,
} from './network.ts';

/** `torn`: before the turn's writes are durable; `unsent`: after it, before its datagrams leave. */
export type Death = 'torn' | 'unsent';

/** What can be done to one host. */
interface Handle {
  turn(run: () => void): void;
  dieNext(death: Death, died: () => void): void;
  spare(): void;
  setClock(skewMs: number, driftPpm: number): void;
}

export class FaultyNetwork extends VirtualNetwork {
  /** A planted fault: datagrams leave before the writes of their turn are durable. */
  sendsFirst = false;
  readonly #handles = new Map<string, Handle>();

  override host(
    endpoint: Endpoint,
    options: { store?: MemoryStore; skewMs?: number } = {},
  ): VirtualHost {
    const { host, handle } = this.#faulty(super.host(endpoint, options));
    this.#handles.set(endpointText(endpoint), handle);
    return host;
  }

  override attach(endpoint: Endpoint, receive: Receive): void {
    const handle = this.#handles.get(endpointText(endpoint));
    super.attach(endpoint, (from, datagram) => {
      if (handle === undefined) receive(from, datagram);
      else handle.turn(() => receive(from, datagram));
    });
  }

  /** The next turn that writes (`torn`) or sends (`unsent`) is the last one; then `died` is called. */
  dieNext(endpoint: Endpoint, death: Death, died: () => void): void {
    this.#handles.get(endpointText(endpoint))?.dieNext(death, died);
  }

  /** Of what was to befall it with its next turn. */
  spare(endpoint: Endpoint): void {
    this.#handles.get(endpointText(endpoint))?.spare();
  }

  /** Added to the right time from now on, and how many millionths too fast it goes. */
  setClock(endpoint: Endpoint, skewMs: number, driftPpm: number): void {
    this.#handles.get(endpointText(endpoint))?.setClock(skewMs, driftPpm);
  }

  #faulty(base: VirtualHost): { host: VirtualHost; handle: Handle } {
    const { store } = base;
    let clock = { sinceMs: this.now, skewMs: 0, driftPpm: 0 };
    let death: { readonly kind: Death; died(): void } | null = null;
    let outbox: (() => void)[] | null = null;
    let rows: Row[] = [];

    const endTurn = (sends: readonly (() => void)[]): void => {
      const isLast = death?.kind === 'torn' ? store.isPending : sends.length > 0;
      const ending = isLast ? death : null;
      if (ending?.kind === 'torn') store.rollBack();
      else store.commit();
      const isSaid = ending === null || this.sendsFirst;
      // What a turn reports is true once its writes are durable or its datagrams left.
      if (isSaid || ending.kind === 'unsent') for (const row of rows) base.report(row);
      if (isSaid) for (const send of sends) send();
      if (ending === null) return;
      death = null;
      base.kill();
      ending.died();
    };
    const turn = (run: () => void): void => {
      store.begin();
      const mine: (() => void)[] = [];
      outbox = mine;
      rows = [];
      run();
      outbox = null;
      endTurn(mine);
    };
    const host: VirtualHost = {
      now: () => {
        const driftMs = ((this.now - clock.sinceMs) * clock.driftPpm) / 1e6;
        return Math.floor(base.now() + clock.skewMs + driftMs);
      },
      random: (length) => base.random(length),
      after: (delayMs, callback) =>
        base.after(delayMs / (1 + clock.driftPpm / 1e6), () => turn(callback)),
      send: (to, datagram) => {
        const copy = new Uint8Array(datagram);
        if (outbox === null) base.send(to, copy);
        else outbox.push(() => base.send(to, copy));
      },
      store,
      report: (row) => {
        if (outbox === null) base.report(row);
        else rows.push(row);
      },
      kill: () => base.kill(),
      pause: (ms) => base.pause(ms),
    };
    const handle: Handle = {
      turn,
      dieNext: (kind, died) => {
        death = { kind, died };
      },
      spare: () => {
        death = null;
      },
      setClock: (skewMs, driftPpm) => {
        clock = { sinceMs: this.now, skewMs, driftPpm };
      },
    };
    return { host, handle };
  }
}
