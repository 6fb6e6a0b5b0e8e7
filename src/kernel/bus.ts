import { JsonBytes } from "#base/json-bytes.ts";
import type { Context } from "./context.ts";
import { serviceIn } from "./identity.ts";
import type { Kernel } from "./kernel.ts";
import type { ServiceClients } from "./service.ts";

/**
 * The other services' public operations as functions, called as this service's principal in the same account and
 * region: `await ctx.services.sts.GetCallerIdentity({})`. No HTTP; errors are the operation's `ServiceError`s.
 */
export function serviceClients(kernel: Kernel, from: Context): ServiceClients {
  const { account, region } = from;
  const caller = serviceIn(account, from.service);
  const clients = new Proxy<ServiceClients>({} as ServiceClients, {
    get: (_, service: string) =>
      new Proxy(
        {},
        {
          get: (_, operation: string) => async (input: unknown) => {
            const requestId = kernel.world.random.uuid();
            const origin = { service, operation, account, region, caller, requestId };
            return withoutJsonBytes(await kernel.call(origin, input));
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
