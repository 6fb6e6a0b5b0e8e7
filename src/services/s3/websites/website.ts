import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Website, WebsiteAnswer, WebsiteRequest } from "#kernel/service.ts";
import type { GetObjectOutput, WebsiteConfiguration } from "#models/s3.ts";
import { s3Error } from "../errors.ts";
import { findBucket } from "../open-bucket.ts";
import { errorPage } from "./error-page.ts";
import { redirectAll, redirectBy, type Redirection } from "./routing-rules.ts";
import { noSuchWebsite, website } from "./website-configuration.ts";

/*
 * Buckets as websites: visitors sign nothing, so they see what the bucket's policy shows to everybody.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
 */
export const websites: Website = {
  operation: "GetObject",

  async answer(ctx, request, get) {
    try {
      const configuration = await configurationOf(ctx, request);
      return await visited(configuration, request, get);
    } catch (failure) {
      if (!(failure instanceof ServiceError)) throw failure;
      return {
        kind: "page",
        status: failure.status ?? 400,
        html: errorPage(failure, ctx.requestId),
      };
    }
  },
};

type Get = Parameters<Website["answer"]>[2];

async function configurationOf(
  ctx: Context,
  { bucket: name, method }: WebsiteRequest,
): Promise<WebsiteConfiguration> {
  if (method !== "GET" && method !== "HEAD") {
    throw s3Error("MethodNotAllowed", { members: { Method: method, ResourceType: "OBJECT" } });
  }
  return ctx.read((snapshot) => {
    const bucket = findBucket(snapshot, ctx, name);
    if (bucket === undefined) throw s3Error("NoSuchBucket", { members: { BucketName: name } });
    const found = website.read(snapshot, ctx, bucket);
    if (found === undefined) throw noSuchWebsite(name);
    return found;
  });
}

async function visited(
  configuration: WebsiteConfiguration,
  request: WebsiteRequest,
  get: Get,
): Promise<WebsiteAnswer> {
  const { bucket: Bucket, path, conditions } = request;
  const all = redirectAll(configuration, request, path);
  if (all !== undefined) return redirection(all);
  const asked = decodedKey(path);
  const early = redirectBy(configuration.RoutingRules, request, asked, undefined);
  if (early !== undefined) return redirection(early);
  const suffix = configuration.IndexDocument?.Suffix ?? "";
  const isFolder = asked === "" || asked.endsWith("/");
  const key = isFolder ? asked + suffix : asked;
  try {
    const output = (await get({ Bucket, Key: key, ...conditions })) as GetObjectOutput;
    const { WebsiteRedirectLocation: location } = output;
    if (location === undefined) return { kind: "object", output };
    await closed(output);
    return redirection({ status: 301, location });
  } catch (failure) {
    if (!(failure instanceof ServiceError) || failure.status === 304) throw failure;
    const { status = 400 } = failure;
    const late = redirectBy(configuration.RoutingRules, request, asked, status);
    if (late !== undefined) return redirection(late);
    if (!isFolder && (status === 404 || status === 403)) {
      const index = await get({ Bucket, Key: `${asked}/${suffix}` }).catch(() => undefined);
      if (index !== undefined) {
        await closed(index as GetObjectOutput);
        return redirection({ status: 302, location: `${path}/` });
      }
    }
    return errorAnswer(configuration, request, get, failure);
  }
}

/** The error document, with the error's status; without one, or if it fails, a page that says what went wrong. */
async function errorAnswer(
  { ErrorDocument: document }: WebsiteConfiguration,
  { bucket: Bucket, requestId }: WebsiteRequest,
  get: Get,
  failure: ServiceError,
): Promise<WebsiteAnswer> {
  const { status = 400 } = failure;
  if (document === undefined) throw failure;
  try {
    const output = (await get({ Bucket, Key: document.Key })) as GetObjectOutput;
    return { kind: "object", output, status };
  } catch (second) {
    if (!(second instanceof ServiceError)) throw second;
    return { kind: "page", status, html: errorPage(failure, requestId, second) };
  }
}

const redirection = ({ status, location }: Redirection): WebsiteAnswer => ({
  kind: "redirect",
  status,
  location,
});

/** Nobody reads it: what it holds is let go of. */
async function closed({ Body: body }: GetObjectOutput): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) return;
  await body[Symbol.asyncIterator]().return?.();
}

function decodedKey(path: string): string {
  try {
    return decodeURIComponent(path.slice(1));
  } catch {
    return path.slice(1);
  }
}
