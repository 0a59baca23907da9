/** What a detection layer found and what that cost, as it is reported (PROTOCOL.md 8). */
import type { Host } from '../../host.ts';
import type { Id } from '../../id.ts';
import { encodeMessage, type Message } from '../../wire/messages.ts';

export type Layer = 'commitment' | 'cross-check' | 'reputation' | 'trust';

/** Costs are reported this often, when there are any. */
export const REPORT_MS = 5000;
/** One accused is flagged by one layer for one reason at most this often. */
const FLAG_AGAIN_MS = 60_000;
/** Accused remembered so; beyond it some are flagged again sooner. */
const MAX_FLAGGED = 1024;

export class Detector {
  readonly #layer: Layer;
  readonly #host: Host;
  readonly #flaggedAt = new Map<string, number>();
  #checks = 0;
  #flagged = 0;
  #messages = 0;
  #bytes = 0;
  #signatures = 0;

  constructor(layer: Layer, host: Host) {
    this.#layer = layer;
    this.#host = host;
  }

  /** One or more comparisons were made. */
  checked(count = 1): void {
    this.#checks += count;
  }

  /** A message that would not have been without this layer: its question, or the answer to it. */
  exchanged(message: Message): void {
    this.#messages += 1;
    this.#bytes += encodeMessage(message).length;
  }

  /** Signatures verified for this layer alone. */
  verified(count: number): void {
    this.#signatures += count;
  }

  /** A suspicion; `score` from 0 (none) to 1. */
  flag(accused: Id, reason: string, score: number): void {
    const now = this.#host.now();
    const key = `${accused}/${reason}`;
    const before = this.#flaggedAt.get(key);
    if (before !== undefined && now - before < FLAG_AGAIN_MS) return;
    this.#flaggedAt.delete(key);
    this.#flaggedAt.set(key, now);
    const [oldest] = this.#flaggedAt.keys();
    if (oldest !== undefined && this.#flaggedAt.size > MAX_FLAGGED) this.#flaggedAt.delete(oldest);
    this.#flagged += 1;
    this.#host.report({ table: 'flags', accused, layer: this.#layer, reason, score });
  }

  /** Every REPORT_MS. */
  report(): void {
    const [checks, flagged] = [this.#checks, this.#flagged];
    const [messages, bytes, signatures] = [this.#messages, this.#bytes, this.#signatures];
    if (checks + flagged + messages + signatures === 0) return;
    const layer = this.#layer;
    this.#host.report({
      table: 'detectors',
      layer,
      checks,
      flagged,
      messages,
      bytes,
      signatures,
    });
    this.#checks = 0;
    this.#flagged = 0;
    this.#messages = 0;
    this.#bytes = 0;
    this.#signatures = 0;
  }
}
