// SPDX-License-Identifier: Apache-2.0

// What an application does with the official Node SDK, done on the embedded
// network: the SDK is the judge, nothing of ours is in this file.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { status as grpcStatus } from "@grpc/grpc-js";
import {
  checkpointers,
  CommitError,
  CommitStatusError,
  EndorseError,
  GatewayError,
  StatusCode,
} from "@hyperledger/fabric-gateway";
import { common, gateway as messages, orderer, peer } from "@hyperledger/fabric-protos";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { description, dial, gateway, identityOf, planned } from "./network.mjs";

const text = new TextDecoder();
const json = (bytes) => JSON.parse(text.decode(bytes));
const run = process.env.INTEROP_RUN ?? "run"; // tells the assets of several runs apart
const fresh = ((n) => () => `${run}${++n}`)(0);

let client, session, network, contract;

before(async () => {
  client = dial("Org1MSP");
  session = gateway(client, "User1@Org1MSP");
  network = session.getNetwork(description.channel);
  contract = network.getContract(description.chaincode);
  await planned(contract, "RangeAssets", "", "");
  await planned(network.getContract(description.otherChaincode), "RangeAssets", "", "");
});

after(() => {
  session.close();
  client.close();
});

const iterators = new WeakMap();

/** next reads one item of an event stream, or fails. */
async function next(stream) {
  if (!iterators.has(stream)) iterators.set(stream, stream[Symbol.asyncIterator]());
  const timer = new AbortController();
  const late = new Promise((_, reject) => {
    const t = setTimeout(() => reject(new Error("no event within two minutes")), 120_000);
    timer.signal.addEventListener("abort", () => clearTimeout(t));
  });
  try {
    const { value, done } = await Promise.race([iterators.get(stream).next(), late]);
    assert.ok(!done, "the stream ended");
    return value;
  } finally {
    timer.abort();
  }
}

/** until reads a stream to the first item that fits. */
async function until(stream, fits) {
  for (;;) {
    const item = await next(stream);
    if (fits(item)) return item;
  }
}

async function create(id = fresh()) {
  const proposal = contract.newProposal("CreateAsset", { arguments: [id, "tom", "red", "5"] });
  const transaction = await proposal.endorse();
  const commit = await transaction.submit();
  const status = await commit.getStatus();
  assert.equal(status.code, StatusCode.VALID);
  return { id, txId: proposal.getTransactionId(), block: status.blockNumber };
}

/** details joins an error's message with those of the nodes that failed. */
const details = (e) => [e.message, ...(e.details ?? []).map((d) => d.message)].join("\n");

/** refusal asserts the class, the code and the text of a gateway error. */
function refusal(type, code, pattern) {
  return (e) => {
    assert.ok(e instanceof type, `got ${e?.constructor?.name}: ${e}`);
    assert.equal(grpcStatus[e.code], grpcStatus[code], details(e));
    assert.match(details(e), pattern);
    return true;
  };
}

describe("transactions", () => {
  test("submit, then evaluate what was submitted", async () => {
    const id = fresh();
    await contract.submitTransaction("CreateAsset", id, "tom", "red", "5");
    const got = json(await contract.evaluateTransaction("ReadAsset", id));
    assert.deepEqual(got, { id, owner: "tom", colour: "red", value: 5 });
  });

  test("the result of an endorsed transaction is the chaincode's", async () => {
    const { id } = await create();
    const transaction = await contract.newProposal("TransferAsset", { arguments: [id, "jo"] }).endorse();
    assert.equal(text.decode(transaction.getResult()), "tom");
    const commit = await transaction.submit();
    assert.ok((await commit.getStatus()).successful);
    assert.equal(json(await contract.evaluateTransaction("ReadAsset", id)).owner, "jo");
  });

  test("an asynchronous submit answers before the commit, whose status can be asked for later", async () => {
    const { id } = await create();
    const commit = await contract.submitAsync("TransferAsset", { arguments: [id, "jo"] });
    assert.equal(text.decode(commit.getResult()), "tom");
    const first = await commit.getStatus();
    assert.equal(first.code, StatusCode.VALID);
    assert.equal(first.transactionId, commit.getTransactionId());
    // Another process may ask with the commit's bytes alone, also long after.
    const resumed = session.newCommit(commit.getBytes());
    assert.deepEqual(await resumed.getStatus(), first);
  });

  test("transient data reaches the chaincode", async () => {
    const { id } = await create();
    const transientData = { appraisal: "100", salt: "0123456789abcdef" };
    await contract.submit("AppraiseAsset", { arguments: [id], transientData });
    const answer = await contract.evaluate("CheckAppraisal", { arguments: [id], transientData });
    assert.equal(text.decode(answer), "true");
  });

  test("ranges and pages", async () => {
    const ids = Array.from({ length: 5 }, (_, i) => `page-${run}-${i}`);
    const assets = ids.map((id) => ({ id, owner: `pat-${run}`, colour: "grey", value: 1 }));
    assert.equal(text.decode(await contract.submitTransaction("ImportAssets", JSON.stringify(assets))), "5");
    const range = json(await contract.evaluateTransaction("RangeAssets", `page-${run}-`, `page-${run}-~`));
    assert.deepEqual(range.map((a) => a.id), ids);
    const owned = json(await contract.evaluateTransaction("AssetsByOwner", `pat-${run}`));
    assert.equal(owned.length, 5);
    const seen = [];
    for (let bookmark = ""; ; ) {
      const page = json(await contract.evaluateTransaction("ListAssets", "3", bookmark));
      seen.push(...page.assets.map((a) => a.id));
      bookmark = page.bookmark;
      if (!bookmark) break;
      assert.equal(page.assets.length, 3);
    }
    assert.deepEqual(seen.filter((id) => ids.includes(id)), ids);
  });

  test("a chaincode calls another one", async () => {
    const { id } = await create();
    const ask = () => contract.evaluateTransaction("ReadOther", description.otherChaincode, "", id);
    await assert.rejects(ask(), refusal(GatewayError, grpcStatus.UNKNOWN, /does not exist/)); // it has its own namespace
    const other = network.getContract(description.otherChaincode);
    await other.submitTransaction("CreateAsset", id, "eve", "blue", "7");
    assert.equal(json(await ask()).owner, "eve");
  });

  test("signing offline gives the same transaction", async () => {
    const { identity, signer } = identityOf("User1@Org1MSP");
    const offline = gateway(client, "User1@Org1MSP", { identity, signer: undefined });
    try {
      const id = fresh();
      const unsigned = offline.getNetwork(description.channel).getContract(description.chaincode)
        .newProposal("CreateAsset", { arguments: [id, "tom", "red", "5"] });
      const proposal = offline.newSignedProposal(unsigned.getBytes(), await signer(unsigned.getDigest()));
      const prepared = await proposal.endorse();
      const transaction = offline.newSignedTransaction(prepared.getBytes(), await signer(prepared.getDigest()));
      const pending = await transaction.submit();
      const commit = offline.newSignedCommit(pending.getBytes(), await signer(pending.getDigest()));
      assert.equal((await commit.getStatus()).code, StatusCode.VALID);
    } finally {
      offline.close();
    }
  });

  test("many at once", async () => {
    const ids = Array.from({ length: 40 }, fresh);
    await Promise.all(ids.map((id) => contract.submitTransaction("CreateAsset", id, "many", "red", "1")));
    const answers = await Promise.all(ids.map((id) => contract.evaluateTransaction("ReadAsset", id)));
    assert.deepEqual(answers.map((a) => json(a).id), ids);
  });
});

describe("refusals", () => {
  /** malformed calls a method of the gateway service with a message as it is. */
  const malformed = (method, message) => new Promise((_, reject) => {
    client.makeUnaryRequest(`/gateway.Gateway/${method}`, (m) => Buffer.from(m.serializeBinary()), (b) => b, message,
      (e) => reject(e ?? new Error(`${method} answered`)));
  });

  test("requests that hold nothing", async () => {
    for (const [method, message, pattern] of [
      ["Evaluate", new messages.EvaluateRequest(), /failed to unpack transaction proposal: a signed proposal is required/],
      ["Endorse", new messages.EndorseRequest(), /the proposed transaction must contain a signed proposal/],
      ["Submit", new messages.SubmitRequest(), /a prepared transaction is required/],
    ]) {
      await assert.rejects(malformed(method, message), (e) => {
        assert.equal(grpcStatus[e.code], "INVALID_ARGUMENT", `${method}: ${e.message}`);
        assert.match(e.details, pattern, method);
        return true;
      });
    }
  });

  test("events from a place that the gateway does not know", async () => {
    const asked = messages.SignedChaincodeEventsRequest.deserializeBinary(network.newChaincodeEventsRequest(description.chaincode).getBytes());
    const request = messages.ChaincodeEventsRequest.deserializeBinary(asked.getRequest_asU8());
    const oldest = new orderer.SeekPosition();
    oldest.setOldest(new orderer.SeekOldest());
    request.setStartPosition(oldest);
    asked.setRequest(request.serializeBinary());
    const { signer } = identityOf("User1@Org1MSP");
    const signature = await signer(createHash("sha256").update(request.serializeBinary()).digest());
    const events = session.newSignedChaincodeEventsRequest(asked.serializeBinary(), signature);
    await assert.rejects(next(await events.getEvents()), refusal(GatewayError, grpcStatus.INVALID_ARGUMENT, /invalid start position type/));
  });

  const missing = /asset nothing does not exist/;

  test("the chaincode refuses an evaluation", () =>
    assert.rejects(contract.evaluateTransaction("ReadAsset", "nothing"), (e) => {
      refusal(GatewayError, grpcStatus.UNKNOWN, missing)(e);
      assert.match(e.message, /evaluate call to endorser returned error: chaincode response 500/);
      assert.equal(e.details.length, 1);
      assert.equal(e.details[0].mspId, "Org1MSP");
      assert.equal(e.details[0].address, description.peers.Org1MSP.endorser);
      return true;
    }));

  test("the chaincode refuses a transaction", () =>
    assert.rejects(contract.submitTransaction("UpdateAsset", "nothing", "red", "1"), (e) => {
      refusal(EndorseError, grpcStatus.ABORTED, missing)(e);
      assert.equal(e.details.length, 1);
      assert.match(e.details[0].message, /^chaincode response 500, /);
      assert.match(e.transactionId, /^[0-9a-f]{64}$/);
      return true;
    }));

  test("an unknown chaincode", async () => {
    const unknown = network.getContract("unknown");
    await assert.rejects(unknown.evaluateTransaction("f"), refusal(GatewayError, grpcStatus.FAILED_PRECONDITION, /unknown/));
    await assert.rejects(unknown.submitTransaction("f"), refusal(EndorseError, grpcStatus.FAILED_PRECONDITION, /unknown/));
  });

  test("an unknown channel", async () => {
    const elsewhere = session.getNetwork("elsewhere");
    const unknown = elsewhere.getContract(description.chaincode);
    await assert.rejects(unknown.evaluateTransaction("f"), refusal(GatewayError, grpcStatus.UNAVAILABLE, /elsewhere/));
    await assert.rejects(unknown.submitTransaction("f"), refusal(EndorseError, grpcStatus.FAILED_PRECONDITION, /./));
    const events = await elsewhere.getChaincodeEvents(description.chaincode);
    await assert.rejects(next(events), refusal(GatewayError, grpcStatus.PERMISSION_DENIED, /elsewhere/));
  });

  test("a refusal at named organisations", async () => {
    const evaluation = { arguments: ["nothing"], endorsingOrganizations: ["Org3MSP"] };
    await assert.rejects(contract.evaluate("ReadAsset", evaluation), (e) => {
      refusal(GatewayError, grpcStatus.UNKNOWN, missing)(e);
      assert.deepEqual(e.details.map((d) => [d.mspId, d.address]), [["Org3MSP", description.peers.Org3MSP.endorser]]);
      return true;
    });
    const transaction = { arguments: ["nothing", "red", "1"], endorsingOrganizations: ["Org2MSP", "Org3MSP"] };
    await assert.rejects(contract.submit("UpdateAsset", transaction), (e) => {
      refusal(EndorseError, grpcStatus.ABORTED, /failed to collect enough transaction endorsements/)(e);
      assert.deepEqual(e.details.map((d) => d.mspId).sort(), ["Org2MSP", "Org3MSP"]);
      return true;
    });
  });

  test("an organisation without peers", () =>
    assert.rejects(contract.submit("CreateAsset", { arguments: [fresh(), "t", "r", "1"], endorsingOrganizations: ["NobodyMSP"] }),
      refusal(EndorseError, grpcStatus.UNAVAILABLE, /NobodyMSP/)));

  test("an identity of nobody's", async () => {
    const stranger = gateway(client, "User1@Org1MSP", { identity: { mspId: "NobodyMSP", credentials: identityOf("User1@Org1MSP").identity.credentials } });
    try {
      const theirs = stranger.getNetwork(description.channel);
      await assert.rejects(theirs.getContract(description.chaincode).evaluateTransaction("ReadAsset", "x"),
        refusal(GatewayError, grpcStatus.FAILED_PRECONDITION, /access denied/));
      const stream = await theirs.getChaincodeEvents(description.chaincode);
      await assert.rejects(next(stream), refusal(GatewayError, grpcStatus.PERMISSION_DENIED, /./));
    } finally {
      stranger.close();
    }
  });

  test("a deadline that passes", async () => {
    const commit = await contract.submitAsync("CreateAsset", { arguments: [fresh(), "t", "r", "1"] });
    // It may be committed before it is asked about; one that nobody submits never is.
    const asked = messages.SignedCommitStatusRequest.deserializeBinary(commit.getBytes());
    const request = messages.CommitStatusRequest.deserializeBinary(asked.getRequest_asU8());
    request.setTransactionId("f".repeat(64));
    asked.setRequest(request.serializeBinary());
    const never = session.newCommit(asked.serializeBinary());
    // Both ends watch the deadline: where the peer notices first, it resets the
    // stream, and the SDK says CANCELLED.
    await assert.rejects(never.getStatus({ deadline: Date.now() + 1 }), (e) => {
      assert.ok(e instanceof CommitStatusError, `got ${e?.constructor?.name}: ${e}`);
      assert.ok(["DEADLINE_EXCEEDED", "CANCELLED"].includes(grpcStatus[e.code]), details(e));
      return true;
    });
    assert.ok((await commit.getStatus()).successful);
  });

  test("too few endorsements stand in their block as invalid", async () => {
    const options = { arguments: [fresh(), "t", "r", "1"], endorsingOrganizations: ["Org2MSP"] };
    await assert.rejects(contract.submit("CreateAsset", options), (e) => {
      assert.ok(e instanceof CommitError, String(e));
      assert.equal(e.code, StatusCode.ENDORSEMENT_POLICY_FAILURE);
      return true;
    });
  });

  test("of two transactions on one version only the first is valid", async () => {
    const { id } = await create();
    const endorse = (colour) => contract.newProposal("UpdateAsset", { arguments: [id, colour, "1"] }).endorse();
    const [one, two] = [await endorse("green"), await endorse("blue")];
    const first = await (await one.submit()).getStatus();
    const second = await (await two.submit()).getStatus();
    assert.equal(first.code, StatusCode.VALID);
    assert.equal(second.code, StatusCode.MVCC_READ_CONFLICT);
    assert.equal(json(await contract.evaluateTransaction("ReadAsset", id)).colour, "green");
  });

  test("a transaction whose signature is another's", async () => {
    const prepared = await contract.newProposal("CreateAsset", { arguments: [fresh(), "t", "r", "1"] }).endorse();
    const { signer } = identityOf("User1@Org2MSP");
    const forged = session.newSignedTransaction(prepared.getBytes(), await signer(prepared.getDigest()));
    await assert.rejects(forged.submit(), refusal(GatewayError, grpcStatus.ABORTED, /./));
  });
});

/** headerHash is what the next block names its predecessor by: SHA-256 over the DER of number and hashes. */
function headerHash(header) {
  const der = (tag, body) => Buffer.concat([Buffer.from([tag, body.length]), body]); // all shorter than 128 bytes
  let number = header.getNumber().toString(16);
  if (number.length % 2) number = `0${number}`;
  let digits = Buffer.from(number, "hex");
  if (digits[0] & 0x80) digits = Buffer.concat([Buffer.of(0), digits]);
  const fields = [der(2, digits), der(4, Buffer.from(header.getPreviousHash_asU8())), der(4, Buffer.from(header.getDataHash_asU8()))];
  return createHash("sha256").update(der(0x30, Buffer.concat(fields))).digest();
}

describe("events", () => {
  test("chaincode events, and going on after one", async () => {
    const live = await network.getChaincodeEvents(description.chaincode);
    try {
      const one = await create();
      const event = await until(live, (e) => e.transactionId === one.txId);
      assert.equal(event.eventName, "created");
      assert.equal(event.blockNumber, one.block);
      assert.equal(json(event.payload).id, one.id);

      const two = await create();
      const checkpoint = checkpointers.inMemory();
      await checkpoint.checkpointChaincodeEvent(event);
      const resumed = await network.getChaincodeEvents(description.chaincode, { checkpoint });
      const following = await next(resumed);
      assert.equal(following.transactionId, two.txId);
      resumed.close();

      const replayed = await network.getChaincodeEvents(description.chaincode, { startBlock: one.block });
      assert.equal((await next(replayed)).transactionId, one.txId);
      replayed.close();
    } finally {
      live.close();
    }
  });

  test("a checkpoint in a file goes on inside a block", async () => {
    const dir = await mkdtemp(join(tmpdir(), "interop-"));
    try {
      // Three that are ordered together stand in one block, mostly.
      const made = await Promise.all([create(), create(), create()]);
      const file = join(dir, "checkpoint");
      const startBlock = made.map((m) => m.block).reduce((a, b) => (a < b ? a : b));
      const wanted = new Set(made.map((m) => m.txId));
      const seen = [];
      while (seen.length < made.length) { // each event by a process of its own
        const checkpoint = await checkpointers.file(file);
        const events = await network.getChaincodeEvents(description.chaincode, { startBlock, checkpoint });
        try {
          const event = await next(events);
          await checkpoint.checkpointChaincodeEvent(event);
          if (wanted.has(event.transactionId)) seen.push(event.transactionId);
        } finally {
          events.close();
        }
      }
      assert.deepEqual([...seen].sort(), [...wanted].sort());
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test("requests for events are signed offline too", async () => {
    const { identity, signer } = identityOf("User1@Org1MSP");
    const offline = gateway(client, "User1@Org1MSP", { identity, signer: undefined });
    const there = offline.getNetwork(description.channel);
    const { txId, block } = await create();
    try {
      const asked = there.newChaincodeEventsRequest(description.chaincode, { startBlock: block });
      const events = await offline.newSignedChaincodeEventsRequest(asked.getBytes(), await signer(asked.getDigest())).getEvents();
      await until(events, (e) => e.transactionId === txId);
      events.close();

      const whole = there.newBlockEventsRequest({ startBlock: block });
      const blocks = await offline.newSignedBlockEventsRequest(whole.getBytes(), await signer(whole.getDigest())).getEvents();
      assert.equal((await next(blocks)).getHeader().getNumber(), Number(block));
      blocks.close();

      const brief = there.newFilteredBlockEventsRequest({ startBlock: block });
      const filtered = await offline.newSignedFilteredBlockEventsRequest(brief.getBytes(), await signer(brief.getDigest())).getEvents();
      assert.ok((await next(filtered)).getFilteredTransactionsList().some((t) => t.getTxid() === txId));
      filtered.close();
    } finally {
      offline.close();
    }
  });

  test("blocks from the first on, each linked to the one before", async () => {
    const { block } = await create();
    const blocks = await network.getBlockEvents({ startBlock: 0n });
    try {
      for (let n = 0, previous = new Uint8Array(); n <= Number(block); n++) {
        const header = (await next(blocks)).getHeader();
        assert.equal(header.getNumber(), n);
        assert.deepEqual(Buffer.from(header.getPreviousHash_asU8()), Buffer.from(previous), `block ${n}`);
        previous = headerHash(header);
      }
    } finally {
      blocks.close();
    }
  });

  test("filtered blocks name transactions and events without payloads", async () => {
    const { txId, block } = await create();
    const filtered = await network.getFilteredBlockEvents({ startBlock: block });
    try {
      const got = await next(filtered);
      assert.equal(got.getChannelId(), description.channel);
      const tx = got.getFilteredTransactionsList().find((t) => t.getTxid() === txId);
      assert.equal(tx.getTxValidationCode(), peer.TxValidationCode.VALID);
      const event = tx.getTransactionActions().getChaincodeActionsList()[0].getChaincodeEvent();
      assert.equal(event.getEventName(), "created");
      assert.equal(event.getPayload_asU8().length, 0);
    } finally {
      filtered.close();
    }
  });

  test("block events go on after a checkpoint", async () => {
    const { block } = await create();
    const checkpoint = checkpointers.inMemory();
    await checkpoint.checkpointBlock(block);
    const following = await create();
    const blocks = await network.getBlockEvents({ checkpoint });
    try {
      assert.equal((await next(blocks)).getHeader().getNumber(), Number(block) + 1);
      assert.ok(following.block > block);
    } finally {
      blocks.close();
    }
  });
});

describe("system chaincodes", () => {
  test("qscc tells of blocks and transactions", async () => {
    const { txId, block } = await create();
    const qscc = network.getContract("qscc");
    const ask = (name, ...args) => qscc.evaluateTransaction(name, description.channel, ...args);
    const info = common.BlockchainInfo.deserializeBinary(await ask("GetChainInfo"));
    assert.ok(info.getHeight() > Number(block));
    const byNumber = common.Block.deserializeBinary(await ask("GetBlockByNumber", block.toString()));
    const byTx = common.Block.deserializeBinary(await ask("GetBlockByTxID", txId));
    assert.equal(byNumber.getHeader().getNumber(), Number(block));
    assert.deepEqual(byTx.toObject(), byNumber.toObject());
    const tx = peer.ProcessedTransaction.deserializeBinary(await ask("GetTransactionByID", txId));
    assert.equal(tx.getValidationcode(), peer.TxValidationCode.VALID);
    await assert.rejects(ask("GetBlockByNumber", "999999"), refusal(GatewayError, grpcStatus.UNKNOWN, /chaincode response 500/));
    await assert.rejects(ask("Nope"), refusal(GatewayError, grpcStatus.UNKNOWN, /Nope/));
    const newest = await ask("GetBlockByHash", info.getCurrentblockhash_asU8());
    assert.equal(common.Block.deserializeBinary(newest).getHeader().getNumber(), info.getHeight() - 1);
  });

  test("cscc tells the channel's configuration to its readers", async () => {
    const cscc = network.getContract("cscc");
    const block = common.Block.deserializeBinary(await cscc.evaluateTransaction("GetConfigBlock", description.channel));
    assert.equal(block.getHeader().getNumber(), 0);
    const config = common.Config.deserializeBinary(await cscc.evaluateTransaction("GetChannelConfig", description.channel));
    assert.deepEqual(config.getChannelGroup().getGroupsMap().getEntryList().map(([name]) => name).sort(), ["Application", "Orderer"]);
    await assert.rejects(cscc.evaluateTransaction("GetConfigBlock", "elsewhere"), refusal(GatewayError, grpcStatus.UNKNOWN, /elsewhere/));
  });
});
