import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTokenFile } from "../../src/accounts/set-token-file.ts";
import { accountPath, readAccount, saveAccount } from "../../src/accounts/store.ts";
import { resolvePaths } from "../../src/platform/paths.ts";
import { failureOf } from "../vault/support.ts";

const ADDRESS = "anna@mail.test";
const BY_HAND = `# mine
address = "anna@mail.test" # the usual one
provider = "google"

# how I sign in
[client]
id = "client"
`;

let home: string;
const paths = () => resolvePaths({ MAILKEY_HOME: home });
const path = () => accountPath(paths(), ADDRESS);
const text = () => readFileSync(path(), "utf8");
const isOn = () => readAccount(paths(), ADDRESS)?.token_file === true;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mailkey-set-token-file-"));
  mkdirSync(join(home, "config/accounts"), { recursive: true, mode: 0o700 });
  write(BY_HAND);
});
afterEach(() => rmSync(home, { recursive: true }));

function write(content: string): void {
  writeFileSync(path(), content);
  chmodSync(path(), 0o640);
}

test("one line is added where it counts, and all else stays as it is", () => {
  expect(setTokenFile(paths(), ADDRESS, true)).toBe(true);
  expect(text()).toBe(BY_HAND.replace('"google"\n', '"google"\ntoken_file = true\n'));
  expect(isOn()).toBe(true);
  expect(statSync(path()).mode & 0o777).toBe(0o640);
});

test("off after on leaves the file byte for byte as it was", () => {
  for (const content of [BY_HAND, BY_HAND.replaceAll("\n", "\r\n"), BY_HAND.slice(0, -1)]) {
    write(content);
    setTokenFile(paths(), ADDRESS, true);
    expect(isOn()).toBe(true);
    setTokenFile(paths(), ADDRESS, false);
    expect(text()).toBe(content);
  }
});

test("a line of the user's own keeps its comment and place", () => {
  write(`token_file  = false # for msmtp\n${BY_HAND}`);
  setTokenFile(paths(), ADDRESS, true);
  expect(text()).toBe(`token_file  = true # for msmtp\n${BY_HAND}`);
  setTokenFile(paths(), ADDRESS, false);
  expect(text()).toBe(`token_file  = false # for msmtp\n${BY_HAND}`);
});

test("what add has written is switched, too", () => {
  saveAccount(paths(), { address: ADDRESS, provider: "google", client: { id: "client" } });
  const before = text();
  setTokenFile(paths(), ADDRESS, true);
  expect(isOn()).toBe(true);
  setTokenFile(paths(), ADDRESS, false);
  expect(text()).toBe(before);
});

test("nothing happens when it is so already", () => {
  expect(setTokenFile(paths(), ADDRESS, false)).toBe(false);
  expect(text()).toBe(BY_HAND);
});

test("a file that one line would not change safely stays, with the line to write in the hint", async () => {
  // What looks like a section is the middle of a string.
  const odd = ['user = """\\', "  [x] \\", '  """', BY_HAND].join("\n");
  write(odd);
  const error = await failureOf(Promise.resolve().then(() => setTokenFile(paths(), ADDRESS, true)));
  expect(error).toMatchObject({ code: "ERR_CONFIG", hint: expect.stringContaining("token_file = true") as string });
  expect(text()).toBe(odd);
});
