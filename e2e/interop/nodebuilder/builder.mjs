// SPDX-License-Identifier: Apache-2.0

// An external builder for packages of type "node", by Fabric's contract: a peer
// calls its four programs, and so launches chaincodes that are Node modules.
//
// A peer's build has no network to fetch modules from, so chaincodes get those
// that are installed beside the builder; build refuses what needs others.

import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const modules = resolve(dirname(fileURLToPath(import.meta.url)), "..", "node_modules");
const json = async (...path) => JSON.parse(await readFile(join(...path), "utf8"));

const programs = {
  /** detect takes packages as `peer lifecycle chaincode package --lang node` makes them. */
  async detect(_source, metadata) {
    const { type } = await json(metadata, "metadata.json");
    if (type !== "node") throw new Error(`a package of type ${type} is not for this builder`);
  },

  /** build keeps the module, whose package.json says how it starts. */
  async build(source, _metadata, output) {
    const module = join(source, "src");
    const { scripts, dependencies } = await json(module, "package.json");
    if (!scripts?.start) throw new Error("package.json has no start script");
    const missing = Object.keys(dependencies ?? {}).filter((name) => !existsSync(join(modules, name)));
    if (missing.length) throw new Error(`not installed beside the builder: ${missing}`);
    await cp(module, join(output, "src"), { recursive: true });
  },

  /** release has nothing to hand out: the chaincode is no service. */
  async release() {},

  /** run starts the module where it may find its dependencies, and lasts as long as it. */
  async run(output, metadata) {
    const at = await mkdtemp(join(tmpdir(), "node-chaincode-"));
    try {
      await cp(join(output, "src"), at, { recursive: true });
      await symlink(modules, join(at, "node_modules"));
      process.exitCode = await start(at, await json(metadata, "chaincode.json"));
    } finally {
      await rm(at, { recursive: true, force: true });
    }
  },
};

/** start runs package.json's start script with the shim's arguments, as `npm start --` would. */
async function start(at, { chaincode_id: id, peer_address: address, ...tls }) {
  const env = { ...process.env, PATH: `${join(modules, ".bin")}:${process.env.PATH}` };
  if (tls.root_cert) {
    const keep = async (name, text) => {
      await writeFile(join(at, name), text, { mode: 0o600 });
      return join(at, name);
    };
    const base64 = (pem) => Buffer.from(pem).toString("base64"); // as Fabric's shim for Node reads it
    env.CORE_PEER_TLS_ENABLED = "true";
    env.CORE_TLS_CLIENT_KEY_PATH = await keep("client.key", base64(tls.client_key));
    env.CORE_TLS_CLIENT_CERT_PATH = await keep("client.crt", base64(tls.client_cert));
    env.CORE_PEER_TLS_ROOTCERT_FILE = await keep("root.crt", tls.root_cert);
  }
  const { scripts } = await json(at, "package.json");
  const args = ["--peer.address", address, "--chaincode-id-name", id];
  const child = spawn("sh", ["-c", `exec ${scripts.start} "$@"`, "start", ...args], { cwd: at, env, stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => child.kill(signal));
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("exit", (code) => done(code ?? 1));
  });
}

const [program, ...folders] = process.argv.slice(2);
try {
  await programs[program](...folders);
} catch (e) {
  console.error(`${program}: ${e.message}`);
  process.exitCode = 1;
}
