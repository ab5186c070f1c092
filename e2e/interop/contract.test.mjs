// SPDX-License-Identifier: Apache-2.0

// Hyperledger's contract API, in a chaincode that the peers dial or launch;
// Hyperledger's SDK says what comes of it. The chaincode is contract/index.js.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EndorseError, GatewayError } from "@hyperledger/fabric-gateway";
import { description, dial, gateway, planned } from "./network.mjs";

const run = process.env.INTEROP_RUN ?? "run";
let client, session, network, ledger, caller;

before(async () => {
  client = dial("Org1MSP");
  session = gateway(client, "User1@Org1MSP");
  network = session.getNetwork(description.channel);
  ledger = network.getContract(description.contract, "Ledger");
  caller = network.getContract(description.contract, "Caller");
  await planned(ledger, "get", "k");
});

after(() => {
  session.close();
  client.close();
});

const decoded = (bytes) => new TextDecoder().decode(bytes);
const query = async (...args) => JSON.parse(decoded(await ledger.evaluateTransaction(...args)));
const value = async (...args) => decoded(await ledger.evaluateTransaction(...args));
const submit = (...args) => ledger.submitTransaction(...args);
const refused = (type, pattern) => (e) => {
  assert.ok(e instanceof type, `got ${e?.constructor?.name}: ${e}`);
  assert.match([e.message, ...(e.details ?? []).map((d) => d.message)].join("\n"), pattern);
  return true;
};

test("state", async () => {
  await submit("put", "k", "v");
  assert.equal(await value("get", "k"), "v");
  await submit("remove", "k");
  assert.equal(await value("get", "k"), "");
});

test("ranges, whole and in pages", async () => {
  await submit("fill", "row", "130");
  const want = Array.from({ length: 130 }, (_, i) => `row${String(i).padStart(3, "0")}`);
  assert.deepEqual(await query("range", "row", "rox"), want);
  const seen = [];
  let pages = 0;
  for (let bookmark = ""; ; ) {
    const page = await query("page", "row", "rox", "50", bookmark);
    assert.equal(page.count, page.keys.length);
    seen.push(...page.keys);
    pages++;
    bookmark = page.bookmark;
    if (!bookmark) break;
  }
  assert.deepEqual(seen, want);
  assert.equal(pages, 3);
});

test("composite keys, whole and in pages", async () => {
  for (const [colour, owner] of [["red", "ann"], ["red", "bob"], ["red", "cy"], ["blue", "dan"]]) await submit("index", colour, owner);
  assert.deepEqual(await query("owners", "red"), ["ann", "bob", "cy"]);
  const first = await query("ownersPaged", "red", "2", "");
  assert.deepEqual(first.owners, ["ann", "bob"]);
  assert.deepEqual((await query("ownersPaged", "red", "2", first.bookmark)).owners, ["cy"]);
});

test("events", async () => {
  const events = await network.getChaincodeEvents(description.contract);
  try {
    await submit("announce", "news", `of ${run}`);
    for await (const event of events) {
      assert.equal(event.eventName, "news");
      assert.equal(decoded(event.payload), `of ${run}`);
      break;
    }
  } finally {
    events.close();
  }
});

test("transient data", async () => {
  await ledger.submit("hidden", { arguments: ["hint"], transientData: { secret: "four" } });
  assert.equal(await value("get", "hint"), "4");
  await assert.rejects(submit("hidden", "hint"), refused(EndorseError, /no transient secret/));
});

test("another chaincode answers", async () => {
  const id = `asked-${run}-${description.contract}`;
  await network.getContract(description.chaincode).submitTransaction("CreateAsset", id, "tom", "red", "5");
  assert.equal(JSON.parse(await value("ask", description.chaincode, "ReadAsset", id)).owner, "tom");
  await assert.rejects(value("ask", description.chaincode, "ReadAsset", "nothing"), refused(GatewayError, /does not exist/));
});

test("contracts have names, and know who calls", async () => {
  const who = JSON.parse(decoded(await caller.evaluateTransaction("who")));
  assert.equal(who.mspId, "Org1MSP");
  assert.match(who.id, /^x509::.*::/);
  await assert.rejects(value("nonsense"), refused(GatewayError, /Ledger knows no Ledger:nonsense/));
  await assert.rejects(value("put", "one argument"), refused(GatewayError, /Expected 2 parameters, but 1 have been supplied/));
});
