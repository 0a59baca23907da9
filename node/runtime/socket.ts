/** One UDP socket of the process. Whatever it sends goes through the shaper. */
import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { assertReal } from '../crypto/cryptography.ts';
import type { Endpoint } from '../host.ts';
import { RuntimeError } from './errors.ts';
import { reasonOf } from './log.ts';
import type { Shaper } from './shaper.ts';

/** A second of a busy peer's datagrams; the kernel grants at most net.core.rmem_max. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

export type Receive = (from: Endpoint, datagram: Uint8Array) => void;

export class UdpSocket {
  readonly #socket: Socket;
  readonly #shaper: Shaper;
  readonly #local: Endpoint;
  /** Datagrams that could not be given to the kernel: no such address, no route, no memory. */
  refused = 0;

  private constructor(socket: Socket, shaper: Shaper, local: Endpoint) {
    this.#socket = socket;
    this.#shaper = shaper;
    this.#local = local;
  }

  /** Throws a RuntimeError when the address cannot be had. */
  static async open(local: Endpoint, shaper: Shaper, receive: Receive): Promise<UdpSocket> {
    assertReal();
    const socket = createSocket({
      type: 'udp4',
      recvBufferSize: RECEIVE_BUFFER_BYTES,
      // Addresses are always literal: a peer must not make another one ask a name server.
      lookup: (host, _options, found) => found(null, host, 4),
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: local.ip, port: local.port, exclusive: true }, resolve);
    }).catch((error: unknown) => {
      socket.close();
      throw new RuntimeError(
        `cannot bind UDP ${local.ip}:${local.port}: ${reasonOf(error)}`,
        'free the address, or give the peer another one',
        error,
      );
    });
    socket.removeAllListeners('error');
    const opened = new UdpSocket(socket, shaper, { ip: local.ip, port: socket.address().port });
    socket.on('error', () => {
      opened.refused += 1;
    });
    socket.on('message', (message, from) =>
      receive({ ip: from.address, port: from.port }, message),
    );
    return opened;
  }

  /** Where it is bound: the port the kernel chose when asked for port 0. */
  get local(): Endpoint {
    return this.#local;
  }

  send(to: Endpoint, datagram: Uint8Array): void {
    if (!isIPv4(to.ip) || !Number.isInteger(to.port) || to.port < 1 || to.port > 65_535) {
      this.refused += 1;
      return;
    }
    this.#shaper.send(to, datagram, this.#deliver);
  }

  /** Datagrams that the kernel dropped because this socket was not read in time. */
  drops(): number {
    return dropsOf(readFileSync('/proc/net/udp', 'utf8'), this.#local);
  }

  close(): void {
    this.#closed = true;
    this.#socket.close();
  }

  #closed = false;

  readonly #deliver = (to: Endpoint, datagram: Uint8Array): void => {
    if (this.#closed) return;
    this.#socket.send(datagram, to.port, to.ip, (error) => {
      if (error !== null) this.refused += 1;
    });
  };
}

/** The last column of the socket's line in /proc/net/udp (proc(5)); 0 when it has none. */
export function dropsOf(table: string, local: Endpoint): number {
  const ip = local.ip.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  const port = local.port.toString(16).padStart(4, '0');
  const wanted = `${ip.toReversed().join('')}:${port}`.toUpperCase();
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[1] === wanted) return Number(columns.at(-1) ?? 0);
  }
  return 0;
}
