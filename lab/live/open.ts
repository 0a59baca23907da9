/**
 * A run as somebody watches and drives it: one connection to its control socket, one model of what
 * it said. It survives a supervisor that goes away: the next question starts it again, as every
 * command does.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LinkMeasurement } from '../analysis/result.ts';
import { EXIT, LabError } from '../errors.ts';
import { loadTestnet } from '../manifest/load.ts';
import type { Testnet } from '../manifest/testnet.ts';
import { RUN_FILES, type RunEvent, type RunStatus } from '../supervisor/api.ts';
import { openRun, readPlan, type RunClient } from '../supervisor/client.ts';
import { readJournal } from '../supervisor/journal.ts';
import { evidenceDetail, peerDetail, transactionDetail } from './details.ts';
import { entryOfEvent } from './entries.ts';
import {
  type FeedEntry,
  foldFeed,
  foldSeries,
  type LiveModel,
  type LiveRun,
  ringOf,
} from './model.ts';
import { type Answers, Watch } from './watch.ts';

const POLL_MS = 1000;
/** Listeners hear of what came in such a time at once. */
const TELL_MS = 100;
/** Between two tries to find a supervisor again. */
const RETRY_MS = 2000;

/** Attaches to a run, by its whole name. Throws LabError when there is nothing to attach to. */
export async function openLive(run: string): Promise<LiveRun> {
  const client = await openRun(run);
  const plan = readPlan(client.directory);
  if (plan === null) {
    throw new LabError(`${run} has no readable plan`, { exitCode: EXIT.broke });
  }
  const testnet = loadTestnet(plan.manifest, plan);
  return new Watched(client, testnet).open(await client.status());
}

class Watched {
  readonly #testnet: Testnet;
  readonly #client: RunClient;
  readonly #watch: Watch;
  readonly #closing = new AbortController();
  readonly #listeners = new Set<(model: LiveModel) => void>();
  #model: LiveModel | null = null;
  #bannedBy: ReadonlyMap<string, number> = new Map();
  /** Entries that listeners have not heard of. */
  #pending: FeedEntry[] = [];
  #telling: NodeJS.Timeout | null = null;
  #nextEvent = 0;
  #isEnded = false;

  constructor(client: RunClient, testnet: Testnet) {
    this.#client = client;
    this.#testnet = testnet;
    this.#watch = new Watch({ k: testnet.protocol.k, now: () => performance.now() });
  }

  open(status: RunStatus): LiveRun {
    const client = this.#client;
    this.#fold({ status });
    void this.#poll();
    void this.#follow();
    const post = <T>(route: string, body: object): Promise<T> => client.json('POST', route, body);
    const act = async <T>(route: string, body: object): Promise<T> => {
      const answer = await post<T>(route, body);
      await this.#look();
      return answer;
    };
    return {
      run: client.run,
      subscribe: (listener) => this.#subscribe(listener),
      attack: async (name, knobs) => (await act<{ id: string }>('/attack', { name, knobs })).id,
      steer: async (id, action, knobs) => {
        await act(`/attack/${encodeURIComponent(id)}`, { action, knobs });
      },
      fault: async (fault, forMs) => {
        const body = { ...fault, ...(forMs === null ? {} : { forMs }) };
        return (await act<{ id: string }>('/fault', body)).id;
      },
      clearFault: async (id) => {
        await client.json('DELETE', `/fault/${encodeURIComponent(id)}`);
        await this.#look();
      },
      measureLinks: () => this.#measureLinks(),
      stop: async () => void (await act('/stop', {})),
      start: async () => void (await act('/start', {})),
      score: async () => void (await post('/result', {})),
      down: async () => (await post<{ removed: string[] }>('/down', {})).removed,
      peer: (name) => peerDetail(client, this.#status(), name),
      transaction: (id) => transactionDetail(client, this.#testnet, id),
      evidence: (id) => {
        return evidenceDetail(client, { testnet: this.#testnet, status: this.#status() }, id);
      },
      close: () => this.#close(),
    };
  }

  #subscribe(listener: (model: LiveModel) => void): () => void {
    this.#listeners.add(listener);
    if (this.#model !== null) listener(this.#model);
    return () => this.#listeners.delete(listener);
  }

  #close(): void {
    this.#closing.abort();
    this.#listeners.clear();
    if (this.#telling !== null) clearTimeout(this.#telling);
    this.#telling = null;
  }

  get #isOver(): boolean {
    return this.#closing.signal.aborted || this.#isEnded;
  }

  #status(): RunStatus {
    const status = this.#model?.status;
    if (status === undefined) throw new Error('a run is opened with its status');
    return status;
  }

  /** What was just done shows at once, whatever the polls are at. */
  async #look(): Promise<void> {
    try {
      this.#fold({ status: await this.#client.status() });
    } catch {
      // It was done; the polls say what is wrong now.
    }
  }

  async #measureLinks(): Promise<readonly LinkMeasurement[]> {
    const { links } = await this.#client.json<{ links: LinkMeasurement[] }>('POST', '/links', {});
    this.#fold({ status: this.#status(), links });
    return links;
  }

  async #poll(): Promise<void> {
    while (!this.#isOver) {
      const beganMs = performance.now();
      try {
        const answers = await this.#watch.ask(this.#client);
        if (this.#isOver) return;
        this.#fold(answers);
        this.#notice(null);
      } catch (error) {
        if (!this.#isOver) await this.#find(error);
      }
      await this.#pause(Math.max(0, POLL_MS - (performance.now() - beganMs)));
    }
  }

  /** After a question that failed: says so, and starts a supervisor that is gone. */
  async #find(error: unknown): Promise<void> {
    const { run, directory } = this.#client;
    const why = error instanceof Error ? error.message : String(error);
    this.#notice(`no answer: ${why}; trying again (npx lab logs ${run})`);
    try {
      if (readJournal(directory).exitCode !== null) this.#end();
      else await openRun(run);
    } catch {
      // The notice stands; the next round tries again.
      await this.#pause(RETRY_MS);
    }
  }

  async #follow(): Promise<void> {
    while (!this.#isOver) {
      try {
        for await (const event of this.#client.events(this.#nextEvent, this.#closing.signal)) {
          this.#event(event);
        }
      } catch {
        // The polls say what is wrong, and set it right.
      }
      await this.#pause(RETRY_MS);
    }
  }

  #event(event: RunEvent): void {
    this.#nextEvent = event.n + 1;
    const entry = entryOfEvent(event);
    if (entry !== null) this.#pending.push(entry);
    if (event.type === 'figures') this.#change({ figures: event.figures });
    if (event.type === 'fault') this.#watch.linksChanged();
    if (event.type === 'ended') this.#end(event.exitCode, event.error);
    this.#tell();
  }

  #end(exitCode?: number, error?: string): void {
    this.#isEnded = true;
    const { run, directory } = this.#client;
    const how = error === undefined ? '' : `: ${error}`;
    const code = exitCode === undefined ? '' : `, exit code ${exitCode}`;
    this.#change({ status: { ...this.#status(), phase: 'ended' } });
    const left = existsSync(path.join(directory, RUN_FILES.result))
      ? `npx lab report ${run} names its report`
      : `it was not scored: npx lab query --run ${run} reads what it measured`;
    this.#notice(`the run has ended${code}${how}; ${left}`);
  }

  #fold({ status, entries = [], series, bannedBy, links }: Answers): void {
    if (bannedBy !== undefined) this.#bannedBy = bannedBy;
    this.#pending.push(...entries);
    const old = this.#model;
    const points = old?.series ?? { stepMs: 1000, points: [] };
    this.#model = {
      status,
      atMs: status.nowMs,
      series: series === undefined ? points : foldSeries(points, series.stepMs, series.points),
      figures: old?.figures ?? null,
      feed: old?.feed ?? [],
      ring: ringOf(status, this.#bannedBy),
      links: links ?? old?.links ?? [],
      notice: old?.notice ?? null,
    };
    this.#tell();
  }

  #change(change: Partial<LiveModel>): void {
    if (this.#model !== null) this.#model = { ...this.#model, ...change };
    this.#tell();
  }

  #notice(notice: string | null): void {
    if (this.#model?.notice !== notice) this.#change({ notice });
  }

  #tell(): void {
    if (this.#closing.signal.aborted) return;
    this.#telling ??= setTimeout(() => {
      this.#telling = null;
      if (this.#model === null) return;
      this.#model = { ...this.#model, feed: foldFeed(this.#model.feed, this.#pending) };
      this.#pending = [];
      for (const listener of this.#listeners) listener(this.#model);
    }, TELL_MS);
  }

  async #pause(ms: number): Promise<void> {
    if (this.#isOver) return;
    const { signal } = this.#closing;
    await delay(ms, undefined, { signal }).catch(() => undefined);
  }
}
