import { json, PageProblem, type OwnPage } from "./page.ts";

/** Why policies denied a request: `denials/REQUEST-ID`, of the latest thousand denials since the process began. */
export const denials: OwnPage = {
  access: "owner",
  GET({ options, item }) {
    if (item === undefined) throw new PageProblem(400, "name the request: denials/REQUEST-ID");
    const denial = options.kernel.authorizer.denialOf(item);
    if (denial === undefined) {
      throw new PageProblem(404, `no policy has denied a request ${item} lately`);
    }
    const { principal, action, resource, message, decision } = denial;
    return json(200, {
      requestId: item,
      message,
      principal: principal.arn,
      action,
      resource,
      decision: decision.decision,
      layer: decision.layer,
      statements: decision.by,
    });
  },
};
