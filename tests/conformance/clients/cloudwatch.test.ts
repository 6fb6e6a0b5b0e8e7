import { startTule } from "../../support/tule.ts";
import { testPython } from "./python-cases.ts";

const { endpoint } = await startTule();
testPython("cloudwatch.py", { endpoint, accessKeyId: "123456789012" });
