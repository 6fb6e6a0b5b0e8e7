/**
 * A bare `node:http` server: reads the whole body and answers 200 with a fixed JSON body, which
 * `PUT /answer` sets. It stands for the least that a server written with Node's own HTTP can cost.
 */
import { createServer } from "node:http";

let answer = Buffer.from("{}");

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    if (request.method === "PUT") answer = Buffer.concat(chunks);
    response.writeHead(200, {
      "content-type": "application/x-amz-json-1.0",
      "content-length": answer.length,
    });
    response.end(answer);
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
