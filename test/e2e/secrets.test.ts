/**
 * Every command at its most talkative, in good times and bad, and then a search: no token, code, verifier, client secret or
 * passphrase in anything that was printed (but the one token asked for), in any file outside the vault, in any argument or
 * environment of any process that mailkey started.
 *
 * Children are watched by wrappers first on PATH, which note their arguments and environment before they become the program. mailkey's own
 * arguments are noted from here.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { granted, REPLIES, startHostileServer, type HostileServer, type Reply } from "../../lab/hostile.ts";
import {
  APPLICATION_ID,
  APPLICATION_SECRET,
  CERTIFICATE_CLIENT_ID,
  CONFIDENTIAL_CLIENT_ID,
  CONFIDENTIAL_CLIENT_SECRET,
} from "../../lab/registrations.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { RECIPES } from "../../src/clients/recipes.ts";
import { makeClientCertificate, type ClientCertificate } from "../support/client-certificate.ts";
import { writeExecutable, writeSecretFile } from "../vault/support.ts";
import { Home, type Result } from "./harness.ts";
import { withPrograms } from "./programs.ts";
import { FILES_WITH_PASSWORD, IMPORT_PASSWORD, IMPORT_SECRETS, MAIL_PASSWORD } from "./secret-files.ts";
import { filesBelow, holds, watcher } from "./secret-search.ts";
import { IMPORTED, INFO, SALES, withCompletions, withImports, withoutPerson } from "./secret-scenes.ts";
import { addBy } from "./signing-in.ts";

/** All of them: what they write lies in the home. */
const SET_UP = Object.keys(RECIPES);
const PASSPHRASE = "correct-horse-battery-staple-9174";
const HOSTILE_SECRETS = ["hostile-access-9d41c7", "hostile-refresh-b82e06"];
/** The drop-in knows no provider but the real ones: they are out of reach here, by a proxy that is not there. */
const NO_NETWORK = { HTTPS_PROXY: "http://127.0.0.1:1" };
const WATCHED = ["gpg", "gpgconf", "age", "sh", "secret-tool", "xdg-open"];

withPrograms(["gpg", "age", "dovecot"])("no secret", () => {
  let world: World;
  let hostile: HostileServer;
  let home: Home;
  let bin: string;
  let certificate: ClientCertificate;
  const printed: { words: string; result: Result }[] = [];

  beforeAll(async () => {
    [world, hostile] = await Promise.all([
      startWorld({ mail: "dovecot", accessTokenSeconds: 4, sharedMailboxes: [INFO, SALES] }),
      startHostileServer(),
    ]);
    for (const mailbox of [INFO, SALES]) {
      world.organisation.openMailbox(mailbox, APPLICATION_ID);
      world.organisation.openMailbox(mailbox, CERTIFICATE_CLIENT_ID);
    }
    certificate = await makeClientCertificate(world.folder, "client");
    await world.organisation.registerCertificate(certificate.certificatePem);
    home = new Home(world);
    home.env["TZ"] = "UTC"; // the script's token file has local times
    home.env["GNUPGHOME"] = join(home.folder, "gnupg");
    mkdirSync(home.env["GNUPGHOME"], { mode: 0o700 });
    home.env["NODE_EXTRA_CA_CERTS"] = join(home.folder, "ca.pem");
    writeFileSync(
      home.env["NODE_EXTRA_CA_CERTS"],
      readFileSync(world.caFile, "utf8") + readFileSync(hostile.caFile, "utf8"),
    );
    const children = join(home.folder, "children.log");
    bin = join(home.folder, "bin");
    mkdirSync(bin);
    for (const name of WATCHED) {
      const real = Bun.which(name);
      if (real !== null) writeExecutable(join(bin, name), watcher(children, real));
    }
    writeExecutable(join(bin, "browser"), watcher(children, home.environment()["BROWSER"] ?? ""));
    home.env["BROWSER"] = join(bin, "browser");
    home.env["PATH"] = `${bin}:${home.environment()["PATH"]}`;
    mkdirSync(join(home.folder, ".config/mailkey"), { recursive: true, mode: 0o700 });
    writeFileSync(
      join(home.folder, ".config/mailkey/config.toml"),
      "[network]\ntimeout_seconds = 2\nretry_seconds = 2\n",
      { mode: 0o600 },
    );
    await everything();
  }, 180_000);

  afterAll(async () => {
    await home.program("gpgconf", ["--kill", "all"]);
    await Promise.all([world.stop(), hostile.stop()]);
    home.dispose();
  });

  async function run(...words: string[]): Promise<Result> {
    const result = await home.mailkey(words);
    printed.push({ words: words.join(" "), result });
    return result;
  }

  async function everything(): Promise<void> {
    const { address } = home;
    const passphraseFile = writeSecretFile(join(home.folder, "passphrase"), `${PASSPHRASE}\n`);
    const secretFile = writeSecretFile(join(home.folder, "client-secret"), `${CONFIDENTIAL_CLIENT_SECRET}\n`);
    await run("vault", "init", "gpg", "--passphrase-file", passphraseFile, "--verbose");
    printed.push({ words: "add", result: await home.add(["--verbose"]) });
    for (const flow of ["paste", "device"] as const) {
      printed.push({ words: `add ${flow}`, result: await addBy(flow, home, ["--no-test", "--replace", "--verbose"]) });
    }
    printed.push({
      words: "add, as somebody else",
      result: await home.add(["--replace", "--verbose"], { env: { LAB_LOGIN: "mallory@mail.test" } }),
    });
    printed.push({
      words: "add, declined",
      result: await home.add(["--replace", "--verbose"], { env: { LAB_CONSENT: "deny" } }),
    });
    for (const json of [[], ["--json"]]) {
      for (const words of [
        ["list"],
        ["status"],
        ["show"],
        ["providers"],
        ["providers", "google"],
        ["vault"],
        ["test"],
        ["doctor"],
      ])
        await run(...words, ...json, "--verbose");
    }
    await run("login", address, "--verbose");
    await run("token", address, "--resource", "nonsense", "--verbose");
    await withMailPrograms();
    world.expireNow();
    await run("test", address, "--verbose");
    await run("doctor", "--verbose");
    await run("vault", "move", "age", "--verbose");
    printed.push({
      words: "add, confidential",
      result: await home.add([
        "--replace",
        "--verbose",
        "--no-test",
        `--client-id=${CONFIDENTIAL_CLIENT_ID}`,
        `--client-secret-file=${secretFile}`,
      ]),
    });
    await run("vault", "move", "command", "--encrypt", "base64", "--decrypt", "base64 -d", "--verbose");
    await withHostileProvider();
    await withTokenFile();
    await run("revoke", address, "--yes", "--verbose");
    await run("doctor", "--verbose");
    await withPastedLogs();
    await run("remove", address, "--yes", "--verbose");
    await withoutPerson(home, world, certificate, run);
    await withImports(home, run);
    await withCompletions(run);
  }

  /** The drop-in and the import, over a token file of the script's whose access token is good for an hour, and then for nothing. */
  async function withTokenFile(): Promise<void> {
    const tokens = join(home.folder, "tokens");
    const [accessToken, refreshToken] = HOSTILE_SECRETS;
    for (const expiration of [new Date(Date.now() + 3_600_000).toISOString().slice(0, 19), "2001-01-01T00:00:00"]) {
      const fields = {
        registration: "microsoft",
        authflow: "localhostauthcode",
        email: "someone@mail.test",
        access_token: accessToken,
        access_token_expiration: expiration,
        refresh_token: refreshToken,
        client_id: CONFIDENTIAL_CLIENT_ID,
        client_secret: CONFIDENTIAL_CLIENT_SECRET,
      };
      writeSecretFile(tokens, JSON.stringify(fields));
      const pipes = ["--decryption-pipe", "cat", "--encryption-pipe", "cat"];
      const result = await home.mailkey(["mutt-oauth2", "--verbose", "--debug", ...pipes, tokens], { env: NO_NETWORK });
      if (!expiration.startsWith("2001")) expect(result.stdout).toBe(`Access Token: ${accessToken}\n`);
      // The token that was asked for, once.
      printed.push({
        words: "mutt-oauth2",
        result: { ...result, stdout: result.stdout.replace(accessToken ?? "", "") },
      });
      await run("import", "mutt-oauth2", tokens, "--decryption-pipe", "cat", "--dry-run", "--verbose");
    }
    await run("import", "mutt-oauth2", tokens, "--decryption-pipe", "cat", "--verbose", "--json");
  }

  /** Mail programs set up beside somebody else's account, whose password stands in their files, and taken out again. */
  async function withMailPrograms(): Promise<void> {
    for (const [name, text] of Object.entries(FILES_WITH_PASSWORD)) {
      mkdirSync(dirname(join(home.folder, name)), { recursive: true });
      writeSecretFile(join(home.folder, name), text);
    }
    await run("setup", "--list", "--verbose");
    for (const json of [[], ["--json"]]) {
      for (const flag of [[], ["--print"], ["--yes"], ["--check"]])
        await run("setup", ...SET_UP, ...flag, ...json, "--verbose");
    }
    await run("doctor", "--verbose");
    await run("setup", ...SET_UP, "--remove", "--verbose");
    await run("setup", ...SET_UP, "--remove", "--yes", "--verbose");
  }

  /** People paste logs that have everything in them. */
  async function withPastedLogs(): Promise<void> {
    const log = `AADSTS700082: invalid_grant\n${secrets().join("\n")}\n`;
    for (const flags of [[], ["--json"], ["--account", home.address]]) {
      const words = ["explain", ...flags, "--verbose"];
      printed.push({ words: words.join(" "), result: await home.mailkey(words, { input: log }) });
    }
    printed.push({ words: "explain", result: await home.mailkey(["explain"], { input: secrets().join(" ") }) });
  }

  /** Every failure of a token endpoint that echoes what it was sent where it can. */
  async function withHostileProvider(): Promise<void> {
    const file = join(home.folder, ".config/mailkey/accounts", `${home.address}.toml`);
    const honest = readFileSync(file, "utf8");
    writeFileSync(file, honest.replace(world.endpoints.token, hostile.tokenEndpoint), { mode: 0o600 });
    const echo = [...world.secrets, ...HOSTILE_SECRETS, CONFIDENTIAL_CLIENT_SECRET].join(" ").slice(0, 3000);
    const replies: Reply[] = [
      granted(),
      { status: 500, body: echo },
      { status: 429, headers: { "retry-after": "60" }, body: echo },
      { status: 200, headers: { "content-type": "text/html" }, body: echo },
      "silence",
      "reset",
      "truncate",
      REPLIES.unusedTooLong,
      {
        status: 400,
        body: {
          error: "invalid_client",
          error_description: `your secret ${CONFIDENTIAL_CLIENT_SECRET} and token hostile-refresh-b82e06 are wrong`,
        },
      },
      { status: 400, body: { error: "hostile-refresh-b82e06" } },
      { status: 302, headers: { location: `https://localhost/?${encodeURIComponent(echo)}` }, body: "" },
    ];
    for (const reply of replies) {
      hostile.clear();
      hostile.reply(reply, reply, reply, reply);
      // Its output is judged below by what it prints on failure; the one success prints the token that was asked for.
      const result = await home.mailkey(["token", home.address, "--force", "--verbose"]);
      printed.push({ words: "token", result: result.status === 0 ? { ...result, stdout: "" } : result });
    }
    for (const reply of replies.slice(-3)) {
      hostile.clear();
      hostile.reply(...Array.from({ length: 12 }, () => reply));
      await run("doctor", "--json", "--verbose");
    }
    writeFileSync(file, honest, { mode: 0o600 });
  }

  const secrets = (): string[] => [
    ...world.secrets,
    ...HOSTILE_SECRETS,
    CONFIDENTIAL_CLIENT_SECRET,
    APPLICATION_SECRET,
    PASSPHRASE,
    MAIL_PASSWORD,
    ...Object.values(IMPORT_SECRETS),
    IMPORT_PASSWORD,
    // Not the first line, which begins like that of any key.
    ...certificate.keyPem.trim().split("\n").slice(2, -1),
  ];

  test("was too few to look for", () => {
    expect(world.secrets.length).toBeGreaterThan(20);
    expect(printed.length).toBeGreaterThan(110);
    expect(printed.filter(({ result }) => result.status === 0).length).toBeGreaterThan(65);
  });

  test("is in what was printed", () => {
    const all = secrets();
    const told = (text: string) => all.some((secret) => holds(text, secret));
    const found = printed.flatMap(({ words, result: { stdout, stderr } }) => {
      const text = `${stdout}\n${stderr}`;
      return told(text) ? [`${words}: ${text.split("\n").filter(told).join("\n")}`] : [];
    });
    expect(found).toEqual([]);
  });

  test("is in the arguments or the environment of a program that was started", () => {
    const log = readFileSync(join(home.folder, "children.log"), "utf8");
    for (const name of ["gpg", "browser"]) expect(log).toContain(join(bin, name));
    expect(secrets().filter((secret) => holds(log, secret))).toEqual([]);
  });

  test("is in a file outside the vault", () => {
    const vaultFiles = /\/\.local\/state\/mailkey\/vault/;
    const backups = /\/\.local\/state\/mailkey\/backups\//; // what stood in the user's own files
    const allowed = new Set(
      ["passphrase", "client-secret", "children.log", "tokens", IMPORTED, ...Object.keys(FILES_WITH_PASSWORD)].map(
        (name) => join(home.folder, name),
      ),
    );
    const found = filesBelow(home.folder)
      .filter((path) => !vaultFiles.test(path) && !backups.test(path) && !allowed.has(path))
      .flatMap((path) => {
        const content = readFileSync(path, "latin1");
        return secrets().flatMap((secret) => (holds(content, secret) ? [path] : []));
      });
    expect(found).toEqual([]);
  });
});

describe("the search itself", () => {
  test("finds the token that was asked for, so that it would find others", async () => {
    const world = await startWorld({ mail: "none" });
    const home = new Home(world);
    await home.mailkey(["vault", "init", "age"]);
    await home.add(["--no-test"]);
    const { stdout } = await home.mailkey(["token", home.address]);
    expect(world.secrets.some((secret) => stdout.includes(secret))).toBe(true);
    home.dispose();
    await world.stop();
  });
});
