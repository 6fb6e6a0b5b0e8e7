import { type Agent, request } from "node:http";

export interface Answer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/**
 * Calls DynamoDB over HTTP with as little around it as possible: the narrower the time between call and
 * return is measured, the less a history can hide. Rejects if no whole answer came.
 */
export function call(
  endpoint: string,
  agent: Agent,
  operation: string,
  input: unknown,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify(input);
    const sent = request(
      endpoint,
      {
        agent,
        method: "POST",
        headers: {
          "content-type": "application/x-amz-json-1.0",
          "content-length": Buffer.byteLength(body),
          "x-amz-target": `DynamoDB_20120810.${operation}`,
        },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (piece: string) => (text += piece));
        response.on("error", reject);
        response.on("close", () => {
          if (!response.complete) reject(new Error("the answer was cut off"));
          else resolve({ status: response.statusCode ?? 0, json: JSON.parse(text) });
        });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}
