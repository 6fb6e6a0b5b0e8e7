import { memoryStore } from "./open.ts";
import { describeStore } from "./store.contract.ts";

describeStore("in memory", () => Promise.resolve({ store: memoryStore() }));
