/** A range of addresses, "203.0.113.0/24" or "2001:db8::/32", or a single address. Undefined for what is neither. */
export interface AddressRange {
  readonly bits: readonly number[];
  readonly prefixLength: number;
}

/** The sixteen-bit groups of an address: two of IPv4, eight of IPv6. */
function groupsOf(address: string): number[] | undefined {
  return address.includes(":") ? ipv6Groups(address) : ipv4Groups(address);
}

function ipv4Groups(address: string): number[] | undefined {
  const parts = address.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) {
    return undefined;
  }
  const [a, b, c, d] = parts.map(Number) as [number, number, number, number];
  return [a * 256 + b, c * 256 + d];
}

function ipv6Groups(address: string): number[] | undefined {
  const [head = "", tail, ...more] = address.split("::");
  if (more.length > 0) return undefined;
  const before = groupList(head);
  const after = tail === undefined ? [] : groupList(tail);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 0) return undefined;
  return [...before, ...Array.from({ length: missing }, () => 0), ...after];
}

function groupList(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [at, part] of parts.entries()) {
    if (part.includes(".") && at === parts.length - 1) {
      const mapped = ipv4Groups(part);
      if (mapped === undefined) return undefined;
      groups.push(...mapped);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

export function parseAddressRange(text: string): AddressRange | undefined {
  const [address = "", length, ...more] = text.split("/");
  const bits = groupsOf(address);
  if (bits === undefined || more.length > 0) return undefined;
  const longest = bits.length * 16;
  if (length === undefined) return { bits, prefixLength: longest };
  if (!/^\d{1,3}$/.test(length) || Number(length) > longest) return undefined;
  return { bits, prefixLength: Number(length) };
}

/** Whether the address lies in the range; an address of the other family never does. */
export function isInRange(range: AddressRange, address: string): boolean {
  const bits = groupsOf(address);
  if (bits === undefined || bits.length !== range.bits.length) return false;
  let left = range.prefixLength;
  for (let at = 0; left > 0; at += 1) {
    const shift = left >= 16 ? 0 : 16 - left;
    if (bits[at]! >> shift !== range.bits[at]! >> shift) return false;
    left -= 16;
  }
  return true;
}
