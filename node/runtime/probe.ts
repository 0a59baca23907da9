/**
 * Round trips as the network's datagrams see them: a socket beside the data socket, whose requests
 * and answers leave through the same shaper. A request is answered with the same number of bytes,
 * and only if its tag was made with the run's probe key, so that nobody else can use it.
 *
 * Layout, 33 bytes: kind u8 (1 asks, 2 answers) ‖ sequence u32 ‖ series (12 random bytes) ‖ tag
 * (first 16 bytes of HMAC-SHA-256 over what precedes it).
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { ProbeRequest, ProbeResult } from '../control.ts';
import type { Endpoint } from '../host.ts';
import type { Shaper } from './shaper.ts';
import { UdpSocket } from './socket.ts';

/**
 * Probes sent ahead of those that count: the first through a pair of processes run code that was
 * never run, which takes milliseconds.
 */
export const WARM_UP_PROBES = 3;

const ASK = 1;
const ANSWER = 2;
const SERIES_BYTES = 12;
const TAG_BYTES = 16;
const BODY_BYTES = 5 + SERIES_BYTES;
/** Probes of one request: far beyond what a loss interval needs. */
const MAX_PROBES = 10_000;
/** Series under way together: the lab probes a few pairs at a time. */
const MAX_SERIES = 64;

interface Series {
  readonly sentAtMs: Map<number, number>;
  readonly rttMs: number[];
  readonly count: number;
  readonly finish: () => void;
}

export class Prober {
  readonly #key: Uint8Array;
  readonly #series = new Map<string, Series>();
  readonly #socket: UdpSocket;

  private constructor(key: Uint8Array, socket: UdpSocket) {
    this.#key = key;
    this.#socket = socket;
  }

  /** Opens the probe socket at `local` (the port after the data socket's). */
  static async open(local: Endpoint, key: Uint8Array, shaper: Shaper): Promise<Prober> {
    let prober: Prober | null = null;
    const socket = await UdpSocket.open(local, shaper, (from, bytes) =>
      prober?.receive(from, bytes),
    );
    prober = new Prober(key, socket);
    return prober;
  }

  /** Probes the member whose DATA socket is `target`: its probe socket is on the next port. */
  probe(request: ProbeRequest): Promise<ProbeResult> {
    const { count, intervalMs, timeoutMs, target } = request;
    if (count < 1 || count > MAX_PROBES || this.#series.size >= MAX_SERIES) {
      return Promise.reject(
        new RangeError(`1 to ${MAX_PROBES} probes, ${MAX_SERIES} series at most`),
      );
    }
    const id = randomBytes(SERIES_BYTES);
    const to = { ip: target.ip, port: target.port + 1 };
    return new Promise((resolve) => {
      let sent = 0;
      let timer: NodeJS.Timeout | undefined;
      const series: Series = {
        sentAtMs: new Map(),
        rttMs: [],
        count,
        finish: () => {
          clearTimeout(timer);
          this.#series.delete(id.toHex());
          const counted = Math.max(0, sent - WARM_UP_PROBES);
          resolve({ sent: counted, received: series.rttMs.length, rttMs: series.rttMs });
        },
      };
      const next = (): void => {
        const datagram = this.#encode(ASK, sent, id);
        if (sent >= WARM_UP_PROBES) series.sentAtMs.set(sent, performance.now());
        this.#socket.send(to, datagram);
        sent += 1;
        timer =
          sent < count + WARM_UP_PROBES
            ? setTimeout(next, intervalMs)
            : setTimeout(series.finish, timeoutMs);
      };
      this.#series.set(id.toHex(), series);
      next();
    });
  }

  /** Takes whatever came in; anything that is no probe of this run is dropped. */
  receive(from: Endpoint, bytes: Uint8Array): void {
    const nowMs = performance.now();
    if (bytes.length !== BODY_BYTES + TAG_BYTES) return;
    const body = bytes.subarray(0, BODY_BYTES);
    if (!timingSafeEqual(this.#tag(body), bytes.subarray(BODY_BYTES))) return;
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    const sequence = view.getUint32(1);
    const id = body.subarray(5);
    if (view.getUint8(0) === ASK) this.#socket.send(from, this.#encode(ANSWER, sequence, id));
    else this.#answered(id.toHex(), sequence, nowMs);
  }

  close(): void {
    for (const series of this.#series.values()) series.finish();
    this.#socket.close();
  }

  #answered(id: string, sequence: number, nowMs: number): void {
    const series = this.#series.get(id);
    const sentAtMs = series?.sentAtMs.get(sequence);
    // A duplicated answer counts once, one to a warm-up never.
    if (series === undefined || sentAtMs === undefined) return;
    series.sentAtMs.delete(sequence);
    series.rttMs.push(nowMs - sentAtMs);
    if (series.rttMs.length === series.count) series.finish();
  }

  #encode(kind: number, sequence: number, series: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(BODY_BYTES + TAG_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, kind);
    view.setUint32(1, sequence);
    bytes.set(series, 5);
    bytes.set(this.#tag(bytes.subarray(0, BODY_BYTES)), BODY_BYTES);
    return bytes;
  }

  #tag(body: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#key).update(body).digest().subarray(0, TAG_BYTES);
  }
}
