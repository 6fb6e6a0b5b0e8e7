import { JsonBytes } from "#base/json-bytes.ts";
import type { Context } from "./context.ts";
import { serviceIn, type Principal } from "./identity.ts";
import type { Kernel } from "./kernel.ts";
import type { ServiceClients } from "./service.ts";

/**
 * The other services' public operations as functions, called in the same region as this service's principal, unless it
 * is told who calls: `await ctx.services.sts.GetCallerIdentity({})`. No HTTP; errors are the operation's `ServiceError`s.
 */
export function serviceClients(
  kernel: Kernel,
  { account: ownAccount, region, service: from }: Context,
  caller: Principal = serviceIn(ownAccount, from),
): ServiceClients {
  const { account } = caller;
  const clients = new Proxy<ServiceClients>({} as ServiceClients, {
    get: (_, service: string) =>
      new Proxy(
        {},
        {
          get(_, operation: string) {
            // Whoever awaits a client asks this of it; no operation has that name.
            if (operation === "then") return undefined;
            return async (input: unknown) => {
              const requestId = kernel.world.random.uuid();
              const origin = { service, operation, account, region, caller, requestId };
              return withoutJsonBytes(await kernel.call(origin, input));
            };
          },
        },
      ),
  });
  return clients;
}

/** What the codec would splice into an answer, a caller inside the process needs as values. */
function withoutJsonBytes(output: unknown): unknown {
  if (output instanceof JsonBytes) return output.value();
  if (Array.isArray(output)) return output.map(withoutJsonBytes);
  if (output === null || typeof output !== "object") return output;
  if (Object.getPrototypeOf(output) !== Object.prototype) return output;
  return Object.fromEntries(
    Object.entries(output).map(([name, value]) => [name, withoutJsonBytes(value)]),
  );
}
