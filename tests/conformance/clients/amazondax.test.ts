import { startTule } from "../../support/tule.ts";
import { testPython } from "./python-cases.ts";

const tule = await startTule();

testPython("amazondax_items.py", { endpoint: tule.endpoint, accessKeyId: tule.newAccount() });
