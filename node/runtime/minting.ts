/**
 * Minting in a process (PROTOCOL.md 1): at the papers' work it takes a core for most of a day, so it
 * goes in slices between which the process hears its lab and its signals, says how far it is, and
 * can end without losing the count of what it spent.
 */
import type { Seat } from '../control.ts';
import type { Host } from '../host.ts';
import { mintingSources, type Role } from './adversarial.ts';
import { mintingPow } from '../identity/difficulty.ts';
import { type Identity, Minting } from '../identity/mint.ts';
import { storeAttempts, storedAttempts, storedIdentity } from '../identity/stored.ts';
import { Control } from './control.ts';
import type { Log } from './log.ts';

/** No longer than a timer may be late; one attempt at the papers' work takes longer all the same. */
const SLICE_MS = 50;
/** Testnet work is done within this, before anybody could ask how far it is. */
const QUIET_MS = 250;
const REPORT_MS = 5000;

export interface MintingParts {
  readonly host: Host & { flush(): void };
  readonly log: Log;
  /** Absent for the honest. */
  readonly role: Role | undefined;
  /** What ends the process when it is told to stop while it mints. */
  end(this: void): void;
}

/**
 * The identity for a peer's store that has none; null otherwise. Does not resolve when the process
 * is told to stop before.
 */
export async function mintIfNeeded(seat: Seat, parts: MintingParts): Promise<Identity | null> {
  const { host } = parts;
  if (seat.kind === 'client' || storedIdentity(host.store) !== null) return null;
  const pow = mintingPow(seat.parameters, seat.members ?? 1);
  const sources = mintingSources(seat, host, parts.role);
  const minting = new Minting(seat.network, pow, sources, storedAttempts(host.store));
  const perSecond = rateOf(minting);
  return slice(minting, QUIET_MS) ?? mintInTheOpen(seat, { minting, perSecond }, parts);
}

interface Search {
  readonly minting: Minting;
  perSecond(this: void): number;
}

function mintInTheOpen(
  seat: Seat,
  { minting, perSecond }: Search,
  { host, log, end }: MintingParts,
): Promise<Identity> {
  let stopped = false;
  const save = (): void => {
    storeAttempts(host.store, minting.progress.attempts);
    host.flush();
  };
  const stop = (why: string): void => {
    if (stopped) return;
    stopped = true;
    log('info', 'stopping while minting', { why, ...minting.progress });
    save();
    control.stop();
    end();
  };
  const report = (): void => {
    log('info', 'minting', { ...minting.progress, perSecond: perSecond() });
    control.send({ type: 'minting', ...minting.progress });
    save();
  };
  const control = new Control(
    seat,
    {
      hello: () => ({ type: 'minting', ...minting.progress }),
      health: () => null,
      request: async ({ method }) => {
        if (method !== 'stop') throw new Error('it mints its identity; ask again later');
        setImmediate(() => stop('asked by the lab'));
      },
    },
    log,
  );
  const [onTerm, onInt] = [() => stop('SIGTERM'), () => stop('SIGINT')];
  process.on('SIGTERM', onTerm).on('SIGINT', onInt);
  return new Promise((resolve) => {
    let reportAtMs = performance.now();
    const next = (): void => {
      if (stopped) return;
      if (performance.now() >= reportAtMs) {
        report();
        reportAtMs = performance.now() + REPORT_MS;
      }
      const identity = slice(minting, SLICE_MS);
      if (identity === null) {
        // A timer, not setImmediate: sockets and signals get their turn of the loop before it.
        setTimeout(next, 0);
        return;
      }
      log('info', 'minted', { ...minting.progress, address: identity.address });
      process.off('SIGTERM', onTerm).off('SIGINT', onInt);
      control.stop();
      resolve(identity);
    };
    next();
  });
}

/** Attempts per second from now on, to three digits. */
function rateOf(minting: Minting): () => number {
  const startedMs = performance.now();
  const { attempts } = minting.progress;
  return () => {
    const seconds = (performance.now() - startedMs) / 1000;
    return Number(((minting.progress.attempts - attempts) / seconds).toPrecision(3));
  };
}

/** Attempts for about `forMs`; at least one. */
function slice(minting: Minting, forMs: number): Identity | null {
  const endMs = performance.now() + forMs;
  do {
    const identity = minting.step(1);
    if (identity !== null) return identity;
  } while (performance.now() < endMs);
  return null;
}
