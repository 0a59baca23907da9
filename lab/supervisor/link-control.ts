/**
 * The links of a run as they are now: the manifest's profiles, changed and cut by the faults that
 * are active; brought to the members (or the kernel), and measured.
 */
import type { LinkClass, ProbeResult } from '../../node/control.ts';
import type { LinkMeasurement } from '../analysis/result.ts';
import type { Cut } from '../links/classes.ts';
import {
  askedRoundTrip,
  judge,
  planProbes,
  probeRequest,
  readProbeResult,
  type AskedRoundTrip,
  type DirectedLink,
  type PlannedProbe,
  type Probed,
} from '../links/measure.ts';
import type { Fault, LinkProfile } from '../manifest/testnet.ts';
import { concurrently } from './concurrently.ts';
import { addRow, messageOf, warn, type RunContext } from './run-context.ts';

/** Probes at once: enough to be quick, few enough not to be the load that they measure. */
const PROBES_AT_ONCE = 12;
/** One measurement and two more of pairs that look off: a burst of load rarely lasts through three. */
const MAX_ROUNDS = 3;
const MEMBERS_AT_ONCE = 16;
const REQUEST_TIMEOUT_MS = 10_000;

type MeasuredPlan = ReturnType<typeof planProbes>[number] & { readonly asked: AskedRoundTrip };

interface NextMeasurement {
  /** Regions of which pairs are measured; null: all. */
  touched: ReadonlySet<string> | null;
  readonly measured: Promise<readonly LinkMeasurement[]>;
}

/** The directions that active partitions cut, each once. */
export function cutsOf(faults: readonly Fault[]): Cut[] {
  const cuts = new Map<string, Cut>();
  for (const fault of faults) {
    if (fault.kind !== 'partition') continue;
    const [from, to] = fault.between;
    cuts.set(`${from} ${to}`, { from, to });
    if (fault.direction === 'both') cuts.set(`${to} ${from}`, { from: to, to: from });
  }
  return [...cuts.values()];
}

/** The profiles with active link changes on top, later ones over earlier ones; both directions. */
export function profilesWith(
  profiles: readonly LinkProfile[],
  faults: readonly Fault[],
): LinkProfile[] {
  return profiles.map((profile) => {
    let changed = profile;
    for (const fault of faults) {
      if (fault.kind !== 'link') continue;
      const [a, b] = fault.between;
      const concerned =
        (profile.from === a && profile.to === b) || (profile.from === b && profile.to === a);
      if (concerned) changed = { ...changed, ...fault.change };
    }
    return changed;
  });
}

/** Whether a profile asks for anything at all. */
export function asksForShaping(profile: LinkProfile): boolean {
  return (
    profile.delayMs > 0 ||
    profile.jitterMs > 0 ||
    profile.loss > 0 ||
    profile.burst !== undefined ||
    profile.duplicate > 0 ||
    profile.reorder > 0 ||
    profile.rateBitsPerSecond > 0
  );
}

export class LinkControl {
  private readonly context: RunContext;
  private readonly activeFaults: () => readonly Fault[];
  /** Members that a fault keeps down or silent: they answer nothing. */
  private readonly absent: () => ReadonlySet<string>;
  private installed = false;
  /** Measurements run one after another: together they would load what they measure. */
  private measuring: Promise<unknown> = Promise.resolve();
  /** The one that waits for those under way: what is asked for meanwhile is measured with it. */
  private next: NextMeasurement | null = null;

  constructor(
    context: RunContext,
    activeFaults: () => readonly Fault[],
    absent: () => ReadonlySet<string>,
  ) {
    this.context = context;
    this.activeFaults = activeFaults;
    this.absent = absent;
  }

  get shaping(): 'netem' | 'userspace' | 'none' {
    return this.context.testnet.links.some(asksForShaping) ? this.context.driver.shaping : 'none';
  }

  classes(region: string): LinkClass[] {
    const { parts, testnet, addresses } = this.context;
    const faults = this.activeFaults();
    const profiles = profilesWith(testnet.links, faults);
    return parts.classesFor(region, profiles, addresses.subnets, cutsOf(faults));
  }

  /** Installs the present classes for `names`, default all. Throws when a member cannot be reached. */
  async apply(names?: readonly string[]): Promise<void> {
    // Nothing asked and never anything installed: the links are left untouched.
    const changes = this.activeFaults().some((f) => f.kind === 'partition' || f.kind === 'link');
    if (this.shaping === 'none' && !changes && !this.installed) return;
    this.installed = true;
    const { testnet, driver, control } = this.context;
    const members = testnet.members.filter((m) => names === undefined || names.includes(m.name));
    if (driver.shaping === 'netem') {
      await driver.shape(new Map(members.map((m) => [m.name, this.classes(m.region)])));
      return;
    }
    await concurrently(members, MEMBERS_AT_ONCE, async (member) => {
      const classes = this.classes(member.region);
      await control.request(member.name, { method: 'links', classes }, REQUEST_TIMEOUT_MS);
    });
  }

  /** Like `apply`, for members that may be down just now: those get theirs when they come back. */
  async applyWhereConnected(regions: ReadonlySet<string>): Promise<void> {
    const { testnet, driver } = this.context;
    const names = testnet.members
      .filter((member) => regions.has(member.region))
      .filter(({ name }) => driver.shaping === 'netem' || this.answers(name))
      .map((member) => member.name);
    await this.apply(names);
  }

  /**
   * Measures pairs with an end in `touched` (default all), and those that others ask for meanwhile;
   * journals, stores and returns the rows.
   */
  measure(touched: ReadonlySet<string> | null = null): Promise<readonly LinkMeasurement[]> {
    if (this.next !== null) {
      const { touched: before } = this.next;
      this.next.touched = before === null || touched === null ? null : before.union(touched);
      return this.next.measured;
    }
    const next: NextMeasurement = {
      touched,
      measured: this.measuring.then(() => {
        this.next = null;
        return this.measureNow(next.touched);
      }),
    };
    this.next = next;
    this.measuring = next.measured.catch(() => undefined);
    return next.measured;
  }

  private answers(name: string): boolean {
    return this.context.control.connected(name) && !this.absent().has(name);
  }

  private directed(from: string, to: string): DirectedLink | undefined {
    const faults = this.activeFaults();
    const profile = profilesWith(this.context.testnet.links, faults).find(
      (candidate) => candidate.from === from && candidate.to === to,
    );
    const cut = cutsOf(faults).some((c) => c.from === from && c.to === to);
    return profile && { ...profile, cut };
  }

  private probed(): Probed[] {
    const { testnet, endpoints } = this.context;
    return testnet.members.flatMap((member) => {
      const endpoint = endpoints.get(member.name);
      // Who is paused or killed has no links to measure.
      return endpoint !== undefined && this.answers(member.name)
        ? [{ name: member.name, region: member.region, endpoint }]
        : [];
    });
  }

  private async measureNow(touched: ReadonlySet<string> | null): Promise<LinkMeasurement[]> {
    const plans: MeasuredPlan[] = planProbes(
      this.probed(),
      this.context.testnet.regions,
      touched,
    ).flatMap((plan) => {
      const there = this.directed(plan.from, plan.to);
      const back = this.directed(plan.to, plan.from);
      if (there === undefined || back === undefined) return [];
      return [{ ...plan, asked: askedRoundTrip(there, back) }];
    });
    const results = new Map<MeasuredPlan, ProbeResult[]>(plans.map((plan) => [plan, []]));
    const judged = (plan: MeasuredPlan): LinkMeasurement =>
      judge({ from: plan.from, to: plan.to }, plan.asked, results.get(plan) ?? [], plans.length);
    let doubtful = plans;
    for (let round = 0; round < MAX_ROUNDS && doubtful.length > 0; round += 1) {
      // A pair that looks off is asked again, and judged by all of its probes: a busy moment of the
      // host passes, a wrong class stays.
      const probes = doubtful.flatMap((plan) => plan.pairs.map((pair) => ({ ...pair, plan })));
      await concurrently(probes, PROBES_AT_ONCE, async (probe) => {
        const result = await this.probe(probe, probe.plan.asked);
        if (result !== null) results.get(probe.plan)?.push(result);
      });
      doubtful = doubtful.filter((plan) => !judged(plan).ok);
    }
    const measured = plans.map(judged);
    await this.record(measured);
    return measured;
  }

  private async probe(probe: PlannedProbe, asked: AskedRoundTrip): Promise<ProbeResult | null> {
    const request = probeRequest(probe.to.endpoint, asked);
    const longestMs = request.count * request.intervalMs + request.timeoutMs + REQUEST_TIMEOUT_MS;
    try {
      const { control } = this.context;
      const answer = await control.request(
        probe.from.name,
        { method: 'probe', ...request },
        longestMs,
      );
      const result = readProbeResult(answer);
      if (result === null) warn(this.context, `${probe.from.name} answered a probe with nonsense`);
      return result;
    } catch (error) {
      warn(this.context, `a probe of ${probe.to.name} failed: ${messageOf(error)}`);
      return null;
    }
  }

  private async record(measurements: LinkMeasurement[]): Promise<void> {
    this.context.journal.write({ entry: 'links', measurements });
    for (const m of measurements.filter((candidate) => !candidate.ok)) {
      const rtt = m.measuredRttMs === null ? 'nothing' : `${m.measuredRttMs.toFixed(1)} ms`;
      const loss = m.measuredLoss === null ? 'unknown' : `${(100 * m.measuredLoss).toFixed(1)} %`;
      warn(
        this.context,
        `link ${m.from} → ${m.to} is not as asked: round trip ${rtt} for ${m.askedRttMs} ms, ` +
          `loss ${loss} for ${(100 * m.askedLoss).toFixed(1)} % (${m.n} probes)`,
      );
    }
    for (const m of measurements) {
      await addRow(this.context, 'links', {
        from_region: m.from,
        to_region: m.to,
        asked_rtt_ms: m.askedRttMs,
        measured_rtt_ms: m.measuredRttMs,
        asked_loss: m.askedLoss,
        measured_loss: m.measuredLoss,
        n: m.n,
        ok: m.ok,
      });
    }
  }
}
