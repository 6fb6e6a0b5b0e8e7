import { json, type OwnPage } from "./page.ts";

export const stateReset: OwnPage = {
  access: "owner",
  async POST({ options: { kernel } }) {
    await kernel.reset();
    return json(200, { status: "reset" });
  },
};
