import { rootOf } from "#kernel/identity.ts";
import { json, PageProblem, type OwnPage } from "./page.ts";

/** What DynamoDB's tables cost a month: `/_tule/cost`, or of another account or region `/_tule/cost/ACCOUNT/REGION`. */
export const cost: OwnPage = {
  access: "owner",
  async GET({ options, item }) {
    const { kernel, defaultAccount, defaultRegion } = options;
    const [account, region, ...more] = item?.split("/") ?? [defaultAccount, defaultRegion];
    if (!/^\d{12}$/.test(account ?? "") || region === undefined || more.length > 0) {
      throw new PageProblem(400, "say an account and a region: cost/123456789012/us-east-1");
    }
    const service = "dynamodb";
    const report = kernel.services.get(service)?.reports.get("cost");
    if (report === undefined) throw new PageProblem(404, "this server has no DynamoDB");
    const ctx = kernel.context({
      service,
      operation: "cost",
      account: account!,
      region,
      caller: rootOf(account!),
      requestId: kernel.world.random.uuid(),
    });
    return json(200, await report(ctx));
  },
};
