/** Everything `lab doctor` looks at. Each finding says what it means and which commands mend it. */
import path from 'node:path';
import os from 'node:os';
import { labHome } from '../home.ts';
import { helperPackages } from '../links/helper/files.ts';
import { findVmKernel } from '../links/vm/kernel.ts';
import { MAX_PROCESSES, MEMBER_MIB, membersThatFit, shortages } from './capacity.ts';
import { hasProgram, openFileLimit, readNumber, tryCommand } from './machine.ts';

export interface Finding {
  readonly name: string;
  readonly level: 'ok' | 'warn' | 'missing';
  /** Without it nothing can run. */
  readonly essential: boolean;
  readonly found: string;
  readonly meaning: string;
  /** Debian packages that it lacks; installed before anything of `mends` runs. */
  readonly packages: readonly string[];
  /** Shell commands that mend it, in order; empty when packages do, or only a person can. */
  readonly mends: readonly string[];
}

/** Members in containers that the advice on sysctls is for: the launch benchmark's and a demo beside it. */
const USUAL_MEMBERS = 100;

/** Without these nothing can run; without the others something is done in another way, or not tested. */
const ESSENTIAL: ReadonlySet<string> = new Set(['Node', 'memory']);

/** Looks at everything once; takes a second or two. */
export async function examine(): Promise<Finding[]> {
  return [
    nodeRelease(),
    ...(await engine()),
    tools(),
    kernelNetem(),
    await virtualMachine(),
    terminalTools(),
    memory(),
    files(),
    ...sysctls(),
    bridge(),
  ];
}

function finding(
  name: string,
  level: Finding['level'],
  found: string,
  meaning: string,
  mends: readonly string[] = [],
  packages: readonly string[] = [],
): Finding {
  return { name, level, essential: ESSENTIAL.has(name), found, meaning, mends, packages };
}

function nodeRelease(): Finding {
  const [major = 0] = process.versions.node.split('.').map(Number);
  const meaning = 'the lab runs TypeScript natively: it needs the Node release that it pins';
  const level = major >= 26 ? 'ok' : 'missing';
  return finding('Node', level, process.version, meaning, ['npm ci']);
}

async function engine(): Promise<Finding[]> {
  const { dockerAvailable } = await import('../drivers/docker.ts');
  const { engineAnswers } = await import('../drivers/docker-engine.ts');
  const { ok, reason } = await dockerAvailable();
  const meaning = 'without a container engine peers run as plain processes on loopback addresses';
  if (ok) return [finding('container engine', 'ok', reason, meaning)];
  const packages = helperPackages();
  const mends: string[] = [];
  // An engine that DOCKER_HOST names is not ours to install or to start.
  if (process.env['DOCKER_HOST'] === undefined && !(await engineAnswers())) {
    if (!hasProgram('dockerd')) packages.push('docker.io', 'iptables');
    mends.push(START_DOCKER);
  }
  return [finding('container engine', 'missing', reason, meaning, mends, packages)];
}

/** Mended by starting the engine: by the init system where there is one, detached otherwise. */
export const START_DOCKER =
  'if [ -d /run/systemd/system ]; then systemctl start docker; else setsid dockerd >/var/log/dockerd.log 2>&1 </dev/null & fi';

/** The command that installs Debian packages without questions. */
export function apt(packages: readonly string[]): string {
  return `apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${packages.join(' ')}`;
}

function tools(): Finding {
  const lacking = [
    ...(hasProgram('tc') ? [] : ['iproute2']),
    ...(hasProgram('iptables') ? [] : ['iptables']),
  ];
  const meaning = 'links in containers are shaped with tc; the engine routes with iptables';
  const level = lacking.length === 0 ? 'ok' : 'missing';
  const found =
    lacking.length === 0 ? 'tc and iptables are there' : `not installed: ${lacking.join(', ')}`;
  return finding('network tools', level, found, meaning, [], lacking);
}

/** A real try, in a network namespace that is gone when the command ends. */
function kernelNetem(): Finding {
  const meaning =
    'links are then shaped at the sockets of the peers instead of in the kernel; the results say so';
  const attempt = tryCommand('unshare', [
    '--net',
    'sh',
    '-c',
    'ip link set lo up && tc qdisc add dev lo root netem delay 1ms',
  ]);
  if (attempt.ok) return finding('netem in the kernel', 'ok', 'a qdisc could be added', meaning);
  const reason = attempt.text.split('\n')[0] ?? '';
  // Where no modules can be loaded there is nothing to mend.
  const mends = hasProgram('modprobe') ? ['modprobe sch_netem'] : [];
  return finding('netem in the kernel', 'warn', `not usable (${reason})`, meaning, mends);
}

async function virtualMachine(): Promise<Finding> {
  const meaning = 'only the test that proves the tc program on a real kernel needs it';
  const packages = [
    ...(hasProgram('qemu-system-x86_64') ? [] : ['qemu-system-x86']),
    ...(hasProgram('busybox') ? [] : ['busybox-static']),
  ];
  const kernel = path.join(labHome(), 'vm', 'kernel');
  const hasKernel = (await findVmKernel(labHome())) !== null;
  const lacking = [...packages, ...(hasKernel ? [] : ['a Debian cloud kernel'])];
  const mends = hasKernel ? [] : [unpackKernel(kernel)];
  const level = lacking.length === 0 ? 'ok' : 'missing';
  const found =
    lacking.length === 0 ? 'QEMU and a kernel are there' : `not there: ${lacking.join(', ')}`;
  return finding('virtual machine for the netem test', level, found, meaning, mends, packages);
}

/** Unpacked rather than installed: installing a kernel runs hooks for a boot loader. */
function unpackKernel(directory: string): string {
  return [
    `mkdir -p '${directory}' && cd '${directory}' && apt-get update`,
    `apt-get download "$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \\(linux-image-[^ ]*\\).*/\\1/p' | head -1)"`,
    `dpkg-deb -x linux-image-*.deb .`,
    'rm -f linux-image-*.deb',
  ].join(' && ');
}

function terminalTools(): Finding {
  const lacking = ['tmux', 'chromium'].filter((program) => !hasProgram(program));
  const meaning = 'only the tests of the report and of the terminal need them';
  const level = lacking.length === 0 ? 'ok' : 'warn';
  const found =
    lacking.length === 0 ? 'tmux and chromium are there' : `not installed: ${lacking.join(', ')}`;
  return finding('test tools', level, found, meaning, [], lacking);
}

function memory(): Finding {
  const fit = membersThatFit();
  const found = `enough for about ${fit} members (${MEMBER_MIB} MiB each)`;
  const meaning = 'the demo has 30 members, the launch benchmark 63';
  return finding('memory', fit >= 30 ? 'ok' : 'missing', found, meaning);
}

function files(): Finding {
  const limit = openFileLimit();
  const meaning = 'the supervisor holds several descriptors per member';
  const level = limit === null || limit >= 1024 ? 'ok' : 'warn';
  return finding('open files', level, `limit ${limit ?? 'unknown'}`, meaning, ['ulimit -n 65536']);
}

function sysctls(): Finding[] {
  const lacking = shortages(USUAL_MEMBERS, 'docker').filter(({ remedy }) =>
    remedy.startsWith('sysctl'),
  );
  if (lacking.length === 0) {
    const thresh = readNumber('/proc/sys/net/ipv4/neigh/default/gc_thresh3') ?? 'unknown';
    const backlog = readNumber('/proc/sys/net/core/netdev_max_backlog') ?? 'unknown';
    const found = `gc_thresh3 ${thresh}, netdev_max_backlog ${backlog}, ${os.cpus().length} cores`;
    return [finding('kernel network limits', 'ok', found, `enough for ${USUAL_MEMBERS} members`)];
  }
  const meaning = 'large networks would lose packets';
  const packages = hasProgram('sysctl') ? [] : ['procps'];
  return lacking.map(({ finding: found, remedy }) =>
    finding('kernel network limits', 'warn', found, meaning, [remedy], packages),
  );
}

function bridge(): Finding {
  const found = `at most ${MAX_PROCESSES} containers`;
  return finding('bridge ports', 'ok', found, 'the limit of the kernel on one bridge');
}
