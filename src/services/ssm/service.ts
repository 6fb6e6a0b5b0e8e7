import { defineService } from "#kernel/service.ts";
import type { SSM } from "#models/ssm.ts";
import { ssmAccess } from "./access.ts";
import { listParameters } from "./list-parameters.ts";
import { parameters } from "./parameters.ts";
import { expireParameter, putParameter } from "./put-parameter.ts";
import { tags } from "./tags.ts";

/** Of Systems Manager, the Parameter Store. */
export const ssm = defineService<SSM>({
  name: "ssm",
  access: ssmAccess,
  operations: { ...putParameter, ...parameters, ...listParameters, ...tags },
  jobs: { expireParameter },
});
