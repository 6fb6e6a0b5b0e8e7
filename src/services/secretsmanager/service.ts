import { defineService } from "#kernel/service.ts";
import type { SecretsManager } from "#models/secretsmanager.ts";
import { secretsManagerAccess } from "./access.ts";
import { listSecrets } from "./list-secrets.ts";
import { randomPassword } from "./random-password.ts";
import { replicateSecret, replication } from "./replication.ts";
import { resourcePolicies } from "./resource-policies.ts";
import { rotation } from "./rotation.ts";
import { secretValues } from "./secret-values.ts";
import { deleteSecret, secrets } from "./secrets.ts";
import { stages } from "./stages.ts";

export const secretsManager = defineService<SecretsManager>({
  name: "secretsmanager",
  access: secretsManagerAccess,
  operations: {
    ...secrets,
    ...secretValues,
    ...stages,
    ...listSecrets,
    ...resourcePolicies,
    ...randomPassword,
    ...rotation,
    ...replication,
  },
  jobs: { deleteSecret, replicateSecret },
});
