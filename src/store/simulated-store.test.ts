import { simulatedWorld } from "#world/simulated.ts";
import { simulatedStore } from "./open.ts";
import { describeStore } from "./store.contract.ts";

describeStore("on a simulated disk", async () => {
  const world = simulatedWorld({ seed: 1 });
  const folder = "/data";
  let store = await simulatedStore({ world, folder });
  return {
    store,
    async reopen() {
      await store.close();
      store = await simulatedStore({ world, folder });
      return store;
    },
  };
});
