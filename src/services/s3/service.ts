import { defineService } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import { buckets } from "./buckets.ts";
import { deleteObject } from "./delete-object.ts";
import { getObject } from "./get-object.ts";
import { listObjects } from "./list-objects.ts";
import { putObject } from "./put-object.ts";

export const s3 = defineService<S3>({
  name: "s3",
  operations: { ...buckets, ...putObject, ...getObject, ...deleteObject, ...listObjects },
});
