import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Roster } from "../../../src/agent/renewing/roster.ts";
import type { Kept } from "../../../src/agent/renewing/targets.ts";
import type { AccountFile } from "../../../src/accounts/account.ts";
import { defaultConfig, type Config } from "../../../src/accounts/config.ts";
import { deleteAccount, saveAccount } from "../../../src/accounts/store.ts";
import { resolvePaths } from "../../../src/platform/paths.ts";
import { removeRecord, writeRecord, type CredentialRecord } from "../../../src/tokens/record.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { failureOf } from "../../vault/support.ts";

const ADDRESS = "me@hotmail.example";
const INFO = "info@hotmail.example";
const clock = new FakeClock();
let home: string;
let kept: Kept[];
let gone: string[];
let roster: Roster;
let config: Config;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mkr-"));
  kept = [];
  gone = [];
  config = defaultConfig({});
  roster = new Roster({
    paths: resolvePaths({ MAILKEY_HOME: home }),
    clock,
    config: () => config,
    kept: (each) => kept.push(each),
    gone: ({ address, resource }) => gone.push(`${address} ${resource}`),
  });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const paths = () => resolvePaths({ MAILKEY_HOME: home });
const save = (change: Partial<AccountFile> = {}) =>
  saveAccount(paths(), {
    address: ADDRESS,
    provider: "custom",
    client: { id: "client-1" },
    scopes: { mail: ["mail"], graph: ["graph"] },
    endpoints: { token: "https://login.example/token" },
    ...change,
  });
const note = (change: Partial<CredentialRecord> = {}) => {
  const now = clock.now();
  const accessTokens = { mail: { obtainedAt: now, lifetimeSeconds: 3600, scope: "mail" } };
  const record: CredentialRecord = { version: 1, signedInAt: now, accessTokens, needsSignIn: false, ...change };
  writeRecord(join(home, "state/status", `${ADDRESS}.json`), record);
};
const names = () => kept.splice(0).map(({ renewable: { target } }) => `${target.address} ${target.resource}`);
const changed = (...files: string[]) => roster.filesChanged(new Set(files));

test("an account's default token is kept, and those of other resources that were asked for", async () => {
  save();
  note();
  await roster.review();
  expect(kept).toMatchObject([
    {
      renewable: { target: { address: ADDRESS, resource: "mail" }, origin: "https://login.example" },
      times: { remainingSeconds: 3600, lifetimeSeconds: 3600 },
    },
  ]);
  names();
  const token = { obtainedAt: clock.now(), lifetimeSeconds: 3600, scope: "graph" };
  note({ accessTokens: { mail: { ...token, scope: "mail" }, graph: token } });
  await changed(`${ADDRESS}.json`);
  expect(names()).toEqual([`${ADDRESS} graph`]);
});

test("an account to which nobody has signed in is left alone until somebody does", async () => {
  save();
  await roster.review();
  expect(names()).toEqual([]);
  note();
  await changed(`${ADDRESS}.json`);
  expect(names()).toEqual([`${ADDRESS} mail`]);
});

test("a recorded failure is no change: it must not cut a wait short", async () => {
  save();
  note();
  await roster.review();
  names();
  note({ failure: { kind: "transient", at: clock.now(), reason: "no answer" } });
  await changed(`${ADDRESS}.json`);
  expect(names()).toEqual([]);
  note({ failure: { kind: "permanent", at: clock.now(), reason: "refused" }, needsSignIn: true });
  await changed(`${ADDRESS}.json`);
  expect(names()).toEqual([]);
  note({ signedInAt: { wallMs: clock.wallMs + 1 } });
  await changed(`${ADDRESS}.json`);
  expect(names()).toEqual([`${ADDRESS} mail`]);
});

test("an edited account is looked at anew, and a removed one is gone", async () => {
  save();
  note();
  await roster.review();
  names();
  save({ user: "another" });
  await changed(`${ADDRESS}.toml`);
  expect(names()).toEqual([`${ADDRESS} mail`]);
  deleteAccount(paths(), ADDRESS);
  await changed(`${ADDRESS}.toml`);
  expect(gone).toEqual([`${ADDRESS} mail`]);
  expect(roster.all).toEqual([]);
});

test("other settings of when to renew are news of every account, and other settings are not", async () => {
  save();
  note();
  await roster.review();
  names();
  config = { ...config, agent: { ...config.agent, notifications: false } };
  await roster.review();
  expect(names()).toEqual([]);
  config = { ...config, agent: { ...config.agent, renewAheadSeconds: 1200 } };
  await roster.review();
  expect(names()).toEqual([`${ADDRESS} mail`]);
});

test("only the token of the default resource goes into the file", async () => {
  save({ token_file: true });
  const token = { obtainedAt: clock.now(), lifetimeSeconds: 3600, scope: "any" };
  note({ accessTokens: { mail: token, graph: token } });
  await roster.review();
  expect(kept.map(({ renewable, tokenFile }) => [renewable.target.resource, tokenFile])).toEqual([
    ["mail", true],
    ["graph", false],
  ]);
});

test("an account that cannot be used is passed over", async () => {
  save({ provider: "nobody" });
  note();
  await roster.review();
  expect(names()).toEqual([]);
});

test("a mailbox that shares a sign-in counts only for its token file, and follows its lender", async () => {
  save();
  note();
  saveAccount(paths(), { address: INFO, credential: ADDRESS });
  await roster.review();
  expect(names()).toEqual([`${ADDRESS} mail`]);
  saveAccount(paths(), { address: INFO, credential: ADDRESS, token_file: true });
  await changed(`${INFO}.toml`);
  expect(names()).toEqual([`${INFO} mail`]);
  expect(roster.wantsFile({ address: INFO, resource: "mail" })).toBe(true);
  expect(roster.wantsFile({ address: ADDRESS, resource: "mail" })).toBe(false);
  note({ signedInAt: { wallMs: clock.wallMs + 1 } });
  await changed(`${ADDRESS}.json`);
  expect(names().toSorted()).toEqual([`${INFO} mail`, `${ADDRESS} mail`]);
  removeRecord(join(home, "state/status", `${ADDRESS}.json`));
  await changed(`${ADDRESS}.json`);
  expect(gone.toSorted()).toEqual([`${INFO} mail`, `${ADDRESS} mail`]);
});

test("files that are no account's are passed over", async () => {
  save();
  note();
  await changed("notes.txt", "backup~", "..toml", "%zz.json");
  expect(names()).toEqual([]);
});

test("accounts that cannot be read are told to whoever asks, and looked at again the next time", async () => {
  save();
  note();
  await roster.review();
  const accounts = join(home, "config/accounts");
  renameSync(accounts, `${accounts}-away`);
  writeFileSync(accounts, "");
  expect((await failureOf(roster.review())).code).toBe("ERR_STORAGE");
  expect(gone).toEqual([]);
  rmSync(accounts);
  renameSync(`${accounts}-away`, accounts);
  deleteAccount(paths(), ADDRESS);
  await roster.review();
  expect(gone).toEqual([`${ADDRESS} mail`]);
});
