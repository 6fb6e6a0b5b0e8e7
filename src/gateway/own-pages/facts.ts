import { prometheusPage } from "#kernel/metrics.ts";
import { clockFacts } from "./time.ts";
import { json, type OwnPage } from "./page.ts";

export const health: OwnPage = {
  access: "all",
  GET({ options: { kernel, facts } }) {
    const names = [...kernel.services.keys()];
    const services = Object.fromEntries(names.map((name) => [name, "running"]));
    return json(200, { services, edition: "tule", version: facts.version });
  },
};

export const info: OwnPage = {
  access: "all",
  GET({ options: { kernel, facts } }) {
    const { clock } = kernel.world;
    return json(200, {
      version: facts.version,
      edition: "tule",
      is_license_activated: false,
      is_docker: false,
      server_time_utc: new Date(clock.nowMs()).toISOString(),
      clock: clockFacts(kernel.clock.read()),
      uptime: Math.round((clock.elapsedMs() - facts.startedAtElapsedMs) / 1000),
      authentication: facts.authentication,
      data_folder: facts.dataFolder ?? null,
    });
  },
};

/** The certificate that clients have to trust who speak TLS with this server. */
export const authority: OwnPage = {
  access: "all",
  async GET({ options: { kernel } }) {
    const headers = { "content-type": "application/x-pem-file" };
    return { status: 200, headers, body: await kernel.certificates.authority() };
  },
};

export const metrics: OwnPage = {
  access: "all",
  GET({ options: { kernel } }) {
    const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
    return { status: 200, headers, body: prometheusPage(kernel.metrics) };
  },
};
