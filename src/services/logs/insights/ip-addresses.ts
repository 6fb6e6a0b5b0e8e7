/** An address as a number of 32 or 128 bits, and which of the two. */
export interface IpAddress {
  readonly version: 4 | 6;
  readonly number: bigint;
}

export function ipAddress(text: string): IpAddress | undefined {
  const four = numberOfFour(text);
  if (four !== undefined) return { version: 4, number: four };
  const six = numberOfSix(text);
  return six === undefined ? undefined : { version: 6, number: six };
}

function numberOfFour(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part)))
    return undefined;
  if (parts.some((part) => Number(part) > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function numberOfSix(text: string): bigint | undefined {
  const [, front = "", last = text] = /^(.*:)([\d.]+\.\d+)$/.exec(text) ?? [];
  let whole = text;
  if (front !== "") {
    const four = numberOfFour(last);
    if (four === undefined) return undefined;
    whole = `${front}${(four >> 16n).toString(16)}:${(four & 0xffffn).toString(16)}`;
  }
  const halves = whole.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<string>(missing).fill("0"), ...tail];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

/** Whether an address is in `10.0.0.0/8` or `2001:db8::/32`. */
export function isInSubnet({ version, number }: IpAddress, subnet: string): boolean {
  const [base = "", bits = ""] = subnet.split("/");
  const from = ipAddress(base);
  const width = version === 4 ? 32 : 128;
  if (from?.version !== version || !/^\d{1,3}$/.test(bits) || Number(bits) > width) return false;
  const shift = BigInt(width - Number(bits));
  return number >> shift === from.number >> shift;
}
