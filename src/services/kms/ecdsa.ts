import { createECDH, createHmac, type KeyObject } from "node:crypto";
import type { HashName } from "./prehashed-signatures.ts";

/*
 * ECDSA over a digest that is given (FIPS 186-5, 6.4). Where secrets take part, OpenSSL multiplies on the curve; the
 * nonce follows from key and digest (RFC 6979), so signing needs no chance. To verify, where nothing is secret, points
 * are added here, in Jacobian coordinates.
 */

interface Curve {
  /** As OpenSSL calls it. */
  readonly name: string;
  readonly prime: bigint;
  readonly order: bigint;
  /** The coefficient `a` of the curve's equation. */
  readonly a: bigint;
  readonly bytes: number;
}

function curveOf(name: string, prime: bigint, order: bigint, a: bigint): [string, Curve] {
  return [name, { name, prime, order, a, bytes: Math.ceil(prime.toString(16).length / 2) }];
}

const p256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const p384 = 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n;
const p521 = 2n ** 521n - 1n;
const p256k1 = 2n ** 256n - 2n ** 32n - 977n;

/** Source: SEC 2, version 2.0. */
const curves: ReadonlyMap<string, Curve> = new Map([
  curveOf(
    "prime256v1",
    p256,
    0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    p256 - 3n,
  ),
  curveOf(
    "secp384r1",
    p384,
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    p384 - 3n,
  ),
  curveOf(
    "secp521r1",
    p521,
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    p521 - 3n,
  ),
  curveOf(
    "secp256k1",
    p256k1,
    0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
    0n,
  ),
]);

/** DER. */
export function signDigestOnCurve(key: KeyObject, hash: HashName, digest: Uint8Array): Buffer {
  const curve = curveOfKey(key);
  const { order } = curve;
  const secret = Buffer.from(key.export({ format: "jwk" }).d!, "base64url");
  const message = numberOf(digest);
  for (const nonce of nonces(curve, hash, secret, digest)) {
    const r = multipleOfBase(curve, nonce).x % order;
    const s = modulo(inverse(nonce, order) * (message + r * numberOf(secret)), order);
    if (r !== 0n && s !== 0n) return derOf(r, s);
  }
  throw new Error("nonces never end");
}

export function verifyDigestOnCurve(
  key: KeyObject,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const curve = curveOfKey(key);
  const { order, prime } = curve;
  const [r, s] = numbersOf(Buffer.from(signature)) ?? [0n, 0n];
  if (r <= 0n || r >= order || s <= 0n || s >= order) return false;
  const factor = inverse(s, order);
  const { x, y } = key.export({ format: "jwk" });
  const publicPoint = {
    x: numberOf(Buffer.from(x!, "base64url")),
    y: numberOf(Buffer.from(y!, "base64url")),
    z: 1n,
  };
  const sum = sumOfMultiples(curve, [
    [modulo(numberOf(digest) * factor, order), multipleOfBase(curve, 1n)],
    [modulo(r * factor, order), publicPoint],
  ]);
  if (sum.z === 0n) return false;
  const square = modulo(sum.z * sum.z, prime);
  for (let candidate = r; candidate < prime; candidate += order) {
    if (modulo(candidate * square, prime) === modulo(sum.x, prime)) return true;
  }
  return false;
}

function curveOfKey(key: KeyObject): Curve {
  const name = key.asymmetricKeyDetails?.namedCurve ?? "none";
  const curve = curves.get(name);
  if (curve === undefined) throw new Error(`there is no ECDSA on the curve ${name}`);
  return curve;
}

/** Digests are no longer than the orders of the curves that they are signed on, in bits; so none is cut. */
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);

function bytesOf(number: bigint, length: number): Buffer {
  return Buffer.from(number.toString(16).padStart(2 * length, "0"), "hex");
}

/** What may be tried as the nonce, in order. Source: RFC 6979, 3.2. */
function* nonces(
  { order, bytes }: Curve,
  hash: HashName,
  secret: Buffer,
  digest: Uint8Array,
): Generator<bigint> {
  const mac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer => {
    const hmac = createHmac(hash, key);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  };
  const orderBits = order.toString(2).length;
  const seed = Buffer.concat([
    Buffer.alloc(bytes - secret.length),
    secret,
    bytesOf(numberOf(digest) % order, bytes),
  ]);
  let state: Buffer = Buffer.alloc(digest.length, 1);
  let key: Buffer = Buffer.alloc(digest.length);
  for (const step of [0, 1]) {
    key = mac(key, state, Buffer.from([step]), seed);
    state = mac(key, state);
  }
  for (;;) {
    const parts: Buffer[] = [];
    for (let length = 0; length < bytes; length += state.length) {
      state = mac(key, state);
      parts.push(state);
    }
    const surplusBits = BigInt(bytes * 8 - orderBits);
    const candidate = numberOf(Buffer.concat(parts).subarray(0, bytes)) >> surplusBits;
    if (candidate > 0n && candidate < order) yield candidate;
    key = mac(key, state, Buffer.from([0]));
    state = mac(key, state);
  }
}

/** In Jacobian coordinates: the affine ones are x / z² and y / z³. The point at infinity has z = 0. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

const infinity: Point = { x: 1n, y: 1n, z: 0n };

/** By OpenSSL, in constant time. */
function multipleOfBase({ name, bytes }: Curve, factor: bigint): Point {
  const ecdh = createECDH(name);
  ecdh.setPrivateKey(bytesOf(factor, bytes));
  const point = ecdh.getPublicKey();
  return {
    x: numberOf(point.subarray(1, 1 + bytes)),
    y: numberOf(point.subarray(1 + bytes)),
    z: 1n,
  };
}

function sumOfMultiples(
  curve: Curve,
  [[one, first], [other, second]]: readonly [readonly [bigint, Point], readonly [bigint, Point]],
): Point {
  const both = added(curve, first, second);
  let sum = infinity;
  for (let bit = BigInt(curve.order.toString(2).length); bit >= 0n; bit -= 1n) {
    sum = doubled(curve, sum);
    const hasOne = (one >> bit) & 1n;
    const hasOther = (other >> bit) & 1n;
    if (hasOne === 1n) sum = added(curve, sum, hasOther === 1n ? both : first);
    else if (hasOther === 1n) sum = added(curve, sum, second);
  }
  return sum;
}

function doubled({ prime, a }: Curve, { x, y, z }: Point): Point {
  if (z === 0n || y === 0n) return infinity;
  const ySquare = (y * y) % prime;
  const s = (4n * x * ySquare) % prime;
  const zSquare = (z * z) % prime;
  const m = (3n * x * x + a * zSquare * zSquare) % prime;
  const nextX = modulo(m * m - 2n * s, prime);
  return {
    x: nextX,
    y: modulo(m * (s - nextX) - 8n * ySquare * ySquare, prime),
    z: (2n * y * z) % prime,
  };
}

function added(curve: Curve, one: Point, other: Point): Point {
  if (one.z === 0n) return other;
  if (other.z === 0n) return one;
  const { prime } = curve;
  const oneSquare = (one.z * one.z) % prime;
  const otherSquare = (other.z * other.z) % prime;
  const u = (one.x * otherSquare) % prime;
  const s = (one.y * otherSquare * other.z) % prime;
  const h = modulo(other.x * oneSquare - u, prime);
  const r = modulo(other.y * oneSquare * one.z - s, prime);
  if (h === 0n) return r === 0n ? doubled(curve, one) : infinity;
  const hSquare = (h * h) % prime;
  const hCube = (hSquare * h) % prime;
  const x = modulo(r * r - hCube - 2n * u * hSquare, prime);
  return {
    x,
    y: modulo(r * (u * hSquare - x) - s * hCube, prime),
    z: (h * one.z * other.z) % prime,
  };
}

function modulo(number: bigint, by: bigint): bigint {
  const rest = number % by;
  return rest < 0n ? rest + by : rest;
}

/** By Euclid's algorithm. */
function inverse(number: bigint, by: bigint): bigint {
  let [rest, next] = [by, modulo(number, by)];
  let [before, factor] = [0n, 1n];
  while (next > 1n) {
    const quotient = rest / next;
    [rest, next] = [next, rest - quotient * next];
    [before, factor] = [factor, before - quotient * factor];
  }
  return modulo(factor, by);
}

function derOf(r: bigint, s: bigint): Buffer {
  const body = Buffer.concat([derInteger(r), derInteger(s)]);
  const length = body.length < 128 ? [body.length] : [0x81, body.length];
  return Buffer.concat([Buffer.from([0x30, ...length]), body]);
}

function derInteger(number: bigint): Buffer {
  const hex = number.toString(16);
  const digits = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  const bytes = digits[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits;
  return Buffer.concat([Buffer.from([2, bytes.length]), bytes]);
}

/** The two numbers of a signature; undefined unless it is just as `derOf` writes it. */
function numbersOf(der: Buffer): readonly [bigint, bigint] | undefined {
  const start = der[1] === 0x81 ? 3 : 2;
  const first = der.subarray(start + 2, start + 2 + (der[start + 1] ?? 0));
  const at = start + 2 + first.length;
  const second = der.subarray(at + 2, at + 2 + (der[at + 1] ?? 0));
  if (first.length === 0 || second.length === 0) return undefined;
  const [r, s] = [numberOf(first), numberOf(second)];
  return derOf(r, s).equals(der) ? [r, s] : undefined;
}
