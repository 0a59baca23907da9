/**
 * Lamppost keys (PROTOCOL.md 1): each epoch begins with the identity's own, and goes on under a new
 * one each `lamppostHours`, certified for the same epoch. What was signed under the former ones
 * stays good: rules compare epochs and sequence numbers, never keys.
 */
import { type SigningKey, signingKey } from '../crypto/ed25519.ts';
import { issueCertificate } from '../identity/certificate.ts';
import type { Identity } from '../identity/mint.ts';
import type { Session } from '../ledger/chain.ts';
import { type ProtocolParameters, scaledMs } from '../parameters.ts';
import type { PeerContext } from './context.ts';
import { LamppostToken } from './lamppost-token.ts';
import type { OwnTransactions } from './own-transactions.ts';

/** However fast a network's time runs, a key serves for many answers. */
const MIN_LAMPPOST_MS = 10_000;

/** How long one lamppost key signs. */
export function lamppostMs(parameters: ProtocolParameters): number {
  return Math.max(MIN_LAMPPOST_MS, Math.ceil(scaledMs(parameters.lamppostHours, parameters)));
}

/** A key with its certificate, good for twice the time it is to sign: clocks may be late. */
export function sessionOf(
  { network, parameters, self }: Pick<PeerContext, 'network' | 'parameters' | 'self'>,
  identityKey: SigningKey,
  terms: { readonly epoch: number; readonly lamppost: SigningKey; readonly fromMs: number },
): Session {
  const { epoch, lamppost, fromMs } = terms;
  const certificate = issueCertificate(identityKey, {
    network,
    address: self,
    lamppost: lamppost.publicKey,
    epoch,
    validFromMs: fromMs,
    validToMs: fromMs + 2 * lamppostMs(parameters),
  });
  return { epoch, certificate, lamppost };
}

export class Lampposts {
  readonly #context: PeerContext;
  readonly #identity: Identity;
  /** The time that the next statement would say. */
  readonly #time: () => number;
  readonly #token: LamppostToken;

  constructor(
    context: PeerContext,
    identity: Identity,
    time: () => number,
    submit: OwnTransactions['submit'],
  ) {
    this.#context = context;
    this.#identity = identity;
    this.#time = time;
    this.#token = new LamppostToken(context, submit);
  }

  /** Several times a second, while the epoch is open. */
  tick(): void {
    const { holdings, host, parameters } = this.#context;
    const { chain } = holdings;
    this.#token.tick(chain.session.lamppost);
    const { epoch, certificate } = chain.session;
    const fromMs = this.#time();
    if (fromMs < certificate.validFromMs + lamppostMs(parameters)) return;
    const lamppost = signingKey(host.random(32));
    const next = sessionOf(this.#context, this.#identity.identityKey, { epoch, lamppost, fromMs });
    chain.rotate(next.lamppost, next.certificate);
  }
}
