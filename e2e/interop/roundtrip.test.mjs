// SPDX-License-Identifier: Apache-2.0

// Every Fabric message of a run, and every message that stands as bytes inside
// another one, is decoded by Hyperledger's protobufs and encoded again: the
// bytes must be the same, or one side has other fields than the other.

import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import * as protos from "@hyperledger/fabric-protos";
import { details, into, methods } from "./schema.mjs";

/** names tells what the classes are called, by the shortest way to them. */
const names = new Map();
for (const queue = [["", protos]]; queue.length; ) {
  const [path, scope] = queue.shift();
  for (const [name, value] of Object.entries(scope)) {
    if (name === "default" || name.endsWith("Service")) continue; // the module once more; methods, not messages
    if (typeof value?.deserializeBinary === "function" && !names.has(value)) names.set(value, path + name);
    if (value && typeof value === "object" && path.split(".").length < 4) queue.push([`${path}${name}.`, value]);
  }
}
const nameOf = (type) => names.get(type) ?? type.displayName ?? "?";

const counts = new Map();

/** check round-trips one message and what is inside it. */
function check(type, bytes, ctx, path) {
  const at = `${path} > ${nameOf(type)}`;
  let message;
  try {
    message = type.deserializeBinary(bytes);
  } catch (e) {
    assert.fail(`${at} does not decode: ${e.message}: ${Buffer.from(bytes).toString("hex").slice(0, 200)}`);
  }
  if (beyondNumbers(message)) return;
  const again = Buffer.from(message.serializeBinary());
  assert.ok(again.equals(Buffer.from(bytes)),
    `${at} has other bytes when encoded again:\n got ${again.toString("hex").slice(0, 400)}\nwant ${Buffer.from(bytes).toString("hex").slice(0, 400)}`);
  counts.set(nameOf(type), (counts.get(nameOf(type)) ?? 0) + 1);
  into(message, (inner, raw, innerCtx) => check(inner, raw, innerCtx ?? ctx, at), ctx);
}

/**
 * beyondNumbers tells whether a message holds a block number that a JavaScript
 * number cannot: "until the end of time" in a request for blocks. The library
 * decodes it inexactly and refuses to encode it.
 */
function beyondNumbers(message) {
  return message instanceof protos.orderer.SeekInfo && !Number.isSafeInteger(message.getStop()?.getSpecified()?.getNumber() ?? 0);
}

/** What a run of lifecycle, chaincodes, gateway and events cannot do without. */
const required = [
  "common.Block", "common.BlockchainInfo", "common.ChannelHeader", "common.Config", "common.ConfigEnvelope", "common.Envelope",
  "common.Header", "common.ImplicitMetaPolicy", "common.MSPRole", "common.Metadata", "common.OrdererBlockMetadata", "common.Payload",
  "common.SignatureHeader", "common.SignaturePolicyEnvelope",
  "gateway.ChaincodeEventsRequest", "gateway.ChaincodeEventsResponse", "gateway.CommitStatusRequest", "gateway.CommitStatusResponse",
  "gateway.EndorseRequest", "gateway.EndorseResponse", "gateway.ErrorDetail", "gateway.EvaluateRequest", "gateway.EvaluateResponse",
  "gateway.SignedChaincodeEventsRequest", "gateway.SignedCommitStatusRequest", "gateway.SubmitRequest", "gateway.SubmitResponse",
  "ledger.queryresult.KV", "ledger.rwset.TxReadWriteSet", "ledger.rwset.kvrwset.HashedRWSet", "ledger.rwset.kvrwset.KVRWSet",
  "msp.FabricMSPConfig", "msp.MSPConfig", "msp.SerializedIdentity",
  "orderer.BatchSize", "orderer.BatchTimeout", "orderer.BroadcastResponse", "orderer.ConsensusType", "orderer.SeekInfo",
  "ledger.queryresult.KeyModification", "peer.ChaincodeAction", "peer.ChaincodeActionPayload", "peer.ChaincodeEvent", "peer.ChaincodeHeaderExtension", "peer.ChaincodeID",
  "peer.ChaincodeInput", "peer.ChaincodeInvocationSpec", "peer.ChaincodeMessage", "peer.ChaincodeProposalPayload", "peer.ChaincodeSpec",
  "peer.DeliverResponse", "peer.GetState", "peer.GetStateByRange", "peer.GetStateMetadata", "peer.PutStateMetadata", "peer.QueryStateNext", "peer.StateMetadataResult", "peer.ProcessedTransaction", "peer.Proposal", "peer.ProposalResponse",
  "peer.ProposalResponsePayload", "peer.PutState", "peer.QueryMetadata", "peer.QueryResponse", "peer.QueryResponseMetadata",
  "peer.Response", "peer.SignedProposal", "peer.Transaction",
];

test("every message of a run encodes to the same bytes", async () => {
  const calls = new Map();
  let records = 0;
  for await (const line of createInterface({ input: createReadStream(process.env.INTEROP_TAPE) })) {
    const { call, method, answer, detail, bytes } = JSON.parse(line);
    const type = detail ? details[detail] : methods[method]?.[answer ? 1 : 0];
    assert.ok(type, `no message known for ${method} ${detail ?? ""}`);
    if (!calls.has(call)) calls.set(call, {});
    check(type, Buffer.from(bytes ?? "", "base64"), calls.get(call), `${method} ${answer ? "answer" : "request"}`);
    records++;
  }
  for (const [name, n] of [...counts].sort()) console.log(`${String(n).padStart(7)} ${name}`);
  console.log(`${String(records).padStart(7)} recorded`);
  const missing = required.filter((name) => !counts.has(name));
  assert.deepEqual(missing, [], "messages that the run should have had");
});
