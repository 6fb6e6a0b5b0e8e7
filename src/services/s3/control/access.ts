import type { ServiceAccess } from "#kernel/authorization/access.ts";

/** Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3". */
export const controlAccess: ServiceAccess = {
  denial: { code: "AccessDenied", status: 403, quotesResource: true },
  operations: {
    GetPublicAccessBlock: {
      rules: [{ action: "s3:GetAccountPublicAccessBlock", resource: "*" }],
    },
    PutPublicAccessBlock: {
      rules: [{ action: "s3:PutAccountPublicAccessBlock", resource: "*" }],
    },
    DeletePublicAccessBlock: {
      rules: [{ action: "s3:PutAccountPublicAccessBlock", resource: "*" }],
    },
    ListTagsForResource: {
      rules: [{ action: "s3:ListTagsForResource", resource: "{ResourceArn}" }],
    },
    TagResource: { rules: [{ action: "s3:TagResource", resource: "{ResourceArn}" }] },
    UntagResource: { rules: [{ action: "s3:UntagResource", resource: "{ResourceArn}" }] },
  },
};
