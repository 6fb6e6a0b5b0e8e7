/** Four bytes of an IPv4 address, sixteen of an IPv6 one. */
export function addressBytes(host: string): Buffer {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1] ?? host;
  if (/^\d+\.\d+\.\d+\.\d+$/.test(mapped)) return Buffer.from(mapped.split(".").map(Number));
  const [head = "", tail] = host.split("::");
  const words = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16));
  const before = words(head);
  const after = words(tail ?? "");
  const bytes = Buffer.alloc(16);
  before.forEach((word, index) => bytes.writeUInt16BE(word & 0xffff, index * 2));
  after.forEach((word, index) =>
    bytes.writeUInt16BE(word & 0xffff, 16 - 2 * (after.length - index)),
  );
  return bytes;
}
