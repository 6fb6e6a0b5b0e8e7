import { startTule } from "../../support/tule.ts";
import { testPython } from "./python-cases.ts";

const tule = await startTule();

testPython("keys_and_secrets.py", { endpoint: tule.endpoint, accessKeyId: tule.newAccount() });
