import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";

/*
 * What symmetric keys encrypt, as clients keep it. The header says which key and which of its materials; so Decrypt needs
 * no key's id, and old ciphertexts open after rotations. Regions are no part of it: keys that are related through
 * regions open each other's.
 *
 *     0  version, 1
 *     1  length of the next, one byte
 *     2  "account/key id"
 *        material id, 32 bytes
 *        salt, 16 bytes: the key of this message is HMAC-SHA-256(material, label, salt)
 *        initialization vector, 12 bytes
 *        AES-256-GCM ciphertext, and its tag of 16 bytes
 *
 * The header and the encryption context are authenticated. A message has a key of its own, so vectors never meet.
 */

const version = 1;
const materialIdBytes = 32;
const saltBytes = 16;
const ivBytes = 12;
const tagBytes = 16;
/** What `sealMessage` needs of chance. */
export const messageChanceBytes = saltBytes + ivBytes;

export interface MessageHeader {
  readonly account: string;
  readonly keyId: string;
  /** 64 hexadecimal digits. */
  readonly materialId: string;
}

export type EncryptionContext = Readonly<Record<string, string>>;

export function sealMessage(
  header: MessageHeader,
  material: Buffer,
  plain: Uint8Array,
  context: EncryptionContext | undefined,
  chance: Buffer,
): Buffer {
  const salt = chance.subarray(0, saltBytes);
  const iv = chance.subarray(saltBytes, messageChanceBytes);
  const start = Buffer.concat([headerBytes(header), salt, iv]);
  const cipher = createCipheriv("aes-256-gcm", messageKey(material, salt), iv);
  cipher.setAAD(Buffer.concat([start, contextBytes(context)]));
  return Buffer.concat([start, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined for what is no ciphertext of ours. */
export function parseHeader(blob: Uint8Array): MessageHeader | undefined {
  const nameBytes = blob[1] ?? 0;
  if (blob[0] !== version || blob.length < bodyAt(nameBytes) + tagBytes) return undefined;
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.length);
  const [account = "", keyId = ""] = bytes.toString("latin1", 2, 2 + nameBytes).split("/");
  const materialId = bytes.toString("hex", 2 + nameBytes, 2 + nameBytes + materialIdBytes);
  return { account, keyId, materialId };
}

/** Undefined unless all of it, and the context, is as it was sealed. */
export function openMessage(
  blob: Uint8Array,
  material: Buffer,
  context: EncryptionContext | undefined,
): Buffer | undefined {
  const at = bodyAt(blob[1] ?? 0);
  const start = blob.subarray(0, at);
  const salt = blob.subarray(at - messageChanceBytes, at - ivBytes);
  const iv = blob.subarray(at - ivBytes, at);
  const decipher = createDecipheriv("aes-256-gcm", messageKey(material, salt), iv);
  decipher.setAAD(Buffer.concat([start, contextBytes(context)]));
  decipher.setAuthTag(blob.subarray(-tagBytes));
  try {
    const plain = decipher.update(blob.subarray(at, -tagBytes));
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    return undefined;
  }
}

const bodyAt = (nameBytes: number): number => 2 + nameBytes + materialIdBytes + messageChanceBytes;

function headerBytes({ account, keyId, materialId }: MessageHeader): Buffer {
  const name = Buffer.from(`${account}/${keyId}`, "latin1");
  return Buffer.concat([Buffer.from([version, name.length]), name, Buffer.from(materialId, "hex")]);
}

function messageKey(material: Buffer, salt: Uint8Array): Buffer {
  return createHmac("sha256", material).update("kms message").update(salt).digest();
}

/** Pairs in the order of their keys; each text follows its length, so that no two contexts look alike. */
function contextBytes(context: EncryptionContext = {}): Buffer {
  const parts: Buffer[] = [];
  for (const key of Object.keys(context).toSorted()) {
    for (const text of [key, context[key]!]) {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      parts.push(length, bytes);
    }
  }
  return Buffer.concat(parts);
}
