// SPDX-License-Identifier: Apache-2.0

// Hyperledger's Node shim speaks the chaincode protocol to the embedded peers;
// Hyperledger's SDK says what comes of it. The chaincode is probe.mjs, which the
// peers dial or launch.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CommitError, EndorseError, GatewayError, StatusCode } from "@hyperledger/fabric-gateway";
import { description, dial, gateway, planned } from "./network.mjs";

let client, session, network, probe;

before(async () => {
  client = dial("Org1MSP");
  session = gateway(client, "User1@Org1MSP");
  network = session.getNetwork(description.channel);
  probe = network.getContract(description.probe);
  await planned(probe, "get", "k");
});

after(() => {
  session.close();
  client.close();
});

const parse = (bytes) => JSON.parse(new TextDecoder().decode(bytes));
const query = async (...args) => parse(await probe.evaluateTransaction(...args));
const submit = async (...args) => parse(await probe.submitTransaction(...args));
const details = (e) => [e.message, ...(e.details ?? []).map((d) => d.message)].join("\n");
const refused = (pattern) => (e) => {
  assert.match(details(e), pattern);
  return true;
};

test("state is written, read, deleted, and absent as empty", async () => {
  await submit("put", "k", "v1");
  assert.equal(await query("get", "k"), "v1");
  await submit("remove", "k");
  assert.equal(await query("get", "k"), "");
});

test("a transaction does not read its own writes", async () => {
  await submit("put", "own", "old");
  assert.deepEqual(await submit("overwrite", "own", "new"), { before: "old", after: "old" });
  assert.equal(await query("get", "own"), "new");
});

test("a range longer than one message comes whole and in order", async () => {
  await submit("fill", "row", "0", "250");
  const want = Array.from({ length: 250 }, (_, i) => `row${String(i).padStart(4, "0")}`);
  assert.deepEqual(await query("range", "row", "rox"), want);
  assert.deepEqual(await query("range", "row0010", "row0013"), ["row0010", "row0011", "row0012"]);
  assert.deepEqual(await query("range", "zz", "zzz"), []);
  // A range is validated as far as it was read, in a transaction too.
  assert.deepEqual(await submit("some", "row", "rox", "120"), want.slice(0, 120));
  assert.deepEqual(await submit("range", "row", "rox"), want);
});

test("pages, bookmarks, and no writes after them", async () => {
  const seen = [];
  for (let bookmark = ""; ; ) {
    const page = await query("page", "row", "rox", "70", bookmark);
    assert.equal(page.count, page.keys.length);
    seen.push(...page.keys);
    bookmark = page.bookmark;
    if (!bookmark) break;
    assert.equal(page.count, 70);
  }
  assert.equal(seen.length, 250);
  await assert.rejects(submit("pageThenPut"), refused(/Writes are not allowed/));
});

test("a phantom in a range that was read makes the transaction invalid", async () => {
  const reader = await probe.newProposal("range", { arguments: ["row", "rox"] }).endorse();
  await submit("put", "row0100x", "phantom");
  const status = await (await reader.submit()).getStatus();
  assert.equal(status.code, StatusCode.PHANTOM_READ_CONFLICT);
  await submit("remove", "row0100x");
});

test("composite keys", async () => {
  await submit("composite", "colour", "red", "a");
  await submit("composite", "colour", "red", "b");
  await submit("composite", "colour", "blue", "c");
  assert.deepEqual(await query("composites", "colour", "red"), [["red", "a"], ["red", "b"]]);
  assert.equal((await query("composites", "colour")).length, 3);
});

test("history tells each value with its transaction, newest first", async () => {
  await submit("put", "aged", "one");
  await submit("put", "aged", "two");
  await submit("remove", "aged");
  const got = await query("history", "aged");
  assert.deepEqual(got.map(({ value, deleted }) => [value, deleted]), [["", true], ["two", false], ["one", false]]);
  for (const { txId } of got) assert.match(txId, /^[0-9a-f]{64}$/);
});

test("a key with a policy of its own needs that policy, and no other", async () => {
  await submit("put", "mine", "1");
  await submit("own", "mine", "Org3MSP");
  assert.deepEqual(await query("owners", "mine"), ["Org3MSP"]);

  const others = { arguments: ["mine", "2"], endorsingOrganizations: ["Org1MSP", "Org2MSP"] };
  await assert.rejects(probe.submit("put", others), (e) => {
    assert.ok(e instanceof CommitError, String(e));
    assert.equal(e.code, StatusCode.ENDORSEMENT_POLICY_FAILURE);
    return true;
  });
  await probe.submit("put", { arguments: ["mine", "3"], endorsingOrganizations: ["Org3MSP"] });
  await submit("put", "mine", "4"); // the gateway finds out by itself who must endorse
  assert.equal(await query("get", "mine"), "4");
});

test("what a chaincode is told about its transaction", async () => {
  const before = Math.floor(Date.now() / 1000);
  const proposal = probe.newProposal("about", { transientData: { word: "hush" } });
  const got = parse(await proposal.evaluate());
  assert.equal(got.txId, proposal.getTransactionId());
  assert.equal(got.channel, description.channel);
  assert.equal(got.mspId, "Org1MSP");
  assert.equal(got.transient, "hush");
  assert.equal(got.binding, 64);
  assert.ok(got.seconds >= before - 1 && got.seconds <= before + 60, `time ${got.seconds}, now ${before}`);
});

test("statuses below 400 are endorsed, others are refusals with their text", async () => {
  const transaction = await probe.newProposal("refuse", { arguments: ["299", "fine"] }).endorse();
  assert.ok((await (await transaction.submit()).getStatus()).successful);
  for (const status of ["400", "404", "500"]) {
    const pattern = new RegExp(`chaincode response ${status}, sorry`);
    await assert.rejects(query("refuse", status, "sorry"), (e) => e instanceof GatewayError && refused(pattern)(e));
    await assert.rejects(submit("refuse", status, "sorry"), (e) => e instanceof EndorseError && refused(pattern)(e));
  }
});

test("calling other chaincodes", async () => {
  const other = description.chaincode;
  const called = `called-by-${description.probe}`;
  await network.getContract(other).submitTransaction("CreateAsset", called, "tom", "red", "5");
  const answer = await query("call", other, "", "ReadAsset", called);
  assert.equal(answer.status, 200);
  assert.equal(JSON.parse(answer.payload).owner, "tom");
  assert.equal((await query("call", `${other}:1.0/${description.channel}`, "", "ReadAsset", called)).status, 200);
  // The called chaincode's writes belong to the same transaction, under both policies.
  await submit("call", other, "", "TransferAsset", called, "jo");
  assert.equal(JSON.parse((await query("call", other, "", "ReadAsset", called)).payload).owner, "jo");

  await assert.rejects(query("call", description.probe, "", "get", "k"), refused(/exists/)); // itself, within one transaction
  await assert.rejects(query("call", "nothing", "", "f"), refused(/nothing not found/));
  await assert.rejects(query("call", other, "elsewhere", "ReadAsset", called), refused(/elsewhere/));
});

test("no chaincode may call qscc or cscc", async () => {
  for (const [name, f] of [["qscc", "GetChainInfo"], ["cscc", "GetConfigBlock"]]) {
    const answer = await query("call", name, "", f, description.channel);
    assert.equal(answer.status, 500);
    assert.match(answer.message, /Rejecting invoke of .SCC from another chaincode/);
  }
});

test("what this peer does not have it refuses by name", async () => {
  await assert.rejects(query("query"), refused(/ExecuteQuery not supported for leveldb/));
  await assert.rejects(submit("private"), refused(/collection .* could not be found/));
});

test("an event carries the chaincode's payload", async () => {
  const events = await network.getChaincodeEvents(description.probe);
  try {
    await submit("event", "seen", "payload");
    for await (const event of events) {
      assert.equal(event.eventName, "seen");
      assert.equal(new TextDecoder().decode(event.payload), "payload");
      break;
    }
  } finally {
    events.close();
  }
});

test("a chaincode that crashes fails its transaction, and works once it is back", async () => {
  const local = { endorsingOrganizations: ["Org2MSP"] };
  await assert.rejects(probe.evaluate("crash", { arguments: [], ...local }), refused(/chaincode stream terminated/));
  // Its supervisor starts it anew; until then the peer says that nobody listens.
  for (;;) {
    try {
      await probe.evaluate("get", { arguments: ["k"], ...local });
      break;
    } catch (e) {
      refused(/connection to .* failed|chaincode stream terminated/)(e);
    }
  }
});
