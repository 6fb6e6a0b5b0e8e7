import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readConfiguration } from "./configuration.ts";
import type { Configuration } from "./configuration.ts";
import { help } from "./help.ts";
import { flagOf, settingNames, settings, UsageError, variableOf } from "./settings.ts";

interface Given {
  readonly flags?: string;
  readonly environment?: Record<string, string>;
  readonly files?: Record<string, string>;
}

function read(given: Given): Configuration {
  return readAll(given).configuration;
}

function readAll({ flags = "", environment = {}, files = {} }: Given) {
  return readConfiguration({
    flags: flags.split(" ").filter((word) => word !== ""),
    environment,
    folder: "/home/someone",
    readFile: (path) => files[path],
  });
}

describe("The configuration", () => {
  test("has defaults for everything", () => {
    assert.deepEqual(read({}), {
      port: 4566,
      servicePort: 8111,
      host: "127.0.0.1",
      data: "/home/someone/.tule",
      memory: false,
      auth: "open",
      account: "000000000000",
      region: "us-east-1",
      log: "info",
      logFormat: "text",
      http: "sockets",
      throttle: true,
      partitionLimits: false,
      rootAccessKeyId: undefined,
      rootSecretAccessKey: undefined,
      peers: undefined,
      issuers: undefined,
    });
  });

  test("takes a flag before the environment, that before the file, and that before the default", () => {
    const files = {
      "/home/someone/tule.config.json": '{ "port": 1, "logFormat": "json", "memory": true }',
    };
    const environment = { TULE_PORT: "2", TULE_MEMORY: "false" };
    assert.equal(read({ files, environment, flags: "--port 3" }).port, 3);
    assert.equal(read({ files, environment }).port, 2);
    assert.equal(read({ files }).port, 1);
    assert.equal(read({ files }).logFormat, "json");
    assert.equal(read({ files, environment }).memory, false);
    assert.equal(read({ files, environment: { TULE_PORT: "" } }).port, 1);
  });

  test("writes a flag in any of the usual ways", () => {
    assert.equal(read({ flags: "--port=0" }).port, 0);
    assert.equal(read({ flags: "--port 0" }).port, 0);
    assert.equal(read({ flags: "--log-format json" }).logFormat, "json");
    assert.equal(read({ flags: "--memory" }).memory, true);
    assert.equal(read({ flags: "--memory=false" }).memory, false);
    assert.equal(read({ flags: "--no-memory", environment: { TULE_MEMORY: "1" } }).memory, false);
    assert.equal(read({ flags: "--port 1 --port 2" }).port, 2);
  });

  test("is strict as soon as others than this machine can reach it, unless told otherwise", () => {
    for (const host of ["127.0.0.1", "127.1.2.3", "localhost", "::1"]) {
      assert.equal(read({ flags: `--host ${host}` }).auth, "open", host);
    }
    for (const host of [
      "0.0.0.0",
      "::",
      "192.168.1.2",
      "tule.example.com",
      "127.0.0.1.example.com",
    ]) {
      assert.equal(read({ flags: `--host ${host}` }).auth, "strict", host);
    }
    assert.equal(read({ flags: "--host 0.0.0.0 --auth open" }).auth, "open");
  });

  test("finds the data folder from where its name was written", () => {
    const files = {
      "/etc/tule/server.json": '{ "data": "../state" }',
      "/etc/tule/other.json": "{}",
    };
    assert.equal(read({ files, flags: "--config /etc/tule/server.json" }).data, "/etc/state");
    assert.equal(
      read({ files, environment: { TULE_CONFIG: "/etc/tule/server.json" } }).data,
      "/etc/state",
    );
    assert.equal(
      read({ files, flags: "--config /etc/tule/server.json --data x" }).data,
      "/home/someone/x",
    );
    assert.equal(
      read({ files, flags: "--config /etc/tule/other.json" }).data,
      "/home/someone/.tule",
    );
  });

  test("knows where issuers of tokens keep their keys; paths are relative to where they are written", () => {
    const keys =
      "https://a.example.com=keys/a.json,https://b.example.com=https://b.example.com/jwks";
    const issuers = (folder: string) =>
      new Map([
        ["https://a.example.com", `${folder}/keys/a.json`],
        ["https://b.example.com", "https://b.example.com/jwks"],
      ]);
    const flags = `--issuer-keys ${keys}`;
    assert.deepEqual(read({ flags }).issuers, issuers("/home/someone"));
    const file = JSON.stringify({ issuerKeys: keys });
    assert.deepEqual(
      read({ flags: "--config /etc/tule.json", files: { "/etc/tule.json": file } }).issuers,
      issuers("/etc"),
    );
    assert.throws(() => read({ flags: "--issuer-keys a.example.com=keys.json" }), UsageError);
  });

  test("knows the peers that serve other regions, however they are named, and needs their secret", () => {
    const peers = [
      ["eu-west-1", "http://10.0.0.2:4566"],
      ["us-west-2", "https://west.example.com"],
    ] as const;
    const secret = { TULE_PEER_SECRET: "shared" };
    const flags = peers.map(([region, url]) => `--peer ${region}=${url}/`).join(" ");
    const list = peers.map(([region, url]) => `${region}=${url}`).join(",");
    const expected = { urls: new Map(peers), secret: "shared" };
    assert.deepEqual(read({ flags, environment: secret }).peers, expected);
    assert.deepEqual(read({ environment: { ...secret, TULE_PEER: list } }).peers, expected);
    assert.deepEqual(read({ environment: secret }).peers, { urls: new Map(), secret: "shared" });
    assert.throws(() => read({ flags }), /--peer needs a secret/);
    assert.throws(() => read({ flags: "--peer west" }), /--peer must be REGION=URL/);
  });

  test("warns of variables that are none of its own, and goes on", () => {
    assert.deepEqual(readAll({ environment: { TULE_PROT: "1", PATH: "x" } }).warnings, [
      "TULE_PROT is set, and is no setting of this version; did you mean TULE_PORT?",
    ]);
  });

  const config = "/home/someone/tule.config.json";
  const wrong: readonly (Given & { says: RegExp })[] = [
    { flags: "--prot 1", says: /^There is no flag --prot; did you mean --port\?/ },
    {
      flags: "--quite-another 1",
      says: /^There is no flag --quite-another; tule --help lists them$/,
    },
    {
      flags: "--root-access-key-id AKIAAKIAAKIAAKIAAKIA",
      says: /^There is no flag --root-access-key-id/,
    },
    { flags: "--no-port", says: /^There is no flag --no-port/ },
    { flags: "extra", says: /^"extra" is not expected here$/ },
    { flags: "--port", says: /^--port needs a value$/ },
    { flags: "--port 70000", says: /^--port must be a number from 0 to 65535 .*, not "70000"$/ },
    { flags: "--port 0x10", says: /^--port must be/ },
    { flags: "--memory=maybe", says: /^--memory must be true or false, not "maybe"$/ },
    { flags: "--auth none", says: /^--auth must be open or strict, not "none"$/ },
    { flags: "--log loud", says: /^--log must be silent, error, info or debug, not "loud"$/ },
    { flags: "--account 12", says: /^--account must be 12 digits, not "12"$/ },
    { flags: "--region mars", says: /^--region must be a region such as us-east-1, not "mars"$/ },
    { environment: { TULE_ACCOUNT: "x" }, says: /^TULE_ACCOUNT must be 12 digits, not "x"$/ },
    {
      files: { [config]: '{ "port": "x" }' },
      says: /^port in .*tule\.config\.json must be a number/,
    },
    { files: { [config]: '{ "prot": 1 }' }, says: /has a member prot, .*; did you mean port\?$/ },
    {
      files: { [config]: '{ "port": [1] }' },
      says: /^port in .* must be a string, a number, true or false$/,
    },
    { files: { [config]: "[]" }, says: /must hold one JSON object$/ },
    { files: { [config]: "{" }, says: /is not JSON: / },
    {
      flags: "--config none.json",
      says: /^--config names \/home\/someone\/none\.json, and there is no such file$/,
    },
    {
      environment: { TULE_ROOT_ACCESS_KEY_ID: "AKIAAKIAAKIAAKIAAKIA" },
      says: /are set both or not at all$/,
    },
  ];
  for (const { says, ...given } of wrong) {
    test(`refuses ${JSON.stringify(given)} in one line that says what is allowed`, () => {
      assert.throws(
        () => read(given),
        (error) =>
          error instanceof UsageError && says.test(error.message) && !error.message.includes("\n"),
      );
    });
  }

  test("never shows a secret, not even a wrong one", () => {
    assert.throws(
      () => read({ environment: { TULE_ROOT_ACCESS_KEY_ID: "a secret!" } }),
      (error) => error instanceof UsageError && !error.message.includes("a secret!"),
    );
  });
});

describe("The help", () => {
  test("names every setting", () => {
    for (const name of settingNames) {
      assert.ok(
        help().includes("isSecret" in settings[name] ? variableOf(name) : flagOf(name)),
        name,
      );
    }
  });

  test("fits a terminal of 110 columns", () => {
    for (const line of help().split("\n")) assert.ok(line.length <= 110, line);
  });
});
