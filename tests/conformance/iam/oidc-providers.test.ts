import assert from "node:assert/strict";
import test from "node:test";
import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateOpenIDConnectProviderCommand,
  DeleteOpenIDConnectProviderCommand,
  GetAccountSummaryCommand,
  GetOpenIDConnectProviderCommand,
  ListOpenIDConnectProvidersCommand,
  ListOpenIDConnectProviderTagsCommand,
  RemoveClientIDFromOpenIDConnectProviderCommand,
  TagOpenIDConnectProviderCommand,
  UntagOpenIDConnectProviderCommand,
  UpdateOpenIDConnectProviderThumbprintCommand,
} from "@aws-sdk/client-iam";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

test("a provider is made, changed, listed and deleted", async () => {
  covers(
    "iam.CreateOpenIDConnectProvider",
    "iam.GetOpenIDConnectProvider",
    "iam.ListOpenIDConnectProviders",
    "iam.AddClientIDToOpenIDConnectProvider",
    "iam.RemoveClientIDFromOpenIDConnectProvider",
    "iam.UpdateOpenIDConnectProviderThumbprint",
    "iam.DeleteOpenIDConnectProvider",
    "iam.GetAccountSummary",
  );
  const account = tule.newAccount();
  const iam = iamOf(tule, account);
  const Url = "https://accounts.example.com/tenant/";
  const arn = `arn:aws:iam::${account}:oidc-provider/accounts.example.com/tenant/`;
  const made = await iam.send(
    new CreateOpenIDConnectProviderCommand({
      Url,
      ClientIDList: ["one"],
      ThumbprintList: ["0".repeat(40)],
      Tags: [{ Key: "team", Value: "blue" }],
    }),
  );
  assert.equal(made.OpenIDConnectProviderArn, arn);
  assert.deepEqual(made.Tags, [{ Key: "team", Value: "blue" }]);
  await assert.rejects(iam.send(new CreateOpenIDConnectProviderCommand({ Url })), {
    name: "EntityAlreadyExistsException",
    message: `Provider with url ${Url} already exists.`,
  });
  const of = { OpenIDConnectProviderArn: arn };
  for (const ClientID of ["two", "two", "three"]) {
    await iam.send(new AddClientIDToOpenIDConnectProviderCommand({ ...of, ClientID }));
  }
  await iam.send(new RemoveClientIDFromOpenIDConnectProviderCommand({ ...of, ClientID: "one" }));
  const ThumbprintList = ["a".repeat(40)];
  await iam.send(new UpdateOpenIDConnectProviderThumbprintCommand({ ...of, ThumbprintList }));
  const { $metadata: _, ...got } = await iam.send(new GetOpenIDConnectProviderCommand(of));
  assert.deepEqual(got, {
    Url: "accounts.example.com/tenant/",
    ClientIDList: ["two", "three"],
    ThumbprintList,
    CreateDate: got.CreateDate,
    Tags: [{ Key: "team", Value: "blue" }],
  });
  const { OpenIDConnectProviderList: all } = await iam.send(
    new ListOpenIDConnectProvidersCommand({}),
  );
  assert.deepEqual(all, [{ Arn: arn }]);
  const { SummaryMap: summary } = await iam.send(new GetAccountSummaryCommand({}));
  assert.equal(summary?.["Providers"], 1);
  await iam.send(new DeleteOpenIDConnectProviderCommand(of));
  await iam.send(new DeleteOpenIDConnectProviderCommand(of));
  await assert.rejects(iam.send(new GetOpenIDConnectProviderCommand(of)), {
    name: "NoSuchEntityException",
    message: `OpenIDConnect Provider not found for arn ${arn}`,
  });
});

test("a provider's tags come and go", async () => {
  covers(
    "iam.TagOpenIDConnectProvider",
    "iam.UntagOpenIDConnectProvider",
    "iam.ListOpenIDConnectProviderTags",
  );
  const iam = iamOf(tule, tule.newAccount());
  const { OpenIDConnectProviderArn } = await iam.send(
    new CreateOpenIDConnectProviderCommand({ Url: "https://tagged.example.com" }),
  );
  const Tags = [
    { Key: "one", Value: "1" },
    { Key: "two", Value: "2" },
  ];
  await iam.send(new TagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, Tags }));
  await iam.send(
    new UntagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, TagKeys: ["one"] }),
  );
  const { Tags: left } = await iam.send(
    new ListOpenIDConnectProviderTagsCommand({ OpenIDConnectProviderArn }),
  );
  assert.deepEqual(left, [{ Key: "two", Value: "2" }]);
});

test("an issuer's URL is of https, unless it is on this machine", async () => {
  covers("iam.CreateOpenIDConnectProvider");
  const iam = iamOf(tule, tule.newAccount());
  for (const Url of ["http://issuer.example.com", "issuer.example.com", "https://a.b/?c=d"]) {
    await assert.rejects(iam.send(new CreateOpenIDConnectProviderCommand({ Url })), {
      name: "ValidationError",
      message: "Invalid Open ID Connect Provider URL",
    });
  }
  await iam.send(new CreateOpenIDConnectProviderCommand({ Url: "http://localhost:8080/realms/a" }));
});

test("a user makes those providers that its policies name", async () => {
  covers("iam.CreateOpenIDConnectProvider");
  const account = tule.newAccount();
  const keys = await makeUser(
    iamOf(tule, account),
    "maker",
    allowing("iam:*", `arn:aws:iam::${account}:oidc-provider/good.example.com`),
  );
  const iam = iamOf(tule, keys);
  const made = await iam.send(
    new CreateOpenIDConnectProviderCommand({ Url: "https://good.example.com" }),
  );
  await iam.send(
    new GetOpenIDConnectProviderCommand({
      OpenIDConnectProviderArn: made.OpenIDConnectProviderArn!,
    }),
  );
  await assert.rejects(
    iam.send(new CreateOpenIDConnectProviderCommand({ Url: "https://bad.example.com" })),
    { name: "AccessDenied" },
  );
});
