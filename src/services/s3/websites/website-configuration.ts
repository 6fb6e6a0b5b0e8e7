import type { Handlers } from "#kernel/service.ts";
import type { RoutingRule, S3, WebsiteConfiguration } from "#models/s3.ts";
import { BucketSetting } from "../bucket-settings.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { openBucket } from "../open-bucket.ts";

export const website = new BucketSetting<WebsiteConfiguration>("website");

const rulesAtMost = 50;

export const websiteConfiguration = {
  async GetBucketWebsite(ctx, input) {
    const found = await ctx.read((snapshot) =>
      website.read(snapshot, ctx, openBucket(snapshot, ctx, input)),
    );
    if (found === undefined) throw noSuchWebsite(input.Bucket);
    return found;
  },

  async PutBucketWebsite(ctx, input) {
    checkConfiguration(input.WebsiteConfiguration);
    await ctx.transact((tx) =>
      website.put(tx, ctx, openBucket(tx, ctx, input), input.WebsiteConfiguration),
    );
  },

  async DeleteBucketWebsite(ctx, input) {
    await ctx.transact((tx) => website.delete(tx, ctx, openBucket(tx, ctx, input)));
  },
} satisfies Handlers<S3>;

export const noSuchWebsite = (name: string): Error =>
  s3Error("NoSuchWebsiteConfiguration", { members: { BucketName: name } });

/** Words and their order as recorded. */
function checkConfiguration(configuration: WebsiteConfiguration): void {
  const { RedirectAllRequestsTo: all, IndexDocument, ErrorDocument, RoutingRules } = configuration;
  if (all !== undefined) {
    if (IndexDocument ?? ErrorDocument ?? RoutingRules) {
      const message =
        "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.";
      throw invalidArgument(message, "RedirectAllRequestsTo", "not null");
    }
    checkProtocol(all.Protocol);
    return;
  }
  if (IndexDocument === undefined) {
    const message =
      "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty";
    throw invalidArgument(message, "IndexDocument", "null");
  }
  const { Suffix: suffix } = IndexDocument;
  if (suffix === "" || suffix.includes("/")) {
    const message = "The IndexDocument Suffix is not well formed";
    throw invalidArgument(message, "IndexDocument", suffix);
  }
  if (ErrorDocument?.Key === "") {
    throw invalidArgument("The ErrorDocument Key is not well formed", "ErrorDocument", "");
  }
  if (RoutingRules !== undefined) {
    if (RoutingRules.length === 0 || RoutingRules.length > rulesAtMost)
      throw s3Error("MalformedXML");
    for (const rule of RoutingRules) checkRule(rule);
  }
}

function checkRule({ Condition, Redirect }: RoutingRule): void {
  const invalid = (message: string): Error => s3Error("InvalidRequest", { message });
  if (Redirect.ReplaceKeyWith !== undefined && Redirect.ReplaceKeyPrefixWith !== undefined) {
    throw invalid("You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
  }
  if (
    Condition !== undefined &&
    Condition.KeyPrefixEquals === undefined &&
    Condition.HttpErrorCodeReturnedEquals === undefined
  ) {
    throw invalid(
      "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
    );
  }
  checkProtocol(Redirect.Protocol);
}

function checkProtocol(protocol: string | undefined): void {
  if (protocol === undefined || protocol === "http" || protocol === "https") return;
  const message =
    "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.";
  throw s3Error("InvalidRequest", { message });
}
