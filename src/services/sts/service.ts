import { defineService } from "#kernel/service.ts";
import type { STS } from "#models/sts.ts";
import { callerIdentity } from "./caller-identity.ts";

export const sts = defineService<STS>({
  name: "sts",
  access: { operations: { GetCallerIdentity: { rules: [] } } },
  operations: { ...callerIdentity },
});
