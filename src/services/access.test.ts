import assert from "node:assert/strict";
import test from "node:test";
import { services } from "./index.ts";

for (const { name, operations, access } of services) {
  test(`every operation of ${name} says what it needs to be allowed`, () => {
    const unmapped = [...operations.keys()].filter(
      (operation) => !Object.hasOwn(access?.operations ?? {}, operation),
    );
    // What no map names is denied to everybody but roots: that is a hole in the map, and safe.
    assert.deepEqual(unmapped, []);
  });
}
