import assert from "node:assert/strict";
import test from "node:test";
import { hashOf, isPassword, passwordProblem } from "./passwords.ts";

test("without a policy a password has eight characters of three kinds", () => {
  const check = (password: string, problem: RegExp | undefined): void => {
    const found = passwordProblem(password, undefined);
    if (problem === undefined) assert.equal(found, undefined, password);
    else assert.match(found ?? "", problem, password);
  };
  check("Abcdef12", undefined);
  check("abcdef1!", undefined);
  check("Abcdef1", /minimum length of 8/);
  check("abcdefg1", /at least 3 of/);
});

test("a policy says how long a password is and what must be in it", () => {
  const policy = {
    MinimumPasswordLength: 10,
    RequireUppercaseCharacters: true,
    RequireLowercaseCharacters: true,
    RequireNumbers: true,
    RequireSymbols: true,
  };
  assert.equal(passwordProblem("Abcdefgh1!", policy), undefined);
  const cases = {
    "Abcdefg1!": "Password should have a minimum length of 10",
    "abcdefgh1!": "Password should have at least one uppercase letter",
    "ABCDEFGH1!": "Password should have at least one lowercase letter",
    "Abcdefghi!": "Password should have at least one number",
    Abcdefghi1: "Password should have at least one symbol",
  };
  for (const [password, problem] of Object.entries(cases)) {
    assert.equal(passwordProblem(password, policy), problem);
  }
  assert.equal(passwordProblem("abcdef", {}), undefined);
});

test("a password is known by its hash", async () => {
  const kept = await hashOf("Abcdef12", Buffer.alloc(16, 1));
  assert.equal(await isPassword("Abcdef12", kept), true);
  assert.equal(await isPassword("Abcdef13", kept), false);
});
