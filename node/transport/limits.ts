/** Sizes, times and bounds of the transport, each with its reason. */
import { NONCE_BYTES, TAG_BYTES } from '../crypto/box.ts';
import { ID_BYTES } from '../id.ts';
import { RECORD_BYTES } from '../identity/record.ts';

/** Fits the IPv6 minimum path and every tunnel people use (PROTOCOL.md 2). */
export const DATAGRAM_BYTES = 1400;
export const TAG_OF_NETWORK_BYTES = 8;
/** version ‖ network tag ‖ kind ‖ sender ‖ nonce. */
export const HEADER_BYTES = 1 + TAG_OF_NETWORK_BYTES + 1 + ID_BYTES + NONCE_BYTES;
/** Of an HMAC-SHA256: nobody gets 2^127 tries within a ticket's life. */
export const TICKET_BYTES = 16;
/** Every hello is this long: room for a record, and longer than any answer to it. */
export const HELLO_BYTES = 512;
/** What of a hello lies outside its box: header, ticket, kind of sender, record. */
export const HELLO_CLEAR_BYTES = HEADER_BYTES + TICKET_BYTES + 1 + RECORD_BYTES;
/** header ‖ ticket; shorter than anything it answers. */
export const CHALLENGE_BYTES = HEADER_BYTES + TICKET_BYTES;
/** Room for messages in a datagram: after ticket, flags and a renewed ticket. */
export const BODY_BYTES =
  DATAGRAM_BYTES - HEADER_BYTES - TAG_BYTES - TICKET_BYTES - 1 - TICKET_BYTES;
/** id u32 ‖ index u8 ‖ count u8. */
export const FRAGMENT_HEADER_BYTES = 6;
/** Each more fragment makes loss of the whole more likely (PROTOCOL.md 2). */
export const MAX_FRAGMENTS = 8;
/** The longest message; what is longer must be asked for in parts. */
export const MAX_MESSAGE_BYTES = MAX_FRAGMENTS * (BODY_BYTES - FRAGMENT_HEADER_BYTES);

/** Counts are reported, budgets refilled, silence noticed this often. */
export const TICK_MS = 1000;
/** A secret's turn; tickets live one to two of them. PROTOCOL.md asks for 10 s or more. */
export const ROTATION_TICKS = 20;
/** Counters are shared by all remotes, so the window spans what is sent to others meanwhile. */
export const REPLAY_WINDOW = 4096;

/** The first wait exceeds 300 ms of round trip; nine tries fail once in 1,000 at 20 % loss. */
export const HELLO_WAITS_MS: readonly number[] = [
  400, 500, 700, 1000, 1400, 2000, 3000, 4000, 5000,
];
/** Hellos to one remote per tick, however often it challenges. */
export const HELLOS_PER_TICK = 5;
/** Hellos remembered to recognise their welcome: those of one handshake. */
export const MAX_PENDING_HELLOS = 16;

/** Bytes and messages waiting for one remote: about a second of the busiest. */
export const MAX_OUTBOX_MESSAGES = 512;
export const MAX_OUTBOX_BYTES = 256 * 1024;

/** Members with a link. Whoever is connected to more than so many knows more than its share. */
export const MAX_MEMBERS = 8192;
/** Clients and unknown peers with a session; a session is about 2 KiB. */
export const MAX_STRANGERS = 2048;
/** So that filling the strangers' table takes many addresses. */
export const MAX_STRANGERS_PER_IP = 64;
/** Bans remembered; each cost its identity the work of minting. */
export const MAX_BANNED = 65_536;

/** Key agreements for strangers (0.1 ms each): a tenth of a core. */
export const STRANGER_KEYS_PER_TICK = 500;
/** Challenges to whom we have no session with; a flood beyond it goes unanswered. */
export const CHALLENGES_PER_TICK = 2000;

/** Messages of one remote under reassembly, their age, and the bytes of all remotes together. */
export const MAX_PARTIALS_PER_REMOTE = 4;
export const PARTIAL_TICKS = 5;
export const MAX_PARTIAL_BYTES = 4 * 1024 * 1024;
/**
 * A gap is looked for this often: fragments leave together, so what has not come in the time of a
 * far round trip's jitter is lost.
 */
export const MISSING_MS = 150;
/** At 10 % loss both ways a fragment fails each ask with 0.19: twelve asks leave 10^-9 of them. */
export const MAX_MISSING_ASKS = 12;
/** Fragmented messages kept per remote to send parts again: those it can have under reassembly. */
export const MAX_RESENDABLE_PER_REMOTE = MAX_PARTIALS_PER_REMOTE;
/** Of all remotes together; the oldest go first. */
export const MAX_RESENDABLE_BYTES = 2 * 1024 * 1024;
/** Fragments sent again for one message: its eight, and twice as many for lost ones and lost asks. */
export const MAX_RESENT_FRAGMENTS = 3 * MAX_FRAGMENTS;
/** Messages remembered as whole: more than arrive from all remotes while an ask is under way. */
export const MAX_WHOLE_KEPT = 1024;

/** Remotes whose word on our own endpoint is kept, newest first. */
export const MAX_OBSERVERS = 32;
/** Fewer than these say nothing: one liar among them must not be able to decide. */
export const MIN_OBSERVERS = 3;

/** Messages handled in one slice while the process keeps up: 20,000 a second, more than a core does. */
export const MAX_INTAKE = 2000;
/** And however late it runs: ten times what a peer under the load of a testnet gets. */
export const MIN_INTAKE = 200;
/** Short, so that what waits for the next slice waits no longer than a wide-area round trip. */
export const INTAKE_SLICE_MS = 100;
/** A timer this late says that the process has more to do than it can. */
export const INTAKE_LATE_MS = 50;
/** What waits beyond the budget: some slices' worth. One remote can't fill it. */
export const MAX_INBOX_MESSAGES = 1024;
export const MAX_INBOX_BYTES = 1024 * 1024;
export const MAX_INBOX_PER_REMOTE = 128;
