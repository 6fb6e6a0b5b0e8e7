import assert from "node:assert/strict";
import test from "node:test";
import { RegionLinks } from "./region-links.ts";

const [east, west, europe] = ["us-east-1", "us-west-2", "eu-west-1"] as const;

test("regions are connected, without delay, until somebody says otherwise", () => {
  const links = new RegionLinks();
  assert.equal(links.isCut(east, west), false);
  assert.equal(links.delayMs(east, west), 0);
  assert.deepEqual(links.list(), []);
});

test("a cut and a delay hold in both directions, between these two alone", () => {
  const links = new RegionLinks();
  links.cut(west, east);
  links.delay(east, west, 250);
  assert.equal(links.isCut(east, west), true);
  assert.equal(links.isCut(west, east), true);
  assert.equal(links.delayMs(west, east), 250);
  assert.equal(links.isCut(east, europe), false);
  assert.deepEqual(links.list(), [{ regions: [east, west], delayMs: 250, isCut: true }]);
  links.heal(east, west);
  assert.equal(links.isCut(east, west), false);
  assert.equal(links.delayMs(east, west), 250);
  links.delay(east, west, 0);
  assert.deepEqual(links.list(), []);
});

test("a region can be cut from all others, and the longest delay counts", () => {
  const links = new RegionLinks();
  links.cut(europe, "*");
  links.delay("*", "*", 20);
  links.delay(east, west, 300);
  assert.equal(links.isCut(east, europe), true);
  assert.equal(links.isCut(europe, west), true);
  assert.equal(links.isCut(europe, europe), false);
  assert.equal(links.isCut(east, west), false);
  assert.equal(links.delayMs(east, europe), 20);
  assert.equal(links.delayMs(west, east), 300);
  links.healAll();
  assert.equal(links.isCut(east, europe), false);
});

test("a message reaches a region over a third one", () => {
  const links = new RegionLinks();
  const all = [east, west, europe];
  links.cut(east, west);
  assert.deepEqual([...links.reachable(east, all)].sort(), [europe, east, west]);
  links.cut(east, europe);
  assert.deepEqual([...links.reachable(east, all)], [east]);
  assert.deepEqual([...links.reachable(west, all)].sort(), [europe, west]);
});
