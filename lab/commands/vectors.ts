/** `lab vectors PRIMITIVE FILE`: test vectors through exactly the functions that the peer uses. */
import { readFile } from 'node:fs/promises';
import { Argument, Command } from 'commander';
import { z } from 'zod';
import { argon2id } from '../../node/crypto/argon2.ts';
import { BOX_KEY_BYTES, BoxKey, NONCE_BYTES, TAG_BYTES } from '../../node/crypto/box.ts';
import { verifySignature } from '../../node/crypto/ed25519.ts';
import { blake3 } from '../../node/crypto/hash.ts';
import { x25519, X25519_KEY_BYTES } from '../../node/crypto/x25519.ts';
import { decodeMessage, encodeMessage } from '../../node/wire/messages.ts';
import { EXIT, LabError } from '../errors.ts';
import { printJson } from '../terminal/output.ts';

/** Problems that are named; the rest is a number. */
const MAX_NAMED = 5;

const hex = z
  .string('expected bytes in hex')
  .regex(/^(?:[0-9a-f]{2})*$/i, 'expected bytes in hex: an even number of digits 0-9, a-f')
  .transform((text) => Uint8Array.fromHex(text));
/** The limits of RFC 9106 §3.1 are node's to know; these keep a typing error from taking the machine. */
const count = (max: number) => z.int(`expected a whole number from 1 to ${max}`).min(1).max(max);

/** What a primitive says of one vector, its fields besides `id`; null values mean refused. */
type Primitive = z.ZodType<Readonly<Record<string, unknown>>>;

function primitive<S extends z.ZodRawShape>(
  fields: S,
  answer: (vector: z.output<z.ZodObject<S>>) => Readonly<Record<string, unknown>>,
): Primitive {
  // Other fields may be there: publishers say much about their vectors.
  return z.object(fields).transform((vector, context) => {
    try {
      return answer(vector);
    } catch (error) {
      // Node's own word on parameters of Argon2 that don't go together.
      if (!(error instanceof RangeError)) throw error;
      context.addIssue(error.message);
      return z.NEVER;
    }
  });
}

const PRIMITIVES: Readonly<Record<string, Primitive>> = {
  'ed25519-verify': primitive(
    { publicKey: hex, message: hex, signature: hex },
    ({ publicKey, message, signature }) => ({
      valid: verifySignature(publicKey, message, signature),
    }),
  ),
  x25519: primitive({ privateKey: hex, publicKey: hex }, ({ privateKey, publicKey }) => ({
    output:
      privateKey.length === X25519_KEY_BYTES
        ? (x25519(privateKey, publicKey)?.toHex() ?? null)
        : null,
  })),
  'xchacha20poly1305-open': primitive(
    { key: hex, nonce: hex, aad: hex, ciphertext: hex, tag: hex },
    ({ key, nonce, aad, ciphertext, tag }) => {
      const fits =
        key.length === BOX_KEY_BYTES && nonce.length === NONCE_BYTES && tag.length === TAG_BYTES;
      const sealed = Buffer.concat([ciphertext, tag]);
      return {
        plaintext: fits ? (new BoxKey(key).open(nonce, aad, sealed)?.toHex() ?? null) : null,
      };
    },
  ),
  blake3: primitive({ input: hex }, ({ input }) => ({ output: blake3(input).toHex() })),
  argon2id: primitive(
    {
      password: hex,
      salt: hex.refine((salt) => salt.length >= 8, 'expected 8 bytes or more (RFC 9106)'),
      memoryKiB: count(4_194_304),
      passes: count(10_000),
      parallelism: count(255),
      length: count(4096).min(4, 'expected 4 or more (RFC 9106)'),
    },
    (input) => ({ output: argon2id(input).toHex() }),
  ),
  decode: primitive({ bytes: hex }, ({ bytes }) => {
    const message = decodeMessage(bytes);
    if (!message.ok) return { type: null, reencoded: null };
    return { type: message.value.type, reencoded: encodeMessage(message.value).toHex() };
  }),
};

export function vectorsCommand(): Command {
  return new Command('vectors')
    .description('test vectors through the functions that the peer uses')
    .addArgument(
      new Argument('<primitive>', 'what they are vectors of').choices(Object.keys(PRIMITIVES)),
    )
    .argument('<file>', 'a JSON array of vectors, each with an id; bytes in hex')
    .addHelpText(
      'after',
      '\nOutput: a JSON array in the same order. decode takes one message, as it stands behind its length\nin the plaintext of a data datagram (layouts: node/wire/).',
    )
    .action(async (name: string, file: string) => {
      const chosen = PRIMITIVES[name];
      if (chosen === undefined) throw new Error(`commander let ${name} pass`);
      printJson(answers(file, await readText(file), chosen));
    });
}

const list = z.array(z.looseObject({ id: z.union([z.string(), z.number()]) }), {
  error: 'expected an array of vectors',
});

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw wrong(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The answers in the order of the vectors. Throws LabError naming what is wrong, and where. */
function answers(file: string, text: string, chosen: Primitive): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const vectors = list.safeParse(value);
  if (!vectors.success) throw wrong(problems(file, vectors.error.issues));
  const answered: unknown[] = [];
  const issues: z.core.$ZodIssue[] = [];
  for (const [at, vector] of vectors.data.entries()) {
    const answer = chosen.safeParse(vector);
    if (answer.success) answered.push({ id: vector.id, ...answer.data });
    else
      issues.push(...answer.error.issues.map((issue) => ({ ...issue, path: [at, ...issue.path] })));
  }
  if (issues.length > 0) throw wrong(problems(file, issues));
  return answered;
}

function problems(file: string, issues: readonly z.core.$ZodIssue[]): string {
  const named = issues.slice(0, MAX_NAMED);
  const more = issues.length - named.length;
  const lines = named.map(({ path, message }) => `${file}${placeOf(path)}: ${message}`);
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

function placeOf(path: readonly PropertyKey[]): string {
  return path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
}

function wrong(message: string): LabError {
  return new LabError(message, {
    exitCode: EXIT.badUse,
    remedy: 'write a JSON array of objects with an id and the fields of the primitive',
  });
}
