import { serviceClients } from "./bus.ts";
import type { Context } from "./context.ts";
import type { Kernel } from "./kernel.ts";
import type { ServiceClients } from "./service.ts";

export interface RoleToAssume {
  readonly arn: string;
  readonly sessionName: string;
}

interface Assumed {
  readonly services: ServiceClients;
  /** Milliseconds since 1970. */
  readonly renewAtMs: number;
}

/** STS's shortest sessions: a role that was made anew under its old name is taken up within half of that. */
const sessionSeconds = 900;
const keptAtMost = 10_000;

/**
 * The roles that users gave to services.
 *
 * R1. A service gets a role as AWS's do, by STS AssumeRole: the role's trust policy must name the service.
 * R2. What it then does, the role's policies decide each time, as they are at that moment.
 * R3. Sessions are renewed in time, by the server's clock. They are kept in memory alone.
 */
export class AssumedRoles {
  readonly #kernel: Kernel;
  readonly #assumed = new Map<string, Promise<Assumed>>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** The services' operations as the role may use them, in the region of `from`. Rejects with STS's denial. */
  async services(from: Context, role: RoleToAssume): Promise<ServiceClients> {
    const name = JSON.stringify([from.service, from.account, from.region, role]);
    const known = await this.#assumed.get(name);
    if (known !== undefined && from.now() < known.renewAtMs) return known.services;
    const assumed = this.#assume(from, role);
    if (this.#assumed.size >= keptAtMost) this.#assumed.clear();
    this.#assumed.set(name, assumed);
    try {
      return (await assumed).services;
    } catch (denial) {
      this.#assumed.delete(name);
      throw denial;
    }
  }

  clear(): void {
    this.#assumed.clear();
  }

  async #assume(from: Context, { arn, sessionName }: RoleToAssume): Promise<Assumed> {
    const { Credentials: made } = await from.services.sts.AssumeRole({
      RoleArn: arn,
      RoleSessionName: sessionName,
      DurationSeconds: sessionSeconds,
    });
    const { AccessKeyId: id, SessionToken: token } = made!;
    const credential = await this.#kernel.credentials.find(id, token);
    if (credential === undefined || typeof credential === "string") {
      throw new Error("STS made credentials that are not known");
    }
    return {
      services: serviceClients(this.#kernel, from, credential.principal),
      renewAtMs: from.now() + (sessionSeconds * 1000) / 2,
    };
  }
}
