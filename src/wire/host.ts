/** What a host name says: `sqs.us-east-1.amazonaws.com`, `photos.s3.localhost.localstack.cloud`, `photos.localhost`. */
import { routes } from "#models/routes.ts";

export interface HostMeaning {
  service?: string;
  /** Of S3's virtual-hosted style. */
  bucket?: string;
  /** The host is where S3 shows the bucket as a website. */
  isWebsite?: true;
}

// Our own names and AWS's. The names under localstack.cloud resolve to 127.0.0.1 everywhere, so clients use them.
const baseDomains = [
  ".localhost.localstack.cloud",
  ".amazonaws.com",
  ".amazonaws.com.cn",
  ".localhost",
];

const regionForm = /^[a-z]{2}(-[a-z]+)+-\d$/;

const byEndpointPrefix = new Map<string, string>(
  Object.entries(routes)
    .toReversed()
    .map(([id, { endpointPrefix }]) => [endpointPrefix, id]),
);
byEndpointPrefix.set("s3-control", "s3control");
// SQS's first name, which old queue URLs and version 1 of the AWS CLI still have.
byEndpointPrefix.set("queue", "sqs");

/** `host` may have a port. Names that say nothing (an address, "localhost", a container's name) give `{}`. */
export function parseHost(host: string): HostMeaning {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  const base = baseDomains.find((domain) => name.endsWith(domain));
  if (base === undefined) return {};
  const labels = name
    .slice(0, -base.length)
    .split(".")
    .filter((label) => label !== "dualstack");
  // Some services put the region after their name, some (and old clients) before it or nowhere.
  if (regionForm.test(labels.at(-1) ?? "")) labels.pop();
  if (/^s3-website(-[a-z]{2}(-[a-z]+)+-\d)?$/.test(labels.at(-1) ?? "") && labels.length > 1) {
    return { service: "s3", bucket: labels.slice(0, -1).join("."), isWebsite: true };
  }
  for (const length of [2, 1]) {
    const service = byEndpointPrefix.get(labels.slice(-length).join("."));
    if (service === undefined || labels.length < length) continue;
    const before = labels.slice(0, -length).join(".");
    return service === "s3" && before !== "" ? { service, bucket: before } : { service };
  }
  if (labels.at(-1) === "s3-accelerate" && labels.length > 1) {
    return { service: "s3", bucket: labels.slice(0, -1).join(".") };
  }
  const isOldRegional = /^s3-[a-z]{2}-/.test(labels.at(-1) ?? "");
  if (isOldRegional) {
    const before = labels.slice(0, -1).join(".");
    return before === "" ? { service: "s3" } : { service: "s3", bucket: before };
  }
  return base === ".localhost" && labels.length > 0 && labels[0] !== ""
    ? { service: "s3", bucket: labels.join(".") }
    : {};
}
