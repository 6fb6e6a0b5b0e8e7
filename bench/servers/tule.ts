import { bundleCheckout, checkoutBundle } from "../../tools/bundle.mjs";
import type { Server } from "./server.ts";

await bundleCheckout();

/** Tule as users start it: on disk, a write acknowledged when it is synced. */
export const tule: Server = {
  name: "tule",
  keepsWrites: "synced",
  warmsSlowly: false,
  answersFixedBody: false,
  missing: () => undefined,
  command: ({ port, folder }) => ({
    file: process.execPath,
    arguments: [
      "--max-semi-space-size=16",
      checkoutBundle,
      "start",
      "--port",
      String(port),
      "--data",
      folder,
    ],
  }),
};
