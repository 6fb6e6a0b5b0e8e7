import type {
  EncryptionAlgorithmSpec,
  KeySpec,
  KeyUsageType,
  MacAlgorithmSpec,
  SigningAlgorithmSpec,
} from "#models/kms.ts";

/*
 * What each key spec is and can do. Source: KMS Developer Guide, symm-asymm-choose-key-spec ("Key spec reference").
 */

/** How the material is made: bytes of chance, or a pair of keys. */
export type MaterialForm =
  | { readonly kind: "bytes"; readonly length: number }
  | { readonly kind: "rsa"; readonly bits: number }
  | { readonly kind: "ec"; readonly curve: string }
  | { readonly kind: "named"; readonly type: "ed25519" | PostQuantumType };

type PostQuantumType = `ml-dsa-${44 | 65 | 87}` | `ml-kem-${512 | 768 | 1024}`;

export interface SpecFacts {
  readonly form: MaterialForm;
  readonly usages: readonly KeyUsageType[];
  readonly signing?: readonly SigningAlgorithmSpec[];
  readonly mac?: MacAlgorithmSpec;
}

const rsaSigning: readonly SigningAlgorithmSpec[] = [
  "RSASSA_PKCS1_V1_5_SHA_256",
  "RSASSA_PKCS1_V1_5_SHA_384",
  "RSASSA_PKCS1_V1_5_SHA_512",
  "RSASSA_PSS_SHA_256",
  "RSASSA_PSS_SHA_384",
  "RSASSA_PSS_SHA_512",
];

const rsa = (bits: number): SpecFacts => ({
  form: { kind: "rsa", bits },
  usages: ["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
  signing: rsaSigning,
});

const curve = (
  name: string,
  signing: SigningAlgorithmSpec,
  ...more: readonly KeyUsageType[]
): SpecFacts => ({
  form: { kind: "ec", curve: name },
  usages: ["SIGN_VERIFY", ...more],
  signing: [signing],
});

const hmac = (bits: number, mac: MacAlgorithmSpec): SpecFacts => ({
  form: { kind: "bytes", length: bits / 8 },
  usages: ["GENERATE_VERIFY_MAC"],
  mac,
});

const lattice = (bits: 44 | 65 | 87): SpecFacts => ({
  form: { kind: "named", type: `ml-dsa-${bits}` },
  usages: ["SIGN_VERIFY"],
  signing: ["ML_DSA_SHAKE_256"],
});

const encapsulating = (bits: 512 | 768 | 1024): SpecFacts => ({
  form: { kind: "named", type: `ml-kem-${bits}` },
  usages: ["ENCAPSULATE_DECAPSULATE"],
});

/** SM2 is not among them: it is not built. */
const factsOfSpecs: Readonly<Record<Exclude<KeySpec, "SM2">, SpecFacts>> = {
  SYMMETRIC_DEFAULT: { form: { kind: "bytes", length: 32 }, usages: ["ENCRYPT_DECRYPT"] },
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  ECC_NIST_P256: curve("prime256v1", "ECDSA_SHA_256", "KEY_AGREEMENT"),
  ECC_NIST_P384: curve("secp384r1", "ECDSA_SHA_384", "KEY_AGREEMENT"),
  ECC_NIST_P521: curve("secp521r1", "ECDSA_SHA_512", "KEY_AGREEMENT"),
  ECC_SECG_P256K1: curve("secp256k1", "ECDSA_SHA_256"),
  ECC_NIST_EDWARDS25519: {
    form: { kind: "named", type: "ed25519" },
    usages: ["SIGN_VERIFY"],
    signing: ["ED25519_SHA_512", "ED25519_PH_SHA_512"],
  },
  HMAC_224: hmac(224, "HMAC_SHA_224"),
  HMAC_256: hmac(256, "HMAC_SHA_256"),
  HMAC_384: hmac(384, "HMAC_SHA_384"),
  HMAC_512: hmac(512, "HMAC_SHA_512"),
  ML_DSA_44: lattice(44),
  ML_DSA_65: lattice(65),
  ML_DSA_87: lattice(87),
  ML_KEM_512: encapsulating(512),
  ML_KEM_768: encapsulating(768),
  ML_KEM_1024: encapsulating(1024),
};

/** Undefined for SM2. */
export function factsOfSpec(spec: KeySpec): SpecFacts | undefined {
  return spec === "SM2" ? undefined : factsOfSpecs[spec];
}

/** The facts of a key that was made: there is none of a spec that is not built. */
export function factsOfKey({ spec }: { readonly spec: KeySpec }): SpecFacts {
  const facts = factsOfSpec(spec);
  if (facts === undefined) throw new Error(`no key has the spec ${spec}`);
  return facts;
}

export function encryptionAlgorithmsOf(
  spec: KeySpec,
  usage: KeyUsageType,
): EncryptionAlgorithmSpec[] | undefined {
  if (usage !== "ENCRYPT_DECRYPT") return undefined;
  return spec === "SYMMETRIC_DEFAULT"
    ? ["SYMMETRIC_DEFAULT"]
    : ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"];
}

export function isAsymmetric(spec: KeySpec): boolean {
  return factsOfSpec(spec)?.form.kind !== "bytes";
}
