/**
 * A run's two networks in the engine. Data: a bridge on which each region has a subnet and each member
 * a fixed address; its links are shaped. Control: telemetry and orders, never shaped, whose gateway
 * is the lab. Both are internal: no member reaches anything outside the run.
 */
import { networkInterfaces } from 'node:os';
import type Docker from 'dockerode';
import { EXIT, LabError } from '../errors.ts';
import type { AddressPlan, DriverContext } from './driver.ts';
import { engine, engineError, engineStatus, LABEL } from './docker-engine.ts';

/** Where the data sockets bind inside containers; the probe socket takes the next port. */
export const DATA_PORT = 7_000;
/** Second octets of the 10.x/16 that we try: away from those that people and clouds pick first. */
const FIRST_POOL = 64;
const POOLS = 128;
/** /22 subnets in the data half (/17) of a pool; the first one is the gateway's. */
export const MAX_REGIONS = 31;
/** Addresses of a /22 less network and broadcast. */
const MEMBERS_PER_REGION = 1_022;

export interface RunNetworks {
  readonly dataName: string;
  readonly controlName: string;
  readonly plan: AddressPlan;
}

/** Makes the networks of this run, or finds those made before. */
export async function prepareNetworks(context: DriverContext): Promise<RunNetworks> {
  if (context.regions.length > MAX_REGIONS) {
    throw new LabError(`the docker driver has room for ${MAX_REGIONS} regions`, {
      exitCode: EXIT.machineCannot,
    });
  }
  const dataName = `lab-${context.run}-data`;
  const controlName = `lab-${context.run}-control`;
  const found = await findPool(context, dataName, controlName);
  const pool = found ?? (await createBoth(context, dataName, controlName));
  return { dataName, controlName, plan: addressPlan(context.regions, pool) };
}

/** The plan of a pool 10.`pool`/16. Exported for tests. */
export function addressPlan(regions: readonly string[], pool: number): AddressPlan {
  const subnets = Object.fromEntries(
    regions.map((region, index) => [region, `10.${pool}.${4 * (index + 1)}.0/22`]),
  );
  return {
    subnets,
    labHost: `10.${pool}.128.1`,
    endpoint(region, index) {
      const place = regions.indexOf(region);
      if (place < 0) throw new RangeError(`no region ${region}`);
      if (index >= MEMBERS_PER_REGION) {
        throw new RangeError(`a region holds at most ${MEMBERS_PER_REGION} members`);
      }
      const host = index + 1;
      return {
        ip: `10.${pool}.${4 * (place + 1) + (host >> 8)}.${host & 255}`,
        port: DATA_PORT,
      };
    },
  };
}

/** The pool of this run's networks when both are there; removes a half that a crash left. */
async function findPool(
  context: DriverContext,
  dataName: string,
  controlName: string,
): Promise<number | null> {
  const networks = await engine().listNetworks({
    filters: { label: [`${LABEL.run}=${context.run}`] },
  });
  const data = networks.find((network) => network.Name === dataName);
  const control = networks.find((network) => network.Name === controlName);
  if (data !== undefined && control !== undefined) {
    const pool = poolOf(data);
    if (pool !== null && pool === poolOf(control)) return pool;
  }
  for (const network of networks) await engine().getNetwork(network.Id).remove();
  return null;
}

function poolOf(network: Docker.NetworkInspectInfo): number | null {
  const match = /^10\.(\d+)\./.exec(network.IPAM?.Config?.[0]?.Subnet ?? '');
  return match === null ? null : Number(match[1]);
}

async function createBoth(
  context: DriverContext,
  dataName: string,
  controlName: string,
): Promise<number> {
  const taken = localPools();
  context.journal({ type: 'network', name: dataName });
  context.journal({ type: 'network', name: controlName });
  for (let pool = FIRST_POOL; pool < FIRST_POOL + POOLS; pool++) {
    if (taken.has(pool)) continue;
    if (!(await create(context, dataName, `10.${pool}.0.0/17`, `10.${pool}.0.1`))) continue;
    if (await create(context, controlName, `10.${pool}.128.0/20`, `10.${pool}.128.1`)) return pool;
    await engine().getNetwork(dataName).remove();
  }
  throw new LabError(`none of 10.${FIRST_POOL}–${FIRST_POOL + POOLS - 1}.0.0/16 is free`, {
    exitCode: EXIT.machineCannot,
    remedy: 'remove networks that nobody uses: lab down --all, docker network prune',
  });
}

/** False when the addresses are taken. */
async function create(
  context: DriverContext,
  name: string,
  subnet: string,
  gateway: string,
): Promise<boolean> {
  try {
    await engine().createNetwork({
      Name: name,
      Driver: 'bridge',
      Internal: true,
      CheckDuplicate: true,
      IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: gateway }] },
      Labels: { [LABEL.run]: context.run, [LABEL.testnet]: context.testnet },
    });
    return true;
  } catch (error) {
    const reason = String(error);
    const overlaps = /overlap|conflicts with network|address already in use/i.test(reason);
    if (engineStatus(error) !== null && overlaps) return false;
    throw engineError(`create the network ${name}`, error);
  }
}

/** Second octets of 10.x addresses that this machine's own interfaces use. */
function localPools(): Set<number> {
  const pools = new Set<number>();
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) {
      const match = /^10\.(\d+)\./.exec(address);
      if (match !== null) pools.add(Number(match[1]));
    }
  }
  return pools;
}
