/** How a simulated network begins: the genesis of all its founders, awake or not, and who is who. */
import type { Id } from '../../node/id.ts';
import type { Member as Founder } from '../../node/ledger/membership.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import { Genesis } from '../../node/peer/genesis.ts';
import { foundersOf } from '../../node/runtime/run-process.ts';
import type { Member } from '../manifest/testnet.ts';
import type { LazyMembers } from './lazy.ts';
import type { SimMember } from './member.ts';
import type { Recorder } from './recorder.ts';

export interface FoundingParts {
  readonly network: Id;
  readonly pow: ProtocolParameters['pow'];
  readonly members: ReadonlyMap<string, SimMember>;
  readonly lazy: LazyMembers;
  readonly recorder: Recorder;
}

/** The genesis; sleepers are minted for it, and can be reached from now on. Writes their roles. */
export function makeGenesis({ network, pow, members, lazy, recorder }: FoundingParts): Genesis {
  const founders = [...members.values()].filter(
    ({ member: { kind, joinAtMs } }) => kind === 'peer' && joinAtMs === undefined,
  );
  const awake = Genesis.of(foundersOf(founders.map(({ founder }) => founder)), network, pow);
  if (lazy.size === 0) return awake;
  const all = Genesis.trusted(everyone(awake, lazy, recorder), network);
  lazy.found(all);
  return all;
}

function* everyone(
  awake: Genesis,
  lazy: LazyMembers,
  recorder: Recorder,
): Generator<Founder, void> {
  yield* awake.members.members();
  for (const { member, founder } of lazy.founders()) {
    writeRole(recorder, member, founder.address);
    yield founder;
  }
}

/** Who this member is, for scoring only. */
export function writeRole(recorder: Recorder, member: Member, address: string): void {
  const { name, group, kind, region, adversary = '', joinAtMs = null } = member;
  const row = { member: name, group, kind, region, address, adversary, join_at_ms: joinAtMs };
  recorder.truth('roles', row);
}
