/** What a schema cannot say: names that must exist, sums, times, and what attacks declare. */
import { freshMs } from '../../node/identity/freshness.ts';
import type { Manifest } from './schema.ts';
import { MAX_MEMBERS } from './schema.ts';
import type { ManifestDocument, Path } from './document.ts';
import { attackDeclaration, attackNames, knobRefusal } from './attacks.ts';
import { parseExpectation } from './expectation.ts';
import { expandMembers } from './expand.ts';
import { allowedWords, show } from './problem.ts';
import type { Problem } from './problem.ts';

/** Decimal fractions in a file do not sum exactly. */
const SUM_TOLERANCE = 1e-6;

type Report = (path: Path, message: string, part?: 'value' | 'key') => void;

/** Every problem of a well-formed manifest, in no particular order. */
export function meaningProblems(manifest: Manifest, document: ManifestDocument): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message, part) => problems.push(document.at(path, message, part));
  checkRegions(manifest, report);
  checkLinks(manifest, report);
  checkMembers(manifest, report);
  checkVoting(manifest, report);
  checkLoad(manifest, report);
  checkAttacks(manifest, report);
  checkFaults(manifest, report);
  for (const [index, expression] of manifest.expect.entries()) {
    const parsed = parseExpectation(expression);
    if (!parsed.ok) report(['expect', index], parsed.reason);
  }
  return problems;
}

function regionNames(manifest: Manifest): string[] {
  return manifest.regions.map(({ name }) => name);
}

function checkRegion(manifest: Manifest, path: Path, name: string, report: Report): void {
  const names = regionNames(manifest);
  if (!names.includes(name)) report(path, `no region ${show(name)}; ${allowedWords(name, names)}`);
}

function checkRegions(manifest: Manifest, report: Report): void {
  const seen = new Set<string>();
  for (const [index, { name }] of manifest.regions.entries()) {
    if (seen.has(name))
      report(['regions', index, 'name'], `region ${show(name)} a second time; allowed: once`);
    seen.add(name);
  }
  const lists = [
    ...manifest.peers.map((group, index) => [['peers', index, 'regions'], group.regions] as const),
    [['clients', 'regions'], manifest.clients.regions] as const,
  ];
  for (const [path, regions] of lists) {
    if (regions === 'even') continue;
    for (const [at, name] of regions.entries()) checkRegion(manifest, [...path, at], name, report);
  }
}

function checkProfile(
  profile: { readonly delayMs?: number | undefined; readonly jitterMs?: number | undefined },
  inheritedDelayMs: number,
  path: Path,
  report: Report,
): void {
  const { jitterMs, delayMs = inheritedDelayMs } = profile;
  if (jitterMs !== undefined && jitterMs > delayMs) {
    report([...path, 'jitterMs'], `found ${jitterMs}; allowed: at most the delay, ${delayMs}`);
  }
}

function checkLinks(manifest: Manifest, report: Report): void {
  const seen = new Set<string>();
  const first = manifest.links.find((link) => 'default' in link);
  const defaultDelayMs =
    first !== undefined && 'default' in first ? (first.default.delayMs ?? 0) : 0;
  for (const [index, link] of manifest.links.entries()) {
    const path: Path = ['links', index];
    if ('default' in link) {
      if (link !== first) report(path, 'a second default profile; allowed: one');
      checkProfile(link.default, 0, [...path, 'default'], report);
      continue;
    }
    checkRegion(manifest, [...path, 'from'], link.from, report);
    checkRegion(manifest, [...path, 'to'], link.to, report);
    checkProfile(link, defaultDelayMs, path, report);
    const pair = `${link.from} ${link.to}`;
    if (seen.has(pair))
      report(path, `the link from ${link.from} to ${link.to} a second time; allowed: once`);
    seen.add(pair);
  }
}

function checkMembers(manifest: Manifest, report: Report): void {
  const groups = new Set<string>();
  for (const [index, group] of manifest.peers.entries()) {
    const path: Path = ['peers', index];
    if (group.group === 'client') {
      report(
        [...path, 'group'],
        'found "client"; allowed: any other name (clients are called client-01, …)',
      );
    }
    if (groups.has(group.group)) {
      report([...path, 'group'], `group ${show(group.group)} a second time; allowed: once`);
    }
    groups.add(group.group);
    if (group.active !== undefined && group.adversary === undefined) {
      report([...path, 'active'], 'given without adversary; allowed: for groups with an adversary');
    }
    if (group.asleep === true) {
      const other = group.adversary === undefined ? 'joinAtMs' : 'adversary';
      if (group[other] !== undefined) {
        report(
          [...path, 'asleep'],
          `given with ${other}; allowed: for honest peers that are there from the start`,
        );
      }
    }
    if (group.adversary !== undefined && !attackNames().includes(group.adversary)) {
      const rule = allowedWords(group.adversary, attackNames());
      report([...path, 'adversary'], `no adversary ${show(group.adversary)} in attacks/; ${rule}`);
    }
    checkJoining(manifest, index, report);
  }
  const total = memberCount(manifest);
  const peers = total - manifest.clients.count;
  if (total > MAX_MEMBERS) {
    report(['peers'], `found ${total} peers and clients; allowed: at most ${MAX_MEMBERS}`, 'key');
  }
  const founders = manifest.peers
    .filter(({ joinAtMs }) => joinAtMs === undefined)
    .reduce((sum, { count }) => sum + count, 0);
  if (manifest.protocol.k > founders) {
    const later = founders === peers ? '' : ' that are there from the start';
    report(
      ['protocol', 'k'],
      `found ${manifest.protocol.k} with ${founders} peers${later}; allowed: at most ${founders}`,
    );
  }
}

function checkJoining(manifest: Manifest, index: number, report: Report): void {
  const { joinAtMs, joinOverMs } = manifest.peers[index] ?? {};
  const path: Path = ['peers', index];
  if (joinAtMs === undefined) {
    if (joinOverMs !== undefined) {
      report([...path, 'joinOverMs'], 'given without joinAtMs; allowed: for newcomers');
    }
    return;
  }
  const key = joinOverMs === undefined ? 'joinAtMs' : 'joinOverMs';
  const lastMs = joinAtMs + (joinOverMs ?? 0);
  checkTime(manifest, path, lastMs, report, key);
  const fresh = freshMs(manifest);
  if (manifest.protocol.freshness === 'on' && lastMs >= fresh) {
    report(
      [...path, key],
      `found ${lastMs}; allowed: below ${fresh}, 30 paper days after identities are made at the launch, or freshness: off`,
    );
  }
}

function memberCount({ peers, clients }: Manifest): number {
  return peers.reduce((sum, { count }) => sum + count, clients.count);
}

function checkVoting({ protocol }: Manifest, report: Report): void {
  const { voteExchange, votes, voting } = protocol;
  if (voteExchange === 'direct') return;
  const path: Path = ['protocol', 'voteExchange'];
  if (votes === 'mac')
    report(path, 'found certificates of votes: mac; allowed: with votes: signed');
  // Nothing is said unasked there, so there is nobody to whom a certificate could be sent.
  if (voting === 'polled') {
    report(path, 'found certificates with voting: polled; allowed: with voting: push');
  }
}

function checkLoad(manifest: Manifest, report: Report): void {
  const { load } = manifest;
  let sum = 0;
  for (const [tokens, probability] of Object.entries(load.tokensPerTransaction)) {
    sum += probability;
    if (!/^[1-6]$/.test(tokens)) {
      report(
        ['load', 'tokensPerTransaction', tokens],
        `unknown number of tokens ${show(tokens)}; allowed: 1, 2, 3, 4, 5, 6`,
        'key',
      );
    }
  }
  if (Math.abs(sum - 1) > SUM_TOLERANCE) {
    report(
      ['load', 'tokensPerTransaction'],
      `probabilities sum to ${Number(sum.toPrecision(6))}; allowed: 1`,
    );
  }
  const shares = load.transferShare + load.destroyShare;
  if (shares > 1 + SUM_TOLERANCE) {
    report(['load'], `transferShare and destroyShare sum to ${shares}; allowed: at most 1`, 'key');
  }
  if (
    manifest.clients.count === 0 &&
    load.transactionsPerSecond > 0 &&
    manifest.expect.length > 0
  ) {
    report(
      ['expect'],
      'expectations but no clients, so no load; allowed: clients.count of at least 1',
      'key',
    );
  }
}

function checkTime(
  manifest: Manifest,
  path: Path,
  atMs: number,
  report: Report,
  key: 'atMs' | 'joinAtMs' | 'joinOverMs' = 'atMs',
): void {
  if (atMs >= manifest.durationMs) {
    report(
      [...path, key],
      `found ${atMs}, after the end; allowed: below durationMs, ${manifest.durationMs}`,
    );
  }
}

function checkAttacks(manifest: Manifest, report: Report): void {
  const planned = manifest.attacks.map((attack, index) => {
    return { ...attack, path: ['attacks', index], named: 'name' };
  });
  const ordered = manifest.orders.flatMap((order, index) =>
    'attack' in order
      ? [{ ...order, name: order.attack, path: ['orders', index], named: 'attack' }]
      : [],
  );
  for (const { path, named, ...attack } of [...planned, ...ordered]) {
    checkTime(manifest, path, attack.atMs, report);
    const declaration = attackDeclaration(attack.name);
    if (declaration === undefined) {
      const rule = allowedWords(attack.name, attackNames());
      report([...path, named], `no attack ${show(attack.name)} in attacks/; ${rule}`);
      continue;
    }
    if (!manifest.peers.some(({ adversary }) => adversary === attack.name)) {
      report(
        [...path, named],
        `no group of peers has adversary: ${attack.name}; allowed: an attack that a group can carry out`,
      );
    }
    for (const [name, value] of Object.entries(attack.knobs)) {
      const knob = Object.hasOwn(declaration.knobs, name) ? declaration.knobs[name] : undefined;
      if (knob === undefined) {
        const rule = allowedWords(name, Object.keys(declaration.knobs));
        report([...path, 'knobs', name], `unknown knob ${show(name)}; ${rule}`, 'key');
        continue;
      }
      const refusal = knobRefusal(knob, value);
      if (refusal !== null) report([...path, 'knobs', name], refusal);
    }
  }
}

function checkFaults(manifest: Manifest, report: Report): void {
  // Refused already, and too many to be named one by one.
  if (memberCount(manifest) > MAX_MEMBERS) return;
  const planned = manifest.faults.map((fault, index) => [['faults', index], fault] as const);
  const ordered = manifest.orders.flatMap((order, index) =>
    'fault' in order ? [[['orders', index, 'fault'], order.fault] as const] : [],
  );
  const faults: readonly (readonly [Path, Manifest['faults'][number]])[] = [...planned, ...ordered];
  if (faults.length === 0) return;
  const members = expandMembers(manifest);
  const groups = [...new Set(members.map(({ group }) => group))];
  const names = new Set(members.map(({ name }) => name));
  const asleep = new Set(
    members.flatMap((member) => (member.asleep ? [member.name, member.group] : [])),
  );
  for (const [path, fault] of faults) {
    checkTime(manifest, path, fault.atMs, report);
    if ('between' in fault) {
      for (const [at, name] of fault.between.entries()) {
        checkRegion(manifest, [...path, 'between', at], name, report);
      }
      if (fault.kind === 'link' && Object.keys(fault.change).length === 0) {
        report(
          [...path, 'change'],
          'changes nothing; allowed: at least one field of a link profile',
        );
      }
      continue;
    }
    for (const [at, name] of fault.members.entries()) {
      if (asleep.has(name)) {
        report(
          [...path, 'members', at],
          `${show(name)} is asleep: there may be nobody; allowed: members that are awake`,
        );
      }
      if (names.has(name) || groups.includes(name)) continue;
      const rule = allowedWords(name, [...groups, ...[...names].slice(0, 3), '…']);
      report([...path, 'members', at], `no member or group ${show(name)}; ${rule}`);
    }
  }
}
