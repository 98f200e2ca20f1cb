import { expect, test } from "bun:test";
import { join } from "node:path";
import { keptTokenFile, tokenFileOwner, tokenFilePath } from "../../src/accounts/token-file.ts";
import type { Account } from "../../src/accounts/account.ts";
import { isInMemory } from "../../src/platform/memory-folder.ts";
import type { Paths } from "../../src/platform/paths.ts";

const MEMORY = "/dev/shm";
const paths: Paths = { config: "/c", state: "/s", runtime: join(MEMORY, "nobody/mailkey") };
const onDisk: Paths = { ...paths, runtime: import.meta.dir };
const account = (token_file?: boolean): { address: string; account: Account } => ({
  address: "anna@mail.test",
  account: {
    address: "anna@mail.test",
    provider: "google",
    client: { id: "c" },
    ...(token_file === undefined ? {} : { token_file }),
  },
});

test.if(isInMemory(MEMORY))(
  "programs are to read the file of an account that asks for one, where it is in memory",
  () => {
    expect(keptTokenFile(paths, account(true))).toBe(tokenFilePath(paths, "anna@mail.test"));
    expect(keptTokenFile(paths, account(false))).toBeUndefined();
    expect(keptTokenFile(paths, account())).toBeUndefined();
  },
);

test("programs are not to read a file where it would be on a disk, since there is none", () => {
  expect(keptTokenFile(onDisk, account(true))).toBeUndefined();
});

test("a token file tells whose it is, in whatever session's folder", () => {
  const odd = "o'brien+$(x)@mail.test";
  for (const address of ["anna@mail.test", odd]) {
    expect(tokenFileOwner(paths, tokenFilePath(paths, address))).toBe(address);
    expect(tokenFileOwner(onDisk, tokenFilePath(onDisk, address))).toBe(address);
    expect(tokenFileOwner(onDisk, tokenFilePath(paths, address))).toBe(address);
  }
});

test.each([
  "/run/user/1/mailkey/tokens/%",
  "/run/user/1/mailkey/tokens/Anna@mail.test",
  "/run/user/1/mailkey/tokens/password",
  "/run/user/1/other/tokens/anna@mail.test",
  "/home/anna/tokens/anna@mail.test",
  "tokens/anna@mail.test",
])("another file is nobody's: %s", (path) => {
  expect(tokenFileOwner(paths, path)).toBeUndefined();
});
