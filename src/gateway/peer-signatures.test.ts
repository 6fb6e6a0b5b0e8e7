import assert from "node:assert/strict";
import test from "node:test";
import { simulatedWorld } from "#world/simulated.ts";
import { PeerSignatures } from "./peer-signatures.ts";

const body = Buffer.from('{"call":"leaveGroup"}');

function setUp() {
  const world = simulatedWorld({ seed: 1 });
  const [caller, called] = [world, world].map((one) => new PeerSignatures("secret", one)) as [
    PeerSignatures,
    PeerSignatures,
  ];
  const refusal = (header: string | undefined, of = body): string | undefined =>
    called.refusal(of, header)?.message;
  return { world, caller, refusal };
}

test("a call that is signed by the secret is taken, once", () => {
  const { caller, refusal } = setUp();
  const header = caller.sign(body);
  assert.equal(refusal(header), undefined);
  assert.equal(refusal(header), "the call has been taken before");
  assert.equal(refusal(caller.sign(body)), undefined);
});

test("nothing of a signed call can be changed", () => {
  const { world, caller, refusal } = setUp();
  const wrong = "the call is not signed with this server's --peer-secret";
  const header = caller.sign(body);
  const [time, nonce, signature] = header.split(" ") as [string, string, string];
  assert.equal(refusal(undefined), wrong);
  assert.equal(refusal("made up"), wrong);
  assert.equal(refusal(header, Buffer.from("{}")), wrong);
  assert.equal(refusal(`${Number(time) + 1} ${nonce} ${signature}`), wrong);
  assert.equal(refusal(`${time} ${nonce.replace(/./, "z")} ${signature}`), wrong);
  assert.equal(refusal(new PeerSignatures("another", world).sign(body)), wrong);
  assert.equal(refusal(header), undefined);
});

test("a call is taken for a minute, whatever users do to the server's clock", async () => {
  const { world, caller, refusal } = setUp();
  const [first, second] = [caller.sign(body), caller.sign(body)];
  world.clock.moveTo(world.clock.nowMs() + 86_400_000);
  await world.clock.advance(60_000);
  assert.equal(refusal(first), undefined);
  assert.equal(refusal(first), "the call has been taken before");
  await world.clock.advance(1_000);
  const late = "the call was signed 61 s ago, by the clocks of the two servers";
  assert.equal(refusal(first), late);
  assert.equal(refusal(second), late);
});

test("what another process may have taken is not taken", async () => {
  const { world, caller } = setUp();
  const header = caller.sign(body);
  await world.clock.advance(10);
  const restarted = new PeerSignatures("secret", world);
  assert.deepEqual(restarted.refusal(body, header), {
    message: "the call is from before this server began",
    isPassing: true,
  });
  assert.equal(restarted.refusal(body, caller.sign(body)), undefined);
});
