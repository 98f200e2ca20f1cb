/** Every way to sign in, with the real authorization server; and everybody who must not get in. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CONFIDENTIAL_CLIENT_ID, CONFIDENTIAL_CLIENT_SECRET, OWN_CLIENT_ID } from "../../lab/registrations.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { writeSecretFile } from "../vault/support.ts";
import { Home, succeeded } from "./harness.ts";
import { addBy } from "./signing-in.ts";

let world: World;
let home: Home;
beforeAll(async () => {
  world = await startWorld({ mail: "none" });
});
afterAll(() => world.stop());
beforeEach(async () => {
  home = new Home(world);
  succeeded(await home.mailkey(["vault", "init", "age"]));
});
afterEach(() => home.dispose());

const token = async () => succeeded(await home.mailkey(["token", home.address])).stdout;
const accounts = () => join(home.folder, ".config/mailkey/accounts");

describe("signing in", () => {
  test("through the browser over https, for a client registered as https://localhost, announces the browser's warning", async () => {
    const { stderr } = succeeded(await home.add(["--no-test"]));
    expect(stderr).toContain("Thunderbird");
    expect(stderr).toContain("your browser warns about the certificate");
    expect(await token()).toMatch(/^\S+\n$/);
  });

  test("through the browser over http, with a client registration of one's own", async () => {
    const { stderr } = succeeded(await home.add(["--no-test", `--client-id=${OWN_CLIENT_ID}`]));
    expect(stderr).not.toContain("warns about the certificate");
    expect(await token()).toMatch(/^\S+\n$/);
  });

  test("by pasting the address that the browser ended on", async () => {
    const { stdout } = succeeded(await addBy("paste", home, ["--no-test"]));
    expect(JSON.parse(stdout)).toMatchObject({ address: home.address, flow: "paste", signed_in_as: home.address });
    expect(await token()).toMatch(/^\S+\n$/);
  });

  test("by a code typed in elsewhere", async () => {
    const { stdout } = succeeded(await addBy("device", home, ["--no-test"]));
    expect(JSON.parse(stdout)).toMatchObject({ flow: "device" });
    expect(await token()).toMatch(/^\S+\n$/);
  });

  test("with a confidential client sends its secret from the file, and renews with it", async () => {
    const file = writeSecretFile(join(home.folder, "secret"), `${CONFIDENTIAL_CLIENT_SECRET}\n`);
    succeeded(await home.add(["--no-test", `--client-id=${CONFIDENTIAL_CLIENT_ID}`, `--client-secret-file=${file}`]));
    succeeded(await home.mailkey(["token", home.address, "--force"]));
    const account = readFileSync(join(accounts(), `${home.address}.toml`), "utf8");
    expect(account).not.toContain(CONFIDENTIAL_CLIENT_SECRET);
  });

  test("once is enough for the tokens of several resources, each with a cache of its own", async () => {
    succeeded(await home.add(["--no-test", "--resource=graph"]));
    const graph = () => home.mailkey(["token", home.address, "--resource", "graph", "--format", "json"]);
    const first = JSON.parse(succeeded(await graph()).stdout) as Record<string, string>;
    expect(first["scope"]).toContain("https://graph.microsoft.com/Mail.Send");
    expect(first["scope"]).not.toContain("outlook.office.com");
    const refreshes = world.refreshCount();
    expect(JSON.parse(succeeded(await graph()).stdout)).toMatchObject({ access_token: first["access_token"] ?? "" });
    expect((await token()).trim()).not.toBe(first["access_token"] ?? "");
    expect(world.refreshCount()).toBe(refreshes);
  });

  test("gives tokens in the forms that programs want", async () => {
    succeeded(await home.add(["--no-test", "--imap=localhost:993", "--smtp=localhost:587"]));
    const plain = (await token()).trim();
    const decoded = `user=${home.address}\u0001auth=Bearer ${plain}\u0001\u0001`;
    const sasl = succeeded(
      await home.mailkey(["token", home.address, "--format", "sasl", "--protocol", "smtp"]),
    ).stdout.trim();
    expect(Buffer.from(sasl, "base64").toString()).toBe(decoded);
    expect(succeeded(await home.mailkey(["token", home.address, "--format", "msasl"])).stdout).toBe(
      `XOAUTH2 ${sasl}\n`,
    );
  });

  test("again keeps the account and brings a new grant", async () => {
    succeeded(await home.add(["--no-test"]));
    const before = await token();
    world.revokeGrants(home.address);
    const refusedRun = await home.mailkey(["token", home.address, "--force"]);
    expect([refusedRun.status, refusedRun.stdout]).toEqual([77, ""]);
    expect(refusedRun.stderr).toContain(`mailkey: hint: mailkey login ${home.address}`);
    succeeded(await home.mailkey(["login", home.address, "--no-test"]));
    expect(await token()).not.toBe(before);
  });
});

describe("nothing is stored", () => {
  const stored = () => ({
    accounts: existsSync(accounts()) ? readdirSync(accounts()) : [],
    vault: existsSync(join(home.folder, ".local/state/mailkey/vault"))
      ? readdirSync(join(home.folder, ".local/state/mailkey/vault"))
      : [],
  });

  test("when somebody else signs in: refused with both names", async () => {
    const result = await home.add(["--no-test"], { env: { LAB_LOGIN: "mallory@mail.test" } });
    expect(result.status).toBe(77);
    expect(result.stderr).toContain("mallory@mail.test");
    expect(result.stderr).toContain(home.address);
    expect(stored()).toEqual({ accounts: [], vault: [] });
  });

  test("when consent is declined", async () => {
    const result = await home.add(["--no-test"], { env: { LAB_CONSENT: "deny" } });
    expect(result.status).toBe(77);
    expect(stored()).toEqual({ accounts: [], vault: [] });
  });

  test("when the client id is one that was switched off: refused with the reason before anything is asked", async () => {
    const result = await home.add(["--no-test", "--client-id=08162f7c-0fd2-4200-a84a-f25a4db0b584"]);
    expect(result.status).toBe(78);
    expect(result.stderr).toContain("AADSTS7000112");
    expect(stored()).toEqual({ accounts: [], vault: [] });
  });

  test("when there is such an account already and nobody says to replace it", async () => {
    succeeded(await home.add(["--no-test"]));
    const again = await home.add(["--no-test"]);
    expect(again.status).toBe(64);
    succeeded(await home.add(["--no-test", "--replace"]));
  });
});

test("show, list, status, providers, remove and revoke agree on an account", async () => {
  succeeded(await home.add(["--no-test"]));
  for (const words of [["list"], ["status"], ["show"]])
    expect(succeeded(await home.mailkey(words)).stdout).toContain(home.address);
  expect(succeeded(await home.mailkey(["providers"])).stdout).toContain("microsoft");
  const revoked = await home.mailkey(["revoke", home.address, "--yes"]);
  expect(revoked.stderr + revoked.stdout).toMatch(/https:\/\/|revoked/);
  succeeded(await home.mailkey(["remove", home.address, "--yes"]));
  expect((await home.mailkey(["token", home.address])).status).toBe(78);
});
