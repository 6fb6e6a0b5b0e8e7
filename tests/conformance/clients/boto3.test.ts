import { startTule } from "../../support/tule.ts";
import { testPython } from "./python-cases.ts";

const tule = await startTule();

for (const script of ["boto3_tables.py", "boto3_items.py", "boto3_resource.py", "boto3_streams.py"])
  testPython(script, { endpoint: tule.endpoint, accessKeyId: tule.newAccount() });
