// SPDX-License-Identifier: Apache-2.0

// Which message a gRPC method carries, and which messages stand as bytes inside
// others: Fabric nests them by hand, so that no generated code knows.

import { common, gateway, ledger, msp, orderer, peer } from "@hyperledger/fabric-protos";
import * as etcdraft from "@hyperledger/fabric-protos/lib/orderer/etcdraft/configuration_pb.js";
import * as lifecycle from "@hyperledger/fabric-protos/lib/peer/lifecycle/lifecycle_pb.js";
import * as lifecycleState from "@hyperledger/fabric-protos/lib/peer/lifecycle/db_pb.js";
import * as definition from "@hyperledger/fabric-protos/lib/peer/lifecycle/chaincode_definition_pb.js";

const { rwset, queryresult } = ledger;
const { kvrwset } = rwset;
const raft = etcdraft.default ?? etcdraft;
const functions = lifecycle.default ?? lifecycle;
const state = lifecycleState.default ?? lifecycleState;
const records = definition.default ?? definition;

/** methods gives the request and the answer of each method. */
export const methods = {
  "/protos.Endorser/ProcessProposal": [peer.SignedProposal, peer.ProposalResponse],
  "/protos.Deliver/Deliver": [common.Envelope, peer.DeliverResponse],
  "/protos.Deliver/DeliverFiltered": [common.Envelope, peer.DeliverResponse],
  "/protos.Chaincode/Connect": [peer.ChaincodeMessage, peer.ChaincodeMessage],
  "/orderer.AtomicBroadcast/Broadcast": [common.Envelope, orderer.BroadcastResponse],
  "/orderer.AtomicBroadcast/Deliver": [common.Envelope, orderer.DeliverResponse],
  "/gateway.Gateway/Endorse": [gateway.EndorseRequest, gateway.EndorseResponse],
  "/gateway.Gateway/Evaluate": [gateway.EvaluateRequest, gateway.EvaluateResponse],
  "/gateway.Gateway/Submit": [gateway.SubmitRequest, gateway.SubmitResponse],
  "/gateway.Gateway/CommitStatus": [gateway.SignedCommitStatusRequest, gateway.CommitStatusResponse],
  "/gateway.Gateway/ChaincodeEvents": [gateway.SignedChaincodeEventsRequest, gateway.ChaincodeEventsResponse],
};

/** details are the types of error details. */
export const details = { "type.googleapis.com/gateway.ErrorDetail": gateway.ErrorDetail };

const { HeaderType } = common;
const Kind = peer.ChaincodeMessage.Type;

/** requestOf is the payload of a message that a chaincode sends or gets. */
const payloads = {
  [Kind.REGISTER]: peer.ChaincodeID,
  [Kind.READY]: peer.ChaincodeAdditionalParams,
  [Kind.TRANSACTION]: peer.ChaincodeInput,
  [Kind.COMPLETED]: peer.Response,
  [Kind.GET_STATE]: peer.GetState,
  [Kind.PUT_STATE]: peer.PutState,
  [Kind.DEL_STATE]: peer.DelState,
  [Kind.GET_STATE_BY_RANGE]: peer.GetStateByRange,
  [Kind.GET_QUERY_RESULT]: peer.GetQueryResult,
  [Kind.GET_HISTORY_FOR_KEY]: peer.GetHistoryForKey,
  [Kind.GET_STATE_METADATA]: peer.GetStateMetadata,
  [Kind.PUT_STATE_METADATA]: peer.PutStateMetadata,
  [Kind.QUERY_STATE_NEXT]: peer.QueryStateNext,
  [Kind.QUERY_STATE_CLOSE]: peer.QueryStateClose,
  [Kind.INVOKE_CHAINCODE]: peer.ChaincodeSpec,
  [Kind.WRITE_BATCH_STATE]: peer.WriteBatchState,
  [Kind.GET_STATE_MULTIPLE]: peer.GetStateMultiple,
};

/** answers are the payloads of a RESPONSE, by what was asked. */
const answers = {
  [Kind.GET_HISTORY_FOR_KEY]: peer.QueryResponse,
  [Kind.GET_STATE_METADATA]: peer.StateMetadataResult,
  [Kind.GET_STATE_BY_RANGE]: peer.QueryResponse,
  [Kind.QUERY_STATE_NEXT]: peer.QueryResponse,
  [Kind.QUERY_STATE_CLOSE]: peer.QueryResponse,
  [Kind.INVOKE_CHAINCODE]: peer.ChaincodeMessage,
  [Kind.GET_STATE_MULTIPLE]: peer.GetStateMultipleResult,
};

const configValues = {
  HashingAlgorithm: common.HashingAlgorithm,
  BlockDataHashingStructure: common.BlockDataHashingStructure,
  OrdererAddresses: common.OrdererAddresses,
  Capabilities: common.Capabilities,
  Consortium: common.Consortium,
  MSP: msp.MSPConfig,
  ConsensusType: orderer.ConsensusType,
  BatchSize: orderer.BatchSize,
  BatchTimeout: orderer.BatchTimeout,
  ChannelRestrictions: orderer.ChannelRestrictions,
  Endpoints: common.OrdererAddresses,
  AnchorPeers: peer.AnchorPeers,
  ACLs: peer.ACLs,
};

const policyTypes = { 1: common.SignaturePolicyEnvelope, 3: common.ImplicitMetaPolicy };
const principals = [msp.MSPRole, msp.OrganizationUnit, msp.SerializedIdentity];

/** lifecycleField is the record in a StateData of `_lifecycle`, by its key. */
const lifecycleField = {
  EndorsementInfo: records.ChaincodeEndorsementInfo ?? state.ChaincodeEndorsementInfo,
  ValidationInfo: records.ChaincodeValidationInfo ?? state.ChaincodeValidationInfo,
  Collections: peer.CollectionConfigPackage,
};

/** inside visits what stands as bytes in a message: visit(class, bytes, context). */
const inside = new Map();
const of = (type, f) => inside.set(type, f);

of(common.Envelope, (m, visit) => visit(common.Payload, m.getPayload_asU8()));
of(common.Payload, (m, visit, ctx) => {
  const type = m.getHeader() && common.ChannelHeader.deserializeBinary(m.getHeader().getChannelHeader_asU8()).getType();
  if (m.getHeader()) into(m.getHeader(), visit, ctx);
  const data = {
    [HeaderType.CONFIG]: common.ConfigEnvelope,
    [HeaderType.CONFIG_UPDATE]: common.ConfigUpdateEnvelope,
    [HeaderType.ENDORSER_TRANSACTION]: peer.Transaction,
    [HeaderType.DELIVER_SEEK_INFO]: orderer.SeekInfo,
  }[type];
  if (data) visit(data, m.getData_asU8());
});
of(common.Header, (m, visit) => {
  visit(common.ChannelHeader, m.getChannelHeader_asU8());
  visit(common.SignatureHeader, m.getSignatureHeader_asU8());
});
of(common.ChannelHeader, (m, visit) => {
  if (m.getType() === HeaderType.ENDORSER_TRANSACTION) visit(peer.ChaincodeHeaderExtension, m.getExtension_asU8());
});
of(common.SignatureHeader, (m, visit) => visit(msp.SerializedIdentity, m.getCreator_asU8()));
of(common.Block, (m, visit) => {
  for (const raw of m.getData()?.getDataList_asU8() ?? []) visit(common.Envelope, raw);
  const [signatures] = m.getMetadata().getMetadataList_asU8();
  visit(common.Metadata, signatures);
});
of(common.Metadata, (m, visit) => {
  if (m.getValue_asU8().length) visit(common.OrdererBlockMetadata, m.getValue_asU8());
  for (const s of m.getSignaturesList()) visit(common.SignatureHeader, s.getSignatureHeader_asU8());
});
of(common.ConfigEnvelope, (m, visit, ctx) => {
  group(m.getConfig().getChannelGroup(), visit);
  if (m.getLastUpdate()) into(m.getLastUpdate(), visit, ctx);
});
of(common.SignaturePolicyEnvelope, (m, visit) => {
  for (const p of m.getIdentitiesList()) {
    const type = principals[p.getPrincipalClassification()];
    if (type) visit(type, p.getPrincipal_asU8());
  }
});
of(msp.MSPConfig, (m, visit) => visit(msp.FabricMSPConfig, m.getConfig_asU8()));
of(orderer.ConsensusType, (m, visit) => {
  if (m.getType() === "etcdraft") visit(raft.ConfigMetadata, m.getMetadata_asU8());
});

/** group visits the values and policies of a configuration group and of those below. */
function group(g, visit) {
  g.getValuesMap().forEach((v, name) => {
    if (configValues[name]) visit(configValues[name], v.getValue_asU8());
  });
  g.getPoliciesMap().forEach((p) => {
    const type = policyTypes[p.getPolicy().getType()];
    if (type) visit(type, p.getPolicy().getValue_asU8());
  });
  g.getGroupsMap().forEach((sub) => group(sub, visit));
}

of(peer.SignedProposal, (m, visit) => visit(peer.Proposal, m.getProposalBytes_asU8()));
of(peer.Proposal, (m, visit) => {
  visit(common.Header, m.getHeader_asU8());
  visit(peer.ChaincodeProposalPayload, m.getPayload_asU8());
});
of(peer.ChaincodeProposalPayload, (m, visit) => visit(peer.ChaincodeInvocationSpec, m.getInput_asU8()));
of(peer.ChaincodeInvocationSpec, (m, visit, ctx) => {
  const spec = m.getChaincodeSpec();
  const [name, args] = spec.getInput().getArgsList_asU8();
  ctx.function = `${spec.getChaincodeId().getName()}/${name ? Buffer.from(name) : ""}`;
  const type = lifecycleType(ctx.function, "Args");
  if (type) visit(type, args);
});

/** lifecycleType is the argument or result of a function of `_lifecycle`. */
const lifecycleType = (f, part) => (f?.startsWith("_lifecycle/") ? functions[f.slice("_lifecycle/".length) + part] : undefined);

const queries = {
  "qscc/GetChainInfo": common.BlockchainInfo,
  "qscc/GetBlockByNumber": common.Block,
  "qscc/GetBlockByHash": common.Block,
  "qscc/GetBlockByTxID": common.Block,
  "qscc/GetTransactionByID": peer.ProcessedTransaction,
  "cscc/GetConfigBlock": common.Block,
  "cscc/GetChannelConfig": common.Config,
  "cscc/GetChannels": peer.ChannelQueryResponse,
};

of(peer.ProposalResponse, (m, visit, ctx) => {
  if (m.getPayload_asU8().length) visit(peer.ProposalResponsePayload, m.getPayload_asU8());
  if (m.getEndorsement()) visit(msp.SerializedIdentity, m.getEndorsement().getEndorser_asU8());
  const type = lifecycleType(ctx.function, "Result") ?? queries[ctx.function];
  if (type && m.getResponse().getStatus() === 200) visit(type, m.getResponse().getPayload_asU8());
});
of(peer.ProposalResponsePayload, (m, visit) => visit(peer.ChaincodeAction, m.getExtension_asU8()));
of(peer.ChaincodeAction, (m, visit) => {
  visit(rwset.TxReadWriteSet, m.getResults_asU8());
  if (m.getEvents_asU8().length) visit(peer.ChaincodeEvent, m.getEvents_asU8());
});
of(rwset.TxReadWriteSet, (m, visit) => {
  for (const ns of m.getNsRwsetList()) {
    visit(kvrwset.KVRWSet, ns.getRwset_asU8(), { namespace: ns.getNamespace() });
    for (const c of ns.getCollectionHashedRwsetList()) visit(kvrwset.HashedRWSet, c.getHashedRwset_asU8());
  }
});
of(kvrwset.KVRWSet, (m, visit, ctx) => {
  if (ctx.namespace !== "_lifecycle") return;
  for (const w of m.getWritesList()) {
    const [, part, , field] = w.getKey().split("/");
    visit(part === "metadata" ? state.StateMetadata : state.StateData, w.getValue_asU8(), { field });
  }
});
of(state.StateData, (m, visit, ctx) => {
  const type = lifecycleField[ctx.field];
  if (type && m.hasBytes()) visit(type, m.getBytes_asU8());
});
of(peer.Transaction, (m, visit) => {
  for (const a of m.getActionsList()) {
    visit(common.SignatureHeader, a.getHeader_asU8());
    visit(peer.ChaincodeActionPayload, a.getPayload_asU8());
  }
});
of(peer.ChaincodeActionPayload, (m, visit) => {
  visit(peer.ChaincodeProposalPayload, m.getChaincodeProposalPayload_asU8());
  visit(peer.ProposalResponsePayload, m.getAction().getProposalResponsePayload_asU8());
  for (const e of m.getAction().getEndorsementsList()) visit(msp.SerializedIdentity, e.getEndorser_asU8());
});

of(peer.ChaincodeMessage, (m, visit, ctx) => {
  if (m.getProposal()) into(m.getProposal(), visit, {});
  const asked = (ctx.asked ??= new Map());
  let type = payloads[m.getType()];
  if (m.getType() === Kind.RESPONSE) type = answers[asked.get(m.getTxid())];
  else asked.set(m.getTxid(), m.getType());
  const history = asked.get(m.getTxid()) === Kind.GET_HISTORY_FOR_KEY;
  if (type && m.getPayload_asU8().length) visit(type, m.getPayload_asU8(), { history });
});
of(peer.QueryResponse, (m, visit, ctx) => {
  const row = ctx.history ? queryresult.KeyModification : queryresult.KV;
  for (const r of m.getResultsList()) visit(row, r.getResultbytes_asU8());
  if (m.getMetadata_asU8().length) visit(peer.QueryResponseMetadata, m.getMetadata_asU8());
});
of(peer.GetStateByRange, (m, visit) => {
  if (m.getMetadata_asU8().length) visit(peer.QueryMetadata, m.getMetadata_asU8());
});

of(peer.DeliverResponse, (m, visit, ctx) => m.hasBlock() && into(m.getBlock(), visit, ctx));
of(orderer.DeliverResponse, (m, visit, ctx) => m.hasBlock() && into(m.getBlock(), visit, ctx));
of(gateway.EndorseRequest, (m, visit, ctx) => into(m.getProposedTransaction(), visit, ctx));
of(gateway.EvaluateRequest, (m, visit, ctx) => into(m.getProposedTransaction(), visit, ctx));
of(gateway.EndorseResponse, (m, visit, ctx) => into(m.getPreparedTransaction(), visit, ctx));
of(gateway.SubmitRequest, (m, visit, ctx) => into(m.getPreparedTransaction(), visit, ctx));
of(gateway.SignedCommitStatusRequest, (m, visit) => visit(gateway.CommitStatusRequest, m.getRequest_asU8()));
of(gateway.SignedChaincodeEventsRequest, (m, visit) => visit(gateway.ChaincodeEventsRequest, m.getRequest_asU8()));
of(gateway.EvaluateResponse, (m, visit, ctx) => {
  const type = queries[ctx.function];
  if (type) visit(type, m.getResult().getPayload_asU8());
});

/** into visits what stands as bytes in a decoded message, if there is one. */
export function into(m, visit, ctx) {
  if (m) inside.get(m.constructor)?.(m, visit, ctx);
}
