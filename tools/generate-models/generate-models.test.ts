import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Model } from "#models/shape-table.ts";
import { compact, correct } from "./compact.ts";
import { slowPatterns } from "./slow-patterns.ts";
import { typescriptOf } from "./typescript.ts";

const root = join(import.meta.dirname, "../..");

describe("the model generator", () => {
  it("would write what is committed", () => {
    execFileSync(process.execPath, [join(root, "tools/generate-models.ts"), "--check"], {
      cwd: root,
      stdio: "pipe",
    });
  });

  it("keeps no prose", () => {
    const raw: unknown = {
      metadata: {
        apiVersion: "1",
        endpointPrefix: "x",
        protocol: "json",
        serviceId: "X",
        uid: "x-1",
      },
      operations: {
        Do: {
          name: "Do",
          http: { method: "POST", requestUri: "/" },
          input: { shape: "In" },
          documentation: "p",
        },
      },
      shapes: {
        In: {
          type: "structure",
          documentation: "p",
          members: { documentation: { shape: "Text", documentation: "p" } },
        },
        Text: { type: "string", documentation: "p" },
        Unused: { type: "string" },
      },
    };
    const model = compact(raw, "test");
    assert.deepEqual(model.shapes, {
      In: { type: "structure", members: { documentation: { shape: "Text" } } },
      Text: { type: "string" },
    });
    assert.deepEqual(model.operations, {
      Do: { http: { method: "POST", requestUri: "/" }, input: { shape: "In" } },
    });
  });

  it("refuses a correction whose path leads nowhere", () => {
    const model: Model = {
      source: "test",
      metadata: { apiVersion: "1", endpointPrefix: "x", protocol: "json", serviceId: "X" },
      operations: {},
      shapes: { Text: { type: "string", max: 1 } },
    };
    const correction = (path: string, merge: unknown) => [{ path, merge, why: "", source: "" }];
    assert.deepEqual(
      correct(model, correction("shapes/Text", { max: null, min: 1 })).shapes["Text"],
      { type: "string", min: 1 },
    );
    assert.throws(
      () => correct(model, correction("shapes/Texts/members/a", {})),
      /not in the model/,
    );
  });

  it("says why and from where each correction comes", () => {
    const corrections = JSON.parse(
      readFileSync(join(root, "models/corrections.json"), "utf8"),
    ) as Record<string, { why: string; source: string }[]>;
    for (const each of Object.values(corrections).flat())
      assert(each.why && each.source, JSON.stringify(each));
  });

  it("gives shapes other names where TypeScript has those already", () => {
    const model: Model = {
      source: "test",
      metadata: { apiVersion: "1", endpointPrefix: "x", protocol: "json", serviceId: "My Service" },
      operations: {
        Do: {
          http: { method: "POST", requestUri: "/" },
          input: { shape: "Function" },
          output: { shape: "MyService" },
        },
      },
      shapes: {
        Function: { type: "structure", members: { "a-b": { shape: "string" } } },
        MyService: { type: "structure", members: { Date: { shape: "Date" } } },
        string: { type: "string", enum: ["a"] },
        Date: { type: "timestamp" },
      },
    };
    const text = typescriptOf("x", model);
    assert.match(
      text,
      /export interface MyService \{\n  Do: \{\n    input: FunctionShape;\n    output: MyServiceShape;\n    error: never;/,
    );
    assert.match(
      text,
      /export interface FunctionShape \{\n  "a-b"\?: StringShape \| undefined;\n\}/,
    );
    assert.match(
      text,
      /export interface MyServiceShape \{\n  Date\?: EpochMilliseconds \| undefined;\n\}/,
    );
  });

  it("finds patterns that backtrack exponentially, and takes a safe one instead", () => {
    const slow = { type: "string", pattern: "^([a-z]+)*$" };
    const model: Model = {
      source: "test",
      metadata: { apiVersion: "1", endpointPrefix: "x", protocol: "json", serviceId: "X" },
      operations: {},
      shapes: {
        Slow: slow,
        Corrected: { ...slow, safePattern: "^[a-z]*$" },
        Plain: { type: "string", pattern: "[a-z]+" },
      },
    };
    assert.deepEqual(slowPatterns(model), ["Slow"]);
  });
});
