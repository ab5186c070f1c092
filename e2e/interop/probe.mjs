// SPDX-License-Identifier: Apache-2.0

// A chaincode on Hyperledger's own Node shim, which uses all that the chaincode
// protocol has; chaincode.test.mjs calls it. With CHAINCODE_SERVER_ADDRESS and
// CHAINCODE_ID it is a service, else a peer launched it and says so in arguments.

import shim from "fabric-shim";

const text = (bytes) => Buffer.from(bytes).toString();

/** all reads an iterator to its end, or its first rows. */
async function all(iterator, most = Infinity) {
  const rows = [];
  for (let r = await iterator.next(); !r.done; r = await iterator.next()) {
    rows.push(r.value);
    if (rows.length >= most) break;
  }
  await iterator.close();
  return rows;
}

const keys = (rows) => rows.map((r) => r.key);

const functions = {
  put: (stub, key, value) => stub.putState(key, Buffer.from(value)),
  get: async (stub, key) => text(await stub.getState(key)),
  remove: (stub, key) => stub.deleteState(key),
  fill: async (stub, prefix, from, to) => {
    for (let i = Number(from); i < Number(to); i++) await stub.putState(prefix + String(i).padStart(4, "0"), Buffer.from(String(i)));
  },
  range: async (stub, start, end) => keys(await all(await stub.getStateByRange(start, end))),
  some: async (stub, start, end, most) => keys(await all(await stub.getStateByRange(start, end), Number(most))),
  page: async (stub, start, end, size, bookmark) => {
    const { iterator, metadata } = await stub.getStateByRangeWithPagination(start, end, Number(size), bookmark);
    return { keys: keys(await all(iterator)), count: metadata.fetchedRecordsCount, bookmark: metadata.bookmark };
  },
  pageThenPut: async (stub) => {
    await functions.page(stub, "row", "rox", "2", "");
    await stub.putState("after-page", Buffer.from("x"));
  },
  composite: async (stub, type, ...parts) => {
    await stub.putState(stub.createCompositeKey(type, parts), Buffer.from("c"));
  },
  composites: async (stub, type, ...parts) => {
    const rows = await all(await stub.getStateByPartialCompositeKey(type, parts));
    return rows.map((r) => stub.splitCompositeKey(r.key).attributes);
  },
  history: async (stub, key) => {
    const rows = await all(await stub.getHistoryForKey(key));
    return rows.map((r) => ({ txId: r.txId, value: text(r.value), deleted: r.isDelete }));
  },
  /** overwrite tells what a transaction sees of its own write: nothing. */
  overwrite: async (stub, key, value) => {
    const before = text(await stub.getState(key));
    await stub.putState(key, Buffer.from(value));
    return { before, after: text(await stub.getState(key)) };
  },
  own: async (stub, key, ...orgs) => {
    const policy = new shim.KeyEndorsementPolicy();
    policy.addOrgs("PEER", ...orgs);
    await stub.setStateValidationParameter(key, policy.getPolicy());
  },
  owners: async (stub, key) => new shim.KeyEndorsementPolicy(await stub.getStateValidationParameter(key)).listOrgs(),
  query: async (stub) => all(await stub.getQueryResult('{"selector":{}}')),
  private: (stub) => stub.putPrivateData("collection", "key", Buffer.from("secret")),
  call: async (stub, chaincode, channel, ...args) => {
    const answer = await stub.invokeChaincode(chaincode, args, channel);
    return { status: answer.status, message: answer.message, payload: text(answer.payload) };
  },
  event: (stub, name, payload) => stub.setEvent(name, Buffer.from(payload)),
  about: (stub) => ({
    txId: stub.getTxID(),
    channel: stub.getChannelID(),
    mspId: stub.getCreator().mspid,
    seconds: Number(stub.getTxTimestamp().seconds),
    transient: text(stub.getTransient().get("word") ?? ""),
    binding: stub.getBinding().length,
  }),
  refuse: (_stub, status, message) => ({ status: Number(status), message }),
  crash: () => process.exit(3),
  sleep: (_stub, ms) => new Promise((done) => setTimeout(done, Number(ms))),
};

class Probe {
  async Init() {
    return shim.success();
  }

  async Invoke(stub) {
    const { fcn, params } = stub.getFunctionAndParameters();
    if (!functions[fcn]) return shim.error(`no function ${fcn}`);
    try {
      const result = await functions[fcn](stub, ...params);
      if (fcn === "refuse") return { status: result.status, message: result.message, payload: Buffer.alloc(0) };
      return shim.success(Buffer.from(JSON.stringify(result ?? null)));
    } catch (e) {
      return shim.error(e.message);
    }
  }
}

const { CHAINCODE_ID: ccid, CHAINCODE_SERVER_ADDRESS: address } = process.env;
if (address) await shim.server(new Probe(), { ccid, address }).start();
else shim.start(new Probe());
