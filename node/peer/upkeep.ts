/**
 * What a peer does when nothing happens: it asks its neighbours in turn what they committed, so that
 * what was lost on the way is found, and how they stand, so that their words are on file.
 */
import type { Id } from '../id.ts';
import { QUERY_BYTES } from '../minefield/statement.ts';
import type { BlockPlace, Commits } from '../wire/keeping.ts';
import { neighbourhood, type PeerContext } from './context.ts';
import type { Speakers } from './speakers.ts';

/** One neighbour per turn, who answers for the whole neighbourhood: enough for what is seldom lost. */
export const UPKEEP_MS = 1000;
/**
 * After a member has gone those near are asked at once, when most know of it, and again when all do
 * that hear of it at once, and those that only a later question tells. Who does not know yet leaves out
 * what this peer has become a keeper of.
 */
const CATCH_UP_MS: readonly number[] = [200, 1500, 10_000];
/** Neighbours whose commits have been read up to a height; more than are ever near. */
const MAX_READ = 256;

export class Upkeep {
  readonly #context: PeerContext;
  readonly #speakers: Speakers;
  /** Digest of whom this peer has banned. */
  readonly #bans: () => Id;
  /** Block up to which a neighbour's commits are known here. */
  readonly #read = new Map<Id, BlockPlace>();
  #turn = 0;
  #catchingUp = false;

  constructor(context: PeerContext, speakers: Speakers, bans: () => Id) {
    this.#bans = bans;
    this.#context = context;
    this.#speakers = speakers;
  }

  /** The neighbourhoods have changed: what was not of interest may be now. */
  startOver(): void {
    this.#read.clear();
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    for (const [turn, delayMs] of CATCH_UP_MS.entries()) {
      this.#context.host.after(delayMs, () => {
        this.#catchingUp = false;
        if (turn > 0) this.#read.clear();
        const { self } = this.#context;
        for (const id of neighbourhood(this.#context, self)) this.#askCommits(id);
      });
    }
  }

  tick(neighbours: readonly Id[]): void {
    this.#turn += 1;
    const neighbour = neighbours[this.#turn % Math.max(1, neighbours.length)];
    if (neighbour === undefined) return;
    this.#askCommits(neighbour);
    const { host, holdings, send } = this.#context;
    const tokens = [...holdings.tokens];
    const token = tokens[Math.floor(this.#random() * tokens.length)];
    if (token !== undefined) {
      send(neighbour, {
        type: 'ask-mapping',
        token,
        query: host.random(QUERY_BYTES),
        direct: true,
      });
    }
    const lineage = this.#speakers.lineage(neighbour, this.#random());
    if (lineage !== null) {
      const { lower: wanted, higher: under } = lineage;
      send(neighbour, { type: 'get-block', wanted, under, priority: 'validation' });
    }
  }

  /** An answer of `from`; asks on while there is more. */
  onCommits(from: Id, { above, upTo, more }: Commits): void {
    const read = this.#read.get(from);
    // An answer to another question, as from before it started over, would leave a gap.
    if (above.height !== (read?.height ?? 0)) return;
    if (read !== undefined && above.hash !== read.hash) {
      // It was put back to an older state and has another chain since.
      this.#read.delete(from);
      return;
    }
    if (upTo.height <= above.height) return;
    if (this.#read.size >= MAX_READ && read === undefined) return;
    this.#read.set(from, upTo);
    if (more) this.#askCommits(from);
  }

  #askCommits(neighbour: Id): void {
    const above = this.#read.get(neighbour)?.height ?? 0;
    this.#context.send(neighbour, { type: 'ask-commits', above, bans: this.#bans() });
  }

  #random(): number {
    const [high = 0, low = 0] = this.#context.host.random(2);
    return (high * 256 + low) / 65_536;
  }
}
