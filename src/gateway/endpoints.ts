import type { Kernel } from "#kernel/kernel.ts";
import type { OperationMetrics } from "#kernel/metrics.ts";
import type { AnyHandler, CrossOrigin, FormUpload, Observe, Website } from "#kernel/service.ts";
import type { Protocol } from "#wire/protocol.ts";
import { protocols } from "#wire/protocols.ts";
import { streamsInput } from "#wire/rest.ts";
import type { Route } from "#wire/route.ts";
import { loadServiceModel, type OperationModel, type ServiceModel } from "#wire/shapes.ts";

/** All that is known of what a request asks for, looked up once for each operation and protocol. */
export interface Endpoint {
  readonly serviceName: string;
  /** Undefined where the request names none that AWS has. */
  readonly operationName: string | undefined;
  readonly protocol: Protocol;
  /** Undefined for a service that does not exist here yet. */
  readonly service: ServiceModel | undefined;
  readonly operation: OperationModel | undefined;
  /** Undefined for what is not implemented. */
  readonly handler: AnyHandler | undefined;
  /** Takes its body as it arrives. */
  readonly streamsInput: boolean;
  readonly metrics: OperationMetrics;
  readonly observe: Observe | undefined;
  readonly crossOrigin: CrossOrigin | undefined;
  readonly formUpload: FormUpload | undefined;
  readonly website: Website | undefined;
}

export class Endpoints {
  readonly #kernel: Kernel;
  readonly #known = new Map<string, Endpoint>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** At once, if the operation was asked for before. */
  known(route: Route): Endpoint | undefined {
    return this.#known.get(nameOf(route));
  }

  async find(route: Route): Promise<Endpoint> {
    const { service: serviceName = "unknown", operation: operationName } = route;
    const service = await loadServiceModel(serviceName);
    const operation = operationName === undefined ? undefined : service?.operation(operationName);
    const served = this.#kernel.services.get(serviceName);
    const handler = operationName === undefined ? undefined : served?.operations.get(operationName);
    const endpoint: Endpoint = {
      serviceName,
      operationName,
      protocol: protocols[route.protocol],
      service,
      operation,
      handler,
      streamsInput: handler !== undefined && operation !== undefined && streamsInput(operation),
      observe: served?.observe,
      crossOrigin: served?.crossOrigin,
      formUpload: served?.formUpload,
      website: served?.website,
      metrics: this.#kernel.metrics.operation(serviceName, operationName ?? "Unknown"),
    };
    // Names come from the models' lists, so there are only so many to keep.
    if (operation !== undefined) this.#known.set(nameOf(route), endpoint);
    return endpoint;
  }
}

function nameOf(route: Route): string {
  return `${route.protocol} ${route.service}.${route.operation}`;
}
