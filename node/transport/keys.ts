/** The two keys of a link, one per direction (PROTOCOL.md 2). */
import { BOX_KEY_BYTES, BoxKey } from '../crypto/box.ts';
import { hkdf } from '../crypto/hkdf.ts';
import { x25519 } from '../crypto/x25519.ts';
import { idToBytes, type Id } from '../id.ts';

export interface LinkKeys {
  readonly seal: BoxKey;
  readonly open: BoxKey;
}

const LABEL = new TextEncoder().encode('minefield-lab datagram 1');

/** HKDF-SHA256(X25519(static, static), salt = network, info = label ‖ sender ‖ receiver); null: bad key. */
export function linkKeys(
  network: Id,
  self: { readonly id: Id; readonly privateKey: Uint8Array },
  remote: { readonly id: Id; readonly transportKey: Uint8Array },
): LinkKeys | null {
  const secret = x25519(self.privateKey, remote.transportKey);
  if (secret === null) return null;
  const key = (sender: Id, receiver: Id): BoxKey => {
    const info = Buffer.concat([LABEL, idToBytes(sender), idToBytes(receiver)]);
    return new BoxKey(hkdf(secret, idToBytes(network), info, BOX_KEY_BYTES));
  };
  return { seal: key(self.id, remote.id), open: key(remote.id, self.id) };
}
