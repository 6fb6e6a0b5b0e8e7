import type { CrossOrigin, Handlers } from "#kernel/service.ts";
import type { CORSRule, S3 } from "#models/s3.ts";
import { BucketSetting } from "./bucket-settings.ts";
import { headersOf, ruleFor } from "./cors-rules.ts";
import { s3Error } from "./errors.ts";
import { findBucket, openBucket } from "./open-bucket.ts";

const cors = new BucketSetting<readonly CORSRule[]>("cors");
const rulesAtMost = 100;
const methods: ReadonlySet<string> = new Set(["GET", "PUT", "POST", "DELETE", "HEAD"]);

export const bucketCors = {
  async GetBucketCors(ctx, input) {
    const rules = await ctx.read((snapshot) =>
      cors.read(snapshot, ctx, openBucket(snapshot, ctx, input)),
    );
    if (rules === undefined) {
      throw s3Error("NoSuchCORSConfiguration", { members: { BucketName: input.Bucket } });
    }
    return { CORSRules: [...rules] };
  },

  async PutBucketCors(ctx, input) {
    const { CORSRules: rules } = input.CORSConfiguration;
    if (rules.length === 0 || rules.length > rulesAtMost) throw s3Error("MalformedXML");
    for (const method of rules.flatMap(({ AllowedMethods }) => AllowedMethods)) {
      if (methods.has(method)) continue;
      // Recorded.
      const message = `Found unsupported HTTP method in CORS config. Unsupported method is ${method}`;
      throw s3Error("InvalidRequest", { message });
    }
    for (const text of rules.flatMap((rule) => [
      ...rule.AllowedOrigins,
      ...(rule.AllowedHeaders ?? []),
    ])) {
      if (text.split("*").length <= 2) continue;
      const message = `AllowedOrigin "${text}" can not have more than one wildcard.`;
      throw s3Error("InvalidRequest", { message });
    }
    await ctx.transact((tx) => cors.put(tx, ctx, openBucket(tx, ctx, input), rules));
  },

  async DeleteBucketCors(ctx, input) {
    await ctx.transact((tx) => cors.delete(tx, ctx, openBucket(tx, ctx, input)));
  },
} satisfies Handlers<S3>;

/** What a bucket lets other sites' pages do. Errors as recorded. */
export const crossOrigin: CrossOrigin = {
  async preflight(ctx, { path, origin, method, headers }) {
    if (origin === undefined) {
      const message = "Insufficient information. Origin request header needed.";
      throw s3Error("BadRequest", { message });
    }
    const [, name = "", ...key] = path.split("/");
    const forbidden = (message: string, resource: string): Error =>
      s3Error("AccessForbidden", {
        message: `CORSResponse: ${message}`,
        members: { Method: method ?? "OPTIONS", ResourceType: resource },
      });
    const found = await ctx.read((snapshot) => {
      const bucket = findBucket(snapshot, ctx, name);
      return bucket && { rules: cors.read(snapshot, ctx, bucket) };
    });
    if (found === undefined) throw forbidden("Bucket not found", "BUCKET");
    if (found.rules === undefined)
      throw forbidden("CORS is not enabled for this bucket.", "BUCKET");
    const ask = { origin, method: method ?? "", headers };
    const rule = ruleFor(found.rules, ask);
    if (rule !== undefined) return headersOf(rule, ask);
    throw forbidden(
      "This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
      key.join("") === "" ? "BUCKET" : "OBJECT",
    );
  },

  async headers(ctx, { path, origin, method }) {
    const [, name = ""] = path.split("/");
    const rules = await ctx.read((snapshot) => {
      const bucket = findBucket(snapshot, ctx, name);
      return bucket && cors.read(snapshot, ctx, bucket);
    });
    const ask = { origin, method, headers: [] };
    const rule = rules && ruleFor(rules, ask);
    return rule === undefined ? {} : headersOf(rule, ask);
  },
};
