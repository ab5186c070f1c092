// SPDX-License-Identifier: Apache-2.0

// Two contracts on Hyperledger's contract API in one chaincode; contract.test.mjs
// calls them. The API loads CommonJS modules.

"use strict";

const { Contract } = require("fabric-contract-api");

const text = (bytes) => Buffer.from(bytes).toString();
const json = (value) => JSON.stringify(value); // strings are answered as they are

/** Ledger uses what the API gives of the state. */
class Ledger extends Contract {
  constructor() {
    super("Ledger");
  }

  async unknownTransaction(ctx) {
    throw new Error(`Ledger knows no ${ctx.stub.getFunctionAndParameters().fcn}`);
  }

  async put(ctx, key, value) {
    await ctx.stub.putState(key, Buffer.from(value));
  }

  async get(ctx, key) {
    return text(await ctx.stub.getState(key));
  }

  async remove(ctx, key) {
    await ctx.stub.deleteState(key);
  }

  async fill(ctx, prefix, count) {
    for (let i = 0; i < Number(count); i++) await ctx.stub.putState(prefix + String(i).padStart(3, "0"), Buffer.from("x"));
  }

  async range(ctx, start, end) {
    const keys = [];
    for await (const { key } of ctx.stub.getStateByRange(start, end)) keys.push(key);
    return json(keys);
  }

  async page(ctx, start, end, size, bookmark) {
    const { iterator, metadata } = await ctx.stub.getStateByRangeWithPagination(start, end, Number(size), bookmark);
    const keys = [];
    for (let row = await iterator.next(); !row.done; row = await iterator.next()) keys.push(row.value.key);
    await iterator.close();
    return json({ keys, count: metadata.fetchedRecordsCount, bookmark: metadata.bookmark });
  }

  async index(ctx, colour, owner) {
    await ctx.stub.putState(ctx.stub.createCompositeKey("colour~owner", [colour, owner]), Buffer.from([0]));
  }

  async owners(ctx, colour) {
    const owners = [];
    for await (const { key } of ctx.stub.getStateByPartialCompositeKey("colour~owner", [colour])) {
      owners.push(ctx.stub.splitCompositeKey(key).attributes[1]);
    }
    return json(owners);
  }

  async ownersPaged(ctx, colour, size, bookmark) {
    const { iterator, metadata } = await ctx.stub.getStateByPartialCompositeKeyWithPagination("colour~owner", [colour], Number(size), bookmark);
    const owners = [];
    for (let row = await iterator.next(); !row.done; row = await iterator.next()) {
      owners.push(ctx.stub.splitCompositeKey(row.value.key).attributes[1]);
    }
    await iterator.close();
    return json({ owners, bookmark: metadata.bookmark });
  }

  async announce(ctx, name, payload) {
    ctx.stub.setEvent(name, Buffer.from(payload));
  }

  /** hidden keeps a hash of what came with the transaction and is not in it. */
  async hidden(ctx, key) {
    const secret = ctx.stub.getTransient().get("secret");
    if (!secret) throw new Error("no transient secret");
    await ctx.stub.putState(key, Buffer.from(String(secret.length)));
  }

  async ask(ctx, chaincode, name, key) {
    const answer = await ctx.stub.invokeChaincode(chaincode, [name, key], ctx.stub.getChannelID());
    if (answer.status !== 200) throw new Error(answer.message);
    return text(answer.payload);
  }
}

/** Caller tells who calls. */
class Caller extends Contract {
  constructor() {
    super("Caller");
  }

  async who(ctx) {
    const { clientIdentity: id } = ctx;
    return json({ mspId: id.getMSPID(), id: id.getID() });
  }
}

module.exports.contracts = [Ledger, Caller];
