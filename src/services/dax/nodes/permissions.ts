import { CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import { Malformed } from "#engines/dax-protocol/malformed.ts";
import { action, type MethodName } from "#engines/dax-protocol/methods.ts";
import type { RequestContext } from "#kernel/authorization/request-context.ts";
import type { Principal } from "#kernel/identity.ts";
import type { RunningCluster } from "./running-cluster.ts";

/*
 * What a client needs to be allowed of a cluster, whatever the cluster's role may do with the tables. Source: Service
 * Authorization Reference, "Actions, resources, and condition keys for Amazon DynamoDB Accelerator (DAX)"; Developer
 * Guide, "DAX access control". What clients ask for to speak the protocol at all needs nothing but the cluster's account.
 */

interface Permission {
  readonly operation: string;
  readonly actions: readonly string[];
  readonly isTransaction?: boolean;
}

const alone = (operation: string): Permission => ({ operation, actions: [`dax:${operation}`] });

const permissions: Partial<Record<MethodName, Permission>> = {
  getItem: alone("GetItem"),
  putItem: alone("PutItem"),
  updateItem: alone("UpdateItem"),
  deleteItem: alone("DeleteItem"),
  batchGetItem: alone("BatchGetItem"),
  batchWriteItem: alone("BatchWriteItem"),
  query: alone("Query"),
  scan: alone("Scan"),
  transactGetItems: {
    operation: "TransactGetItems",
    actions: ["dax:GetItem"],
    isTransaction: true,
  },
};

const actionsInTransaction: ReadonlyMap<number, string> = new Map([
  [action.put, "dax:PutItem"],
  [action.delete, "dax:DeleteItem"],
  [action.update, "dax:UpdateItem"],
  [action.check, "dax:ConditionCheckItem"],
]);

export interface Asked {
  readonly method: Exclude<MethodName, "authorizeConnection">;
  /** Before the method's first parameter. Stays there. */
  readonly reader: CborReader;
  readonly caller: Principal;
  readonly requestId: string;
  readonly remoteAddress: string | undefined;
}

/** Throws, now or later, AccessDeniedException for what the caller may not do with the cluster. */
export function permit(
  { ctx, arn }: RunningCluster,
  { method, reader, caller, requestId, remoteAddress }: Asked,
): void | Promise<void> {
  const permission = permissionFor(method, reader);
  if (permission === undefined) return undefined;
  const { operation, actions, isTransaction } = permission;
  const keys = keysOf(isTransaction === true ? operation : undefined, remoteAddress);
  return ctx.permit({ caller, operation, requestId, actions, resource: arn, keys });
}

function permissionFor(method: MethodName, reader: CborReader): Permission | undefined {
  if (method !== "transactWriteItems") return permissions[method];
  // The first parameter is the list of the actions' numbers.
  const ahead = new CborReader(reader.bytes, reader.at);
  const actions = new Set<string>();
  for (const _ of ahead.elements()) {
    const name = actionsInTransaction.get(ahead.integer());
    if (name === undefined) throw new Malformed("an unknown action");
    actions.add(name);
  }
  return { operation: "TransactWriteItems", actions: [...actions], isTransaction: true };
}

/** Worked out when a condition asks. */
function keysOf(
  enclosingOperation: string | undefined,
  remoteAddress: string | undefined,
): RequestContext {
  return {
    get(key) {
      if (key === "dax:enclosingoperation") return enclosingOperation;
      return key === "aws:sourceip" ? remoteAddress?.replace(/^::ffff:/, "") : undefined;
    },
  };
}
