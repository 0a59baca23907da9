/** All links, bounded in number, those of strangers also per address. */
import type { Id } from '../id.ts';
import type { Link } from './link.ts';
import { MAX_MEMBERS, MAX_STRANGERS, MAX_STRANGERS_PER_IP } from './limits.ts';

export class LinkTable {
  readonly #links = new Map<Id, Link>();
  #members = 0;

  get(id: Id): Link | undefined {
    return this.#links.get(id);
  }

  values(): Iterable<Link> {
    return this.#links.values();
  }

  /** False when there is no room; no session ends for a newcomer's, so floods can't end any. */
  add(link: Link): boolean {
    const hasRoom = link.isMember ? this.#hasRoomForMember() : this.#hasRoomFor(link.endpoint.ip);
    if (!hasRoom) return false;
    this.#links.set(link.id, link);
    if (link.isMember) this.#members += 1;
    return true;
  }

  /** A stranger turned out to be a member. */
  promote(link: Link): void {
    if (link.isMember || this.#members >= MAX_MEMBERS) return;
    link.isMember = true;
    this.#members += 1;
  }

  /** Beyond the room for strangers: it is there already, and has members' patience no more. */
  demote(link: Link): void {
    if (!link.isMember || this.#links.get(link.id) !== link) return;
    link.isMember = false;
    this.#members -= 1;
  }

  remove(link: Link): void {
    link.cancelTimers();
    if (this.#links.get(link.id) !== link) return;
    this.#links.delete(link.id);
    if (link.isMember) this.#members -= 1;
  }

  /** A member without a session is known elsewhere: its link is made again when it is needed. */
  #hasRoomForMember(): boolean {
    if (this.#members < MAX_MEMBERS) return true;
    for (const link of this.#links.values()) {
      if (!link.isMember || link.up || link.helloTimer !== null) continue;
      this.remove(link);
      return true;
    }
    return false;
  }

  #hasRoomFor(ip: string): boolean {
    if (this.#links.size - this.#members >= MAX_STRANGERS) return false;
    let same = 0;
    for (const link of this.#links.values()) {
      if (!link.isMember && link.endpoint.ip === ip) same += 1;
    }
    return same < MAX_STRANGERS_PER_IP;
  }
}
