import assert from "node:assert/strict";
import test from "node:test";
import {
  DisableOrganizationsRootCredentialsManagementCommand,
  DisableOrganizationsRootSessionsCommand,
  EnableOrganizationsRootCredentialsManagementCommand,
  EnableOrganizationsRootSessionsCommand,
  ListOrganizationsFeaturesCommand,
} from "@aws-sdk/client-iam";
import { covers } from "../../support/covers.ts";
import { iamOf } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

test("an account without an organization is told so", async () => {
  covers(
    "iam.EnableOrganizationsRootCredentialsManagement",
    "iam.DisableOrganizationsRootCredentialsManagement",
    "iam.EnableOrganizationsRootSessions",
    "iam.DisableOrganizationsRootSessions",
    "iam.ListOrganizationsFeatures",
  );
  const iam = iamOf(tule, tule.newAccount());
  const none = { name: "OrganizationNotFoundException" };
  await assert.rejects(iam.send(new EnableOrganizationsRootCredentialsManagementCommand({})), none);
  await assert.rejects(
    iam.send(new DisableOrganizationsRootCredentialsManagementCommand({})),
    none,
  );
  await assert.rejects(iam.send(new EnableOrganizationsRootSessionsCommand({})), none);
  await assert.rejects(iam.send(new DisableOrganizationsRootSessionsCommand({})), none);
  await assert.rejects(iam.send(new ListOrganizationsFeaturesCommand({})), none);
});
