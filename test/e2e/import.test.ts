/** Sign-ins of other tools, carried over for good: mailkey renews with what it took, against the real authorization server. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MAIL_SCOPES, THUNDERBIRD_CLIENT_ID } from "../../lab/registrations.ts";
import { obtainTokens, type Tokens } from "../../lab/token-client.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { getmailJson, oamaRecord, proxyConfiguration, type Secrets } from "../import/formats.ts";
import { writeSecretFile } from "../vault/support.ts";
import { Terminal } from "../programs/terminal.ts";
import { ARTEFACT, Home, succeeded } from "./harness.ts";
import { withPrograms } from "./programs.ts";

const SCOPE = Object.values(MAIL_SCOPES).join(" ");
const PASSWORD = "what the mail program says";

withPrograms(["gpg", "tmux"])("a sign-in of another tool's", () => {
  let world: World;
  let home: Home;
  let tokens: Tokens;
  let secrets: Secrets;

  beforeAll(async () => {
    world = await startWorld({ mail: "none" });
  });
  afterAll(() => world.stop());
  beforeEach(async () => {
    home = new Home(world);
    succeeded(await home.mailkey(["vault", "init", "age"]));
    tokens = await obtainTokens(world);
    secrets = { ...tokens, clientSecret: "" };
  });
  afterEach(async () => {
    await home.program("gpgconf", ["--kill", "all"]);
    home.dispose();
  });

  /** The token that was carried over, then one by the refresh token that was, and one by what that brought. */
  async function goesOn(): Promise<void> {
    const token = async (...flags: string[]) =>
      succeeded(await home.mailkey(["token", home.address, ...flags])).stdout.trimEnd();
    const before = world.refreshCount();
    expect(await token()).toBe(tokens.accessToken);
    expect(world.refreshCount()).toBe(before);
    const second = await token("--force");
    expect(second).not.toBe(tokens.accessToken);
    expect(await token("--force")).not.toBe(second);
    expect(world.refreshCount()).toBe(before + 2);
  }

  async function imports(...args: string[]): Promise<void> {
    const { stdout, stderr } = succeeded(await home.mailkey(["import", ...args]));
    expect(stdout).toContain(`account        ${home.address}`);
    for (const secret of [tokens.accessToken, tokens.refreshToken, PASSWORD])
      expect(stdout + stderr).not.toContain(secret);
  }

  test("of email-oauth2-proxy goes on, decrypted with the password", async () => {
    const { authorization: permissionUrl, token: tokenUrl } = world.endpoints;
    const text = proxyConfiguration(secrets, {
      password: PASSWORD,
      iterations: 120_000,
      address: home.address,
      permissionUrl,
      tokenUrl,
      clientId: THUNDERBIRD_CLIENT_ID,
      scope: SCOPE,
    });
    const file = writeSecretFile(join(home.folder, "emailproxy.config"), text);
    const password = writeSecretFile(join(home.folder, "password"), `${PASSWORD}\n`);
    await imports(file, "--address", home.address, "--password-file", password);
    await goesOn();
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  test("of email-oauth2-proxy is shown first at a terminal, after its password was asked for", async () => {
    const file = writeSecretFile(join(home.folder, "p"), proxyConfiguration(secrets, { password: PASSWORD }));
    const line = `${ARTEFACT} import p --address anna@gmail.com`;
    const answers = async (terminal: Terminal, ...passwords: string[]) => {
      for (const password of passwords) {
        await terminal.shows("The password that your mail program gives the proxy for");
        await terminal.type(password);
        await terminal.press("Enter");
      }
    };
    await Terminal.with({ home, line }, async (terminal) => {
      await answers(terminal, PASSWORD);
      expect(await terminal.shows("Import it?")).toContain("refresh token  would go into the vault");
      await terminal.press("Right", "Enter");
      await terminal.shows("nothing was imported");
    });
    expect((await home.mailkey(["show", "anna@gmail.com"])).status).not.toBe(0);
    await Terminal.with({ home, line }, async (terminal) => {
      await answers(terminal, "wrong");
      await terminal.shows("Another password is needed");
      await terminal.type(PASSWORD);
      await terminal.press("Enter");
      await terminal.shows("Import it?");
      await terminal.press("Enter");
      expect(await terminal.shows("Next: mailkey test anna@gmail.com")).not.toContain(PASSWORD);
    });
    succeeded(await home.mailkey(["show", "anna@gmail.com"]));
    expect(readFileSync(file, "utf8")).not.toContain(tokens.refreshToken);
  });

  test("of getmail goes on", async () => {
    const { authorization, token } = world.endpoints;
    const changes = {
      user: home.address,
      client_id: THUNDERBIRD_CLIENT_ID,
      client_secret: "",
      auth_uri: authorization,
      token_uri: token,
      scope: SCOPE,
    };
    await imports(writeSecretFile(join(home.folder, "tokens.json"), getmailJson(secrets, changes)));
    await goesOn();
  });

  test("of oama goes on, decrypted by gpg, for each record that is found", async () => {
    const [config, state] = [join(home.folder, ".config", "oama"), join(home.folder, ".local", "state", "oama")];
    for (const folder of [config, state]) mkdirSync(folder, { recursive: true });
    const gnupg = join(home.folder, ".gnupg");
    mkdirSync(gnupg, { mode: 0o700 });
    const gpg = (...args: string[]) =>
      home.program("gpg", ["--batch", "--pinentry-mode", "loopback", "--passphrase", "", ...args]);
    succeeded(await gpg("--quick-generate-key", "anna <anna@mail.test>", "default", "default", "never"));
    const record = oamaRecord(secrets, { email: home.address, service: "lab", scope: SCOPE });
    writeFileSync(join(home.folder, "record"), record);
    const encrypted = join(state, `${home.address}.oauth`);
    succeeded(
      await gpg("--encrypt", "--recipient", "anna@mail.test", "--output", encrypted, join(home.folder, "record")),
    );
    writeFileSync(
      join(config, "config.yaml"),
      `encryption:
  tag: GPG
  contents: anna@mail.test
services:
  lab:
    client_id: ${THUNDERBIRD_CLIENT_ID}
    auth_endpoint: ${world.endpoints.authorization}
    token_endpoint: ${world.endpoints.token}
`,
    );
    const shown = succeeded(await home.mailkey(["import"]));
    expect(shown.stdout).toContain("would import:");
    await imports("--yes");
    await goesOn();
  });
});
