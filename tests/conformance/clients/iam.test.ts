import { startTule } from "../../support/tule.ts";
import { testPython } from "./python-cases.ts";

const key = { accessKeyId: "AKIASTRICTSTRICT", secretAccessKey: "kept/to+ourselves=" };
const account = "123456789012";
const { endpoint } = await startTule({ authentication: "strict", rootKey: key, account });

testPython("iam.py", { endpoint, ...key });
