/**
 * One member as a container: unprivileged, read-only, without capabilities, on two networks.
 */
import { chown, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type Docker from 'dockerode';
import { PEER_UID } from '../image/base.ts';
import { RUN_FILES } from '../supervisor/api.ts';
import type { DriverContext, LaunchSpec } from './driver.ts';
import { LABEL } from './docker-engine.ts';

/** Above the heap that Node is given (image/flags.ts), so that a leak ends in Node's own words. */
const MEMORY_LIMIT_BYTES = 384 * 1024 * 1024;
/** Node's threads number about a dozen; nothing in a member starts processes. */
const PIDS_LIMIT = 64;
/** Logs are for reading by people: the newest few MB. */
const LOG_LIMIT = { 'max-size': '4m', 'max-file': '2' };
const STATE_IN_CONTAINER = '/state';

export function memberContainerName(run: string, member: string): string {
  return `lab-${run}-${member}`;
}

/** Everything that members of the run keep on the host. */
export function membersDirectory(context: DriverContext): string {
  return path.resolve(context.runDirectory, RUN_FILES.members);
}

/** The member's state on the host, bind-mounted so that it outlives its containers. */
export function memberStateDirectory(context: DriverContext, member: string): string {
  return path.join(membersDirectory(context), member, 'state');
}

/** Makes the state directory writable for the user that the member runs as, and says who that is. */
export async function prepareState(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const own = process.getuid?.() ?? 0;
  // Only root can give a directory away; anyone else's members run as themselves, unprivileged too.
  if (own !== 0) return `${own}:${process.getgid?.() ?? own}`;
  await chown(directory, PEER_UID, PEER_UID);
  return `${PEER_UID}:${PEER_UID}`;
}

/** What the engine is asked to create. The control network is connected before the start. */
export function memberContainer(
  context: DriverContext,
  spec: LaunchSpec,
  image: string,
  dataNetwork: string,
  user: string,
): Docker.ContainerCreateOptions {
  const { seat, adversary } = spec;
  const inside = { ...seat, stateDirectory: STATE_IN_CONTAINER };
  return {
    name: memberContainerName(context.run, seat.name),
    Image: image,
    User: user,
    Env: [
      `PEER_SEAT=${JSON.stringify(inside)}`,
      // One pool for all of its few threads: 1.6 MiB less, measured on an idle peer.
      'MALLOC_ARENA_MAX=1',
      ...(adversary === undefined
        ? []
        : [
            `LAB_ADVERSARY=${adversary.name}`,
            `LAB_ADVERSARY_PART=${JSON.stringify(adversary.part)}`,
          ]),
    ],
    Labels: {
      [LABEL.run]: context.run,
      [LABEL.testnet]: context.testnet,
      [LABEL.peer]: seat.name,
      [LABEL.role]: seat.kind,
    },
    HostConfig: {
      NetworkMode: dataNetwork,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Memory: MEMORY_LIMIT_BYTES,
      PidsLimit: PIDS_LIMIT,
      Tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev,size=16m' },
      Binds: [`${memberStateDirectory(context, seat.name)}:${STATE_IN_CONTAINER}:rw`],
      LogConfig: { Type: 'json-file', Config: LOG_LIMIT },
      RestartPolicy: { Name: 'no' },
    },
    NetworkingConfig: {
      EndpointsConfig: { [dataNetwork]: { IPAMConfig: { IPv4Address: seat.bind.ip } } },
    },
  };
}
