// SPDX-License-Identifier: Apache-2.0

// Connects the official SDK to a network that a description file tells of; the
// Go test that starts the network writes it.

import { connect, hash, signers } from "@hyperledger/fabric-gateway";
import { Client, credentials } from "@grpc/grpc-js";
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";

export const description = JSON.parse(readFileSync(process.env.INTEROP_NETWORK, "utf8"));

// A machine that others use too may stand still for a while: what these scripts
// test is never how long a call takes.
const patience = () => ({ deadline: Date.now() + 120_000 });

/** dial opens a gRPC client to an organisation's peer: over TLS, or in clear to a recording relay before it. */
export function dial(org) {
  const at = description.peers[org];
  const tls = at.tlsRoot ? credentials.createSsl(readFileSync(at.tlsRoot)) : credentials.createInsecure();
  return new Client(at.address, tls, {
    "grpc.max_receive_message_length": -1,
    "grpc.ssl_target_name_override": "localhost", // the address is a number, which no TLS server name may be
  });
}

/** identityOf returns what the SDK calls an identity, and its signer. */
export function identityOf(user) {
  const { mspId, certificate, key } = description.users[user];
  return {
    identity: { mspId, credentials: readFileSync(certificate) },
    signer: signers.newPrivateKeySigner(createPrivateKey(readFileSync(key))),
  };
}

/** gateway connects a user through a client that dial returned. */
export function gateway(client, user, options = {}) {
  return connect({
    client,
    ...identityOf(user),
    hash: hash.sha256,
    evaluateOptions: patience,
    endorseOptions: patience,
    submitOptions: patience,
    commitStatusOptions: patience,
    ...options,
  });
}

/**
 * planned waits until the gateway can plan for a chaincode: on Fabric, gossip
 * must first have told it who runs what.
 */
export async function planned(contract, name, ...args) {
  for (const started = Date.now(); ; ) {
    try {
      await contract.newProposal(name, { arguments: args }).endorse();
      return;
    } catch (e) {
      if (Date.now() - started > 120_000) throw e;
      await new Promise((again) => setTimeout(again, 100));
    }
  }
}
