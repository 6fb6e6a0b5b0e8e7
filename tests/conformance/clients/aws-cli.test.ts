import { startTule } from "../../support/tule.ts";
import { testPython } from "./python-cases.ts";

const tule = await startTule();

testPython("aws_cli.py", { endpoint: tule.endpoint, accessKeyId: tule.newAccount() });
