import { startIssuer } from "../../support/issuer.ts";
import { startTule } from "../../support/tule.ts";
import { testPython } from "./python-cases.ts";

const key = { accessKeyId: "AKIASTRICTSTRICT", secretAccessKey: "kept/to+ourselves=" };
const account = "123456789012";
const { endpoint } = await startTule({ authentication: "strict", rootKey: key, account });

const issuer = await startIssuer();
process.env["TULE_TEST_ISSUER"] = issuer.url;
process.env["TULE_TEST_TOKEN"] = issuer.token({ aud: "sts.amazonaws.com", sub: "pod" });
testPython("iam.py", { endpoint, ...key });
