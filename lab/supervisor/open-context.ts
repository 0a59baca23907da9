/** Puts together what a supervisor works with: store, driver, control server. */
import path from 'node:path';
import { EXIT, LabError } from '../errors.ts';
import type { Testnet } from '../manifest/testnet.ts';
import { RUN_FILES, type RunPlan } from './api.ts';
import { equalSecrets } from './equal.ts';
import { ControlServer, type Hello } from './control-server.ts';
import type { RunEvents } from './events.ts';
import type { Journal } from './journal.ts';
import { assignEndpoints, type Parts, type RunContext } from './run-context.ts';
import { openSecrets } from './secrets.ts';

export interface ContextNeeds {
  readonly plan: RunPlan;
  readonly runDirectory: string;
  readonly testnet: Testnet;
  readonly parts: Parts;
  readonly journal: Journal;
  readonly events: RunEvents;
  log(line: string): void;
  hello(hello: Hello): void;
  conspire(from: string, message: unknown): void;
  lost(member: string): void;
}

/** The driver of a run; what it creates is in the journal first. */
export function driverOf(
  needs: Omit<ContextNeeds, 'hello' | 'conspire' | 'lost'>,
): RunContext['driver'] {
  const { plan, runDirectory, testnet, parts, journal } = needs;
  if (plan.driver === 'sim') {
    throw new LabError(`${plan.run} is simulated: it has no supervisor`, { exitCode: EXIT.badUse });
  }
  return parts.makeDriver(plan.driver, {
    run: plan.run,
    testnet: testnet.name,
    runDirectory,
    regions: testnet.regions,
    duplicates:
      testnet.links.some((link) => link.duplicate > 0) ||
      testnet.faults.some((fault) => fault.kind === 'link' && (fault.change.duplicate ?? 0) > 0),
    journal: (object) => journal.write({ entry: 'created', object }),
    log: (line) => needs.log(line),
  });
}

/** Prepares the driver, opens the store, listens where living members already redial. */
export async function openContext(
  needs: ContextNeeds,
  driver: RunContext['driver'],
): Promise<RunContext> {
  const { plan, runDirectory, testnet, parts, journal } = needs;
  const secrets = openSecrets(
    runDirectory,
    testnet.members.map((member) => member.name),
  );
  const addresses = await driver.prepare();
  const store = await parts.openStore(path.join(runDirectory, RUN_FILES.telemetry));
  const authorise = (user: string, password: string): boolean => {
    const secret = secrets.members[user];
    return secret !== undefined && equalSecrets(secret.telemetry, password);
  };
  const telemetry = parts.makeTelemetry(store, authorise, plan.run);
  const control = new ControlServer({
    token: (member) => secrets.members[member]?.control,
    telemetry: (request, response) => telemetry.handle(request, response),
    hello: (hello) => needs.hello(hello),
    conspire: (from, message) => needs.conspire(from, message),
    lost: (member) => needs.lost(member),
  });
  const known = journal.state.port;
  const port = await control.listen(addresses.labHost, known ?? 0).catch((cause: unknown) => {
    throw new LabError(`cannot listen on ${addresses.labHost}:${known ?? 'any port'}`, {
      exitCode: EXIT.machineCannot,
      remedy: 'see which process holds the port (ss -ltnp); members of this run dial that one',
      cause,
    });
  });
  if (known === null) journal.write({ entry: 'port', port });
  const endpoints = assignEndpoints(testnet.members, addresses);
  return {
    plan,
    runDirectory,
    testnet,
    parts,
    journal,
    events: needs.events,
    secrets,
    driver,
    addresses,
    control,
    store,
    telemetry,
    port,
    endpoints,
    log: (line) => needs.log(line),
  };
}
