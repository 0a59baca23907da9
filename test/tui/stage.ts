/**
 * A stage for the terminal UI: a run that is made up, answers everything, and goes on by itself.
 * As a program it sits down at the terminal with it: `node test/tui/stage.ts [--peers N] [--every MS]
 * [--attached] [--crash-after MS] [--reject-after MS]
 * [--linger MS]`; tests and the bench drive that under tmux.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { foldFeed, foldSeries, type LiveModel, type LiveRun } from '../../lab/live/model.ts';
import type { Backend } from '../../lab/tui/backend.ts';
import { sit } from '../../lab/tui/open.ts';
import { fixtureEntry, fixtureModel, hashOf, type FixtureOptions } from './fixture.ts';

/** What was asked of the run, in order. */
export type Asked = readonly [what: string, ...details: unknown[]];

/** A run that notes what it is asked; `refuse` makes the next action fail with these words. */
export class StageRun implements LiveRun {
  readonly run = 'demo-3f9a2c';
  readonly asked: Asked[] = [];
  refuse: string | null = null;
  isClosed = false;
  model: LiveModel;
  readonly #listeners = new Set<(model: LiveModel) => void>();

  constructor(options: FixtureOptions = {}) {
    this.model = fixtureModel(options);
  }

  readonly subscribe = (listener: (model: LiveModel) => void) => {
    this.#listeners.add(listener);
    listener(this.model);
    return () => this.#listeners.delete(listener);
  };

  /** A new model for all who look. */
  show(model: LiveModel): void {
    this.model = model;
    for (const listener of this.#listeners) listener(model);
  }

  /** A second passes: the clock, a point of every series, a few events, everybody's height. */
  tick(): void {
    const { model } = this;
    const at = model.feed.length;
    const atMs = model.atMs + 1000;
    const entries = [0, 1, 2].map((more) => ({
      ...fixtureEntry(at + more),
      atMs,
      key: `t${atMs}-${more}`,
    }));
    const last = model.series.points.at(-1);
    const members = model.status.members.map((member) => ({
      ...member,
      health:
        member.health === null ? null : { ...member.health, height: member.health.height + 1 },
    }));
    const elapsedMs = (model.status.elapsedMs ?? 0) + 1000;
    this.show({
      ...model,
      atMs,
      status: { ...model.status, members, elapsedMs, durationMs: 3_600_000 },
      ring: model.ring.map((peer) => ({
        ...peer,
        health: peer.health === null ? null : { ...peer.health, height: peer.health.height + 1 },
      })),
      feed: foldFeed(model.feed, entries),
      series:
        last === undefined
          ? model.series
          : foldSeries(model.series, 1000, [
              { ...last, atMs: last.atMs + 1000, messages: 900 + ((elapsedMs / 1000) % 13) * 70 },
            ]),
    });
  }

  readonly attack: LiveRun['attack'] = async (name, knobs) => {
    this.#note('attack', name, knobs);
    const id = `${name}-${this.model.status.attacks.length + 1}`;
    const members = this.model.ring
      .filter(({ adversary }) => adversary === name)
      .map((p) => p.name);
    const attacks = [
      ...this.model.status.attacks,
      { id, name, state: 'running', members, knobs: { ...knobs } },
    ];
    const ring = this.model.ring.map((p) =>
      members.includes(p.name) ? { ...p, active: true } : p,
    );
    this.show({ ...this.model, ring, status: { ...this.model.status, attacks } });
    return id;
  };

  readonly steer: LiveRun['steer'] = async (id, action, knobs) => {
    this.#note('steer', id, action, knobs);
    const state = { stop: 'stopped', pause: 'paused', resume: 'running', set: 'running' }[action];
    const attacks = this.model.status.attacks.map((one) =>
      one.id === id ? { ...one, state, knobs: { ...one.knobs, ...knobs } } : one,
    );
    this.show({ ...this.model, status: { ...this.model.status, attacks } });
  };

  readonly fault: LiveRun['fault'] = async (fault, forMs) => {
    this.#note('fault', fault, forMs);
    const kind = 'kind' in fault && typeof fault.kind === 'string' ? fault.kind : 'fault';
    const id = `${kind}-${this.model.status.faults.length + 1}`;
    const faults = [...this.model.status.faults, { id, kind, state: 'active' }];
    this.show({ ...this.model, status: { ...this.model.status, faults } });
    return id;
  };

  readonly clearFault: LiveRun['clearFault'] = async (id) => {
    this.#note('clearFault', id);
    const faults = this.model.status.faults.map((one) =>
      one.id === id ? { ...one, state: 'cleared' } : one,
    );
    this.show({ ...this.model, status: { ...this.model.status, faults } });
  };

  readonly measureLinks: LiveRun['measureLinks'] = async () => {
    this.#note('measureLinks');
    return this.model.links;
  };

  readonly stop: LiveRun['stop'] = async () => this.#note('stop');
  readonly start: LiveRun['start'] = async () => this.#note('start');

  readonly score: LiveRun['score'] = async () => this.#note('score');

  readonly down: LiveRun['down'] = async () => {
    this.#note('down');
    return ['process honest-01', 'process honest-02'];
  };

  readonly peer: LiveRun['peer'] = async (name) => {
    this.#note('peer', name);
    const member = this.model.status.members.find((one) => one.name === name) ?? null;
    return {
      name,
      member,
      statements: [],
      flags: [],
      evidence: [
        { atMs: this.model.atMs, package: hashOf('package'), rule: 'two-owners', heldBy: 12 },
      ],
      bans: [{ atMs: this.model.atMs, by: 'honest-03', event: 'banned' }],
      phases: [{ atMs: this.model.atMs, phase: 'trusted' }],
    };
  };

  readonly transaction: LiveRun['transaction'] = async (id) => {
    this.#note('transaction', id);
    return {
      id,
      kind: 'transfer',
      valueClass: 'normal',
      submittedBy: 'client-01',
      submittedAtMs: this.model.atMs,
      fate: 'committed',
      finalityMs: 312,
      tokens: [{ token: hashOf('token'), owner: hashOf('owner'), previous: hashOf('before') }],
      keepers: [
        {
          peer: 'honest-03',
          token: hashOf('token'),
          verdict: 'valid',
          votedAtMs: this.model.atMs,
          outcome: 'committed',
          committedAtMs: this.model.atMs,
        },
      ],
    };
  };

  readonly evidence: LiveRun['evidence'] = async (id) => {
    this.#note('evidence', id);
    return {
      id,
      accused: hashOf('liars-01'),
      accusedName: 'liars-01',
      rule: 'two-owners',
      bytes: 2310,
      steps: [{ atMs: this.model.atMs, peer: 'honest-03', event: 'assembled', reason: '' }],
      document: '{"rule":"two-owners","statements":["aa","bb"]}',
    };
  };

  readonly close = () => {
    this.isClosed = true;
  };

  #note(...asked: Asked): void {
    this.asked.push(asked);
    const { refuse } = this;
    this.refuse = null;
    if (refuse !== null) throw new Error(refuse);
  }
}

/** A lab with one living run, one testnet and one run that ended. */
export function stageBackend(run: StageRun, launched: unknown[] = []): Backend {
  const summary = { phase: 'running', since: null, launched: 25, driver: 'process' } as const;
  return {
    entries: () =>
      Promise.resolve([
        { type: 'living', run: run.run, summary },
        { type: 'testnet', file: 'testnets/demo.yaml', about: '20 peers, 5 regions, 1:15 of load' },
        { type: 'ended', run: 'quick-000001', summary: { ...summary, phase: 'ended' } },
      ]),
    open: () => Promise.resolve(run),
    launch: (choice) => {
      launched.push(choice);
      return Promise.resolve(run);
    },
    result: (name) => Promise.resolve({ title: name, rows: [] }),
  };
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      peers: { type: 'string', default: '20' },
      every: { type: 'string', default: '1000' },
      attached: { type: 'boolean', default: false },
      'crash-after': { type: 'string' },
      'reject-after': { type: 'string' },
      linger: { type: 'string', default: '0' },
    },
  });
  const run = new StageRun({ peers: Number(values.peers), events: 90 });
  const ticking = setInterval(() => run.tick(), Number(values.every));
  const crashMs = values['crash-after'];
  if (crashMs !== undefined) {
    setTimeout(() => {
      throw new Error('broken on purpose');
    }, Number(crashMs));
  }
  const rejectMs = values['reject-after'];
  if (rejectMs !== undefined) {
    void delay(Number(rejectMs)).then(() => {
      throw new Error('broken on purpose');
    });
  }
  process.exitCode = await sit({
    backend: stageBackend(run),
    defaults: { driver: 'auto', seed: null, cryptography: 'real' },
    first: values.attached ? { type: 'attach', run: run.run } : null,
  });
  clearInterval(ticking);
  await delay(Number(values.linger));
}
