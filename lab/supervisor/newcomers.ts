/**
 * Members that come when the network is there already: launched with everyone, named in no genesis,
 * told of it when their time has come. What they make of it is the protocol's affair.
 */
import type { Member } from '../manifest/testnet.ts';
import { concurrently } from './concurrently.ts';
import { messageOf, warn, type RunContext } from './run-context.ts';

/** A paused one must not keep the others waiting. */
const MEMBERS_AT_ONCE = 16;
/** Names in a note; the rest is a number. */
const MAX_NAMED = 8;

export class Newcomers {
  private readonly context: RunContext;
  private readonly tell: (members: readonly Member[]) => Promise<void>;

  /** `tell` sends the genesis; whoever has it already takes no notice. */
  constructor(context: RunContext, tell: (members: readonly Member[]) => Promise<void>) {
    this.context = context;
    this.tell = tell;
  }

  isOne(member: Member): boolean {
    return member.joinAtMs !== undefined;
  }

  /** Was it there from the start, or has its time come? */
  isIn(member: Member): boolean {
    return !this.isOne(member) || this.context.journal.state.joined.has(member.name);
  }

  /** Their time has come. One that is down now is told when it comes back. */
  async join(names: readonly string[]): Promise<void> {
    const { journal, events, testnet } = this.context;
    journal.write({ entry: 'join', atMs: Date.now(), names: [...names] });
    const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
    const text = `newcomers join: ${names.slice(0, MAX_NAMED).join(', ')}${more}`;
    events.emit({ type: 'note', level: 'info', text });
    await this.tellEach(testnet.members.filter(({ name }) => names.includes(name)));
  }

  /** After a re-attach: an earlier supervisor may have died between writing it down and telling. */
  resume(): Promise<void> {
    const { testnet } = this.context;
    return this.tellEach(
      testnet.members.filter((member) => this.isOne(member) && this.isIn(member)),
    );
  }

  private async tellEach(members: readonly Member[]): Promise<void> {
    const there = members.filter(({ name }) => this.context.control.connected(name));
    await concurrently(there, MEMBERS_AT_ONCE, (member) =>
      this.tell([member]).catch((error: unknown) => {
        warn(this.context, `${member.name} was not told of the network: ${messageOf(error)}`);
      }),
    );
  }
}
