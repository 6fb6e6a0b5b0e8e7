import { defineService } from "#kernel/service.ts";
import type { KMS } from "#models/kms.ts";
import { kmsAccess } from "./access.ts";
import { aliases } from "./aliases.ts";
import { dataKeys } from "./data-keys.ts";
import { encryption } from "./encryption.ts";
import { grants } from "./grants.ts";
import { expireMaterial, imports } from "./imports.ts";
import { keyAgreement } from "./key-agreement.ts";
import { deleteKey, keyDeletion } from "./key-deletion.ts";
import { keyPolicies } from "./key-policies.ts";
import { keys } from "./keys.ts";
import { lastUsage } from "./last-usage.ts";
import { macs } from "./macs.ts";
import { activateReplica, multiRegion } from "./multi-region.ts";
import { rotateKey, rotation } from "./rotation.ts";
import { signing } from "./signing.ts";
import { tags } from "./tags.ts";

export const kms = defineService<KMS>({
  name: "kms",
  access: kmsAccess,
  operations: {
    ...keys,
    ...keyDeletion,
    ...lastUsage,
    ...aliases,
    ...keyPolicies,
    ...tags,
    ...grants,
    ...encryption,
    ...dataKeys,
    ...signing,
    ...macs,
    ...keyAgreement,
    ...rotation,
    ...imports,
    ...multiRegion,
  },
  jobs: { activateReplica, deleteKey, expireMaterial, rotateKey },
});
