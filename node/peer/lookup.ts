/**
 * One iterative lookup towards an id over disjoint paths (PROTOCOL.md 2): nobody is asked on two
 * paths, so that liars capture the paths on which they are met and no others. Each path asks the
 * nearest it has heard of, until some near the id have answered; then those that answered vote.
 */
import { type Id, ringDistance, xorDistance } from '../id.ts';
import type { ProtocolParameters } from '../parameters.ts';
import type { Found } from '../wire/finding.ts';

/** One path may be captured, and the two others still agree. */
export const PATHS = 3;
/** Known members that each path begins with: all liars only if the network is full of them. */
const SEEDS_PER_PATH = 3;
/** Answers of one path from around the id: one true one names the whole neighbourhood. */
const NEAR_ANSWERS = 4;
/** Questions of one path: twice the hops to the far side of a network of thousands, and the end. */
const MAX_ASKED_PER_PATH = 16;
/** Under way at a time on one path. */
const PARALLEL = 2;
/** Members that a path remembers, the nearest: what some answers name. */
const MAX_CANDIDATES = 64;

/**
 * More than a third of the voices must say it. Where fewer than a third lie, as the commit rule asks
 * for too, that neither lets them make up a member nor hide one; at one half they could hide sooner.
 */
const VOICES_NEEDED = 3;

/** A part of the route: whom it has heard of, and what those near the id said. */
interface Path {
  /** All asked first: one liar among them would else name others nearer than the rest of them. */
  seeds: readonly Found[];
  /** Nearest first. */
  candidates: readonly Found[];
  readonly answers: Map<Id, readonly Found[]>;
  readonly underWay: Set<Id>;
  asked: number;
}

export interface LookupOptions {
  readonly target: Id;
  readonly parameters: Pick<ProtocolParameters, 'k' | 'distance'>;
  /** Members known already, nearest first. */
  readonly known: readonly Found[];
  readonly self: Id;
  readonly paths: number;
  /**
   * Does its record prove its address? null: it is not to be used, as when that is too costly now or
   * it is banned, and who named it is not to blame. Asked for those that are to be used.
   */
  verify(found: Found): boolean | null;
}

export class Lookup {
  readonly target: Id;
  readonly #options: LookupOptions;
  readonly #paths: readonly Path[];
  readonly #used = new Set<Id>();

  constructor(options: LookupOptions) {
    this.target = options.target;
    this.#options = options;
    this.#used.add(options.self);
    const seeds = options.known.slice(0, options.paths * SEEDS_PER_PATH);
    const parts = Array.from({ length: options.paths }, (_, path) =>
      seeds.filter((_seed, at) => at % options.paths === path),
    );
    this.#paths = parts.map((part) => ({
      seeds: part,
      candidates: part,
      answers: new Map<Id, readonly Found[]>(),
      underWay: new Set<Id>(),
      asked: 0,
    }));
  }

  get isDone(): boolean {
    return this.#paths.every((path) => path.underWay.size === 0);
  }

  /** Whom to ask now; each is under way until `answered` or `silent`. */
  next(): readonly Found[] {
    const wanted: Found[] = [];
    for (const path of this.#paths) {
      while (path.underWay.size < PARALLEL && !this.#isEnded(path)) {
        const candidate = this.#choose(path);
        if (candidate === null) break;
        path.underWay.add(candidate.address);
        path.asked += 1;
        wanted.push(candidate);
      }
    }
    return wanted;
  }

  answered(from: Id, members: readonly Found[]): void {
    const path = this.#paths.find(({ underWay }) => underWay.delete(from));
    if (path === undefined) return;
    path.answers.set(from, members);
    const named = new Map([...path.candidates, ...members].map((one) => [one.address, one]));
    named.delete(this.#options.self);
    const nearest = this.#sorted([...named.keys()], this.target).slice(0, MAX_CANDIDATES);
    path.candidates = nearest.flatMap((address) => named.get(address) ?? []);
  }

  silent(id: Id): void {
    for (const path of this.#paths) path.underWay.delete(id);
  }

  /**
   * Those that answered, without whom only one path ever named: that may be the invention of one liar
   * on it, identities that cost work and no trust and that vouch for one another. Those known before
   * need nobody's word.
   */
  #heard(answers: ReadonlyMap<Id, readonly Found[]>): readonly Id[] {
    const known = new Set(this.#options.known.map(({ address }) => address));
    const namings = new Map<Id, number>();
    for (const path of this.#paths) {
      const named = new Set([...path.answers.values()].flat().map(({ address }) => address));
      for (const id of named) namings.set(id, (namings.get(id) ?? 0) + 1);
    }
    return [...answers.keys()].filter(
      (id) => known.has(id) || 2 * (namings.get(id) ?? 0) > this.#paths.length,
    );
  }

  /**
   * The `k` nearest that count, with those between them that do not any more. A member counts here
   * as more than a third of those say that answered and should know it: everyone knows its own 2k
   * nearest. Of those who answered, only such as are found to count themselves have a voice: one liar
   * can neither make up a standing nor hide somebody, nor do more identities that are no members help.
   */
  result(): readonly Found[] {
    const { k } = this.#options.parameters;
    const answers = new Map(this.#paths.flatMap((path) => [...path.answers]));
    const all = this.#sorted(this.#heard(answers), this.target);
    const members = new Set(
      this.#agreed(answers, all.slice(0, 2 * k)).map(({ address }) => address),
    );
    const voices = all.filter((voice) => members.has(voice)).slice(0, Math.floor(1.5 * k));
    const result: Found[] = [];
    let counted = 0;
    for (const found of this.#agreed(answers, voices)) {
      if (counted >= k) break;
      if (this.#options.verify(found) !== true) continue;
      result.push(found);
      if (found.standing.countedFromMs !== null) counted += 1;
    }
    return result;
  }

  /** What enough of the voices that should know it say of each, nearest the target first. */
  #agreed(answers: ReadonlyMap<Id, readonly Found[]>, voices: readonly Id[]): readonly Found[] {
    const { k } = this.#options.parameters;
    const told = voices.flatMap((voice) => answers.get(voice) ?? []);
    const named = Map.groupBy(told, ({ address }) => address);
    const pool = this.#sorted([...named.keys(), ...voices], this.target).slice(0, 8 * k);
    const knows = voices.map((voice) => new Set(this.#sorted(pool, voice).slice(0, 2 * k + 1)));
    return pool.flatMap((address) => {
      const electorate = knows.filter((known) => known.has(address)).length;
      const all = named.get(address) ?? [];
      const most = mostNamed(all, ({ standing }) => `${standing.countedFromMs}`);
      const [one] = mostNamed(most, ({ endpoint }) => `${endpoint.ip}:${endpoint.port}`);
      return one === undefined || most.length * VOICES_NEEDED <= electorate ? [] : [one];
    });
  }

  #isEnded({ seeds, candidates, answers, underWay, asked }: Path): boolean {
    if (asked >= MAX_ASKED_PER_PATH) return true;
    if (seeds.some(({ address }) => !this.#used.has(address))) return false;
    const { k } = this.#options.parameters;
    // Somebody nearer may know more, whoever asks it.
    if (candidates.slice(0, k).some(({ address }) => !this.#used.has(address))) return false;
    // The k nearest are shared among the paths; those behind them know nearly all of them too.
    const near = candidates.slice(0, 2 * k);
    const answered = near.filter(({ address }) => answers.has(address)).length;
    const hoped = near.filter(({ address }) => underWay.has(address)).length;
    return answered + hoped >= NEAR_ANSWERS;
  }

  /** The nearest that no path has used. */
  #choose(path: Path): Found | null {
    for (const candidate of [...path.seeds, ...path.candidates]) {
      if (this.#used.has(candidate.address)) continue;
      this.#used.add(candidate.address);
      const isReal = this.#options.verify(candidate);
      if (isReal === true) return candidate;
      if (isReal === false) {
        forgetWhoNamed(path, candidate.address);
        return this.#choose(path);
      }
    }
    return null;
  }

  /** Each once, those nearest the point first. */
  #sorted(addresses: readonly Id[], point: Id): readonly Id[] {
    const distance = this.#options.parameters.distance === 'xor' ? xorDistance : ringDistance;
    return [...new Set(addresses)]
      .map((address) => ({ address, far: distance(point, address) }))
      .sort((a, b) => (a.far === b.far ? (a.address < b.address ? -1 : 1) : a.far < b.far ? -1 : 1))
      .map(({ address }) => address);
  }
}

/** An honest member names nobody whose record it has not checked. */
function forgetWhoNamed(path: Path, address: Id): void {
  path.candidates = path.candidates.filter((candidate) => candidate.address !== address);
  for (const [from, members] of path.answers) {
    if (members.some((member) => member.address === address)) path.answers.set(from, []);
  }
}

function mostNamed<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  const groups = Map.groupBy(items, key);
  return [...groups.values()].sort((a, b) => b.length - a.length)[0] ?? [];
}
