import assert from "node:assert/strict";
import test from "node:test";
import { formBoundary, readForm } from "./multipart-form.ts";

const text = [
  "--b\r\n",
  'Content-Disposition: form-data; name="Key"\r\n\r\n',
  "a \r\n--c\r\n",
  '--b\r\nContent-Disposition: form-data; name="file"; filename="x \\"y\\".txt"\r\n',
  "Content-Type: text/plain\r\n\r\n",
  "line\r\n--\r\nline\r\n",
  '--b\r\nContent-Disposition: form-data; name="later"\r\n\r\nignored\r\n--b--\r\n',
].join("");

async function* inPieces(whole: string, bytes: number): AsyncGenerator<Buffer> {
  const all = Buffer.from(whole);
  for (let at = 0; at < all.length; at += bytes) yield all.subarray(at, at + bytes);
}

for (const bytes of [1, 2, 7, 1000]) {
  test(`a form is read the same in pieces of ${bytes} bytes`, async () => {
    const { fields, file } = await readForm(inPieces(text, bytes), "b");
    assert.deepEqual([...fields], [["key", "a \r\n--c"]]);
    assert.equal(file?.name, 'x "y".txt');
    const body: Buffer[] = [];
    for await (const some of file.bytes) body.push(some);
    assert.equal(Buffer.concat(body).toString(), "line\r\n--\r\nline");
  });
}

test("what ends too early or brings too much before its file is refused", async () => {
  const cut = await readForm(inPieces(text.slice(0, 180), 50), "b");
  await assert.rejects(
    async () => {
      for await (const _ of cut.file!.bytes);
    },
    { code: "MalformedPOSTRequest" },
  );
  await assert.rejects(readForm(inPieces("nothing", 3), "b"), { code: "MalformedPOSTRequest" });
  const long = `--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n${"x".repeat(30_000)}`;
  await assert.rejects(readForm(inPieces(long, 1000), "b"), {
    code: "MaxPostPreDataLengthExceeded",
  });
});

test("a boundary is found as browsers and libraries write it", () => {
  assert.equal(formBoundary('multipart/form-data; boundary="a b"'), "a b");
  assert.equal(formBoundary("Multipart/Form-Data;charset=utf-8; boundary=xyz"), "xyz");
  assert.equal(formBoundary("application/json"), undefined);
});
