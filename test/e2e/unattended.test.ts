/** Mailboxes that nobody signs in to, against the real authorization server and Dovecot: applications and service accounts. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { applicationFlags, serviceAccountFlags } from "../../lab/mailkey-flags.ts";
import { APPLICATION_ID, APPLICATION_SECRET, CERTIFICATE_CLIENT_ID } from "../../lab/registrations.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { makeClientCertificate, type ClientCertificate } from "../support/client-certificate.ts";
import { writeSecretFile } from "../vault/support.ts";
import { finish, Home, succeeded, type Result } from "./harness.ts";
import { withPrograms } from "./programs.ts";

const INFO = "info@mail.test";
const SALES = "sales@mail.test";

withPrograms(["dovecot"])("without a person", () => {
  let world: World;
  let home: Home;
  let certificate: ClientCertificate;

  beforeAll(async () => {
    world = await startWorld({ mail: "dovecot", sharedMailboxes: [INFO, SALES] });
    for (const mailbox of [INFO, SALES]) {
      world.organisation.openMailbox(mailbox, APPLICATION_ID);
      world.organisation.openMailbox(mailbox, CERTIFICATE_CLIENT_ID);
    }
    certificate = await makeClientCertificate(world.folder, "client");
    await world.organisation.registerCertificate(certificate.certificatePem);
  }, 60_000);
  afterAll(() => world.stop());
  beforeEach(() => {
    home = new Home(world);
  });
  afterEach(() => home.dispose());

  const add = (address: string, flags: readonly string[]): Promise<Result> => home.mailkey(["add", address, ...flags]);
  const addApplication = (address: string, extra: readonly string[] = []) => {
    const file = writeSecretFile(join(home.folder, "secret"), `${APPLICATION_SECRET}\n`);
    const client = [`--client-id=${APPLICATION_ID}`, `--client-secret-file=${file}`];
    return add(address, [...applicationFlags(world), ...client, ...extra]);
  };
  const addSigning = (
    address: string,
    { keyFile, certificateFile }: ClientCertificate,
    extra: readonly string[] = [],
  ) =>
    add(address, [
      ...applicationFlags(world),
      `--client-id=${CERTIFICATE_CLIENT_ID}`,
      `--certificate=${certificateFile}`,
      `--key=${keyFile}`,
      ...extra,
    ]);
  const addServiceAccount = async (address: string, extra: readonly string[] = []) => {
    const keyFile = await world.organisation.createServiceAccount();
    const file = writeSecretFile(join(home.folder, "service.json"), keyFile);
    return add(address, [...serviceAccountFlags(world, file), ...extra]);
  };
  const token = async (address: string, ...extra: string[]) =>
    succeeded(await home.mailkey(["token", address, ...extra])).stdout;
  const works = async (address: string) => {
    const { stdout } = succeeded(await home.mailkey(["test", address]));
    expect(stdout.match(/ works /g)).toHaveLength(3);
  };

  test("an application with a secret opens the mailbox by IMAP, POP3 and SMTP, and asks anew when its token ends", async () => {
    const { stderr } = succeeded(await addApplication(INFO));
    expect(stderr).toContain("Nobody signs in");
    expect(stderr).toMatch(/IMAP .* works/);
    await works(INFO);
    const first = await token(INFO);
    expect(await token(INFO)).toBe(first);
    expect(await token(INFO, "--force")).not.toBe(first);
    expect(world.tokenRequests.at(-1)).toMatchObject({ grantType: "client_credentials", clientId: APPLICATION_ID });
    const { stdout } = succeeded(await home.mailkey(["status", "--json"]));
    expect(JSON.parse(stdout)).toMatchObject([{ health: "ok", grant: "client_credentials", sign_in_ends_at: null }]);
  });

  test("one application opens many mailboxes: each further one needs its address and no more", async () => {
    succeeded(await addApplication(INFO));
    const asked = world.tokenRequests.length;
    succeeded(await add(SALES, ["--share", INFO]));
    await works(SALES);
    expect(world.tokenRequests.length).toBe(asked);
    expect(await token(SALES)).toBe(await token(INFO));
  });

  test("an application that opens a whole domain needs no account for each of its mailboxes", async () => {
    succeeded(await addApplication(INFO, ["--catch-all=mail.test"]));
    const child = home.start(["tunnel", SALES]);
    child.stdin?.write("a LOGOUT\r\n");
    const { stdout } = succeeded(await finish(child));
    expect(stdout).toMatch(/^\* PREAUTH .* mailkey: sales@mail\.test is logged in\r\n/);
  });

  test("an application signs with its certificate's key, which may be encrypted", async () => {
    succeeded(await addSigning(INFO, certificate));
    await works(INFO);
    const locked = await makeClientCertificate(home.folder, "locked", { passphrase: "open sesame" });
    await world.organisation.registerCertificate(locked.certificatePem);
    const file = writeSecretFile(join(home.folder, "passphrase"), "open sesame\n");
    succeeded(await addSigning(SALES, locked, [`--key-passphrase-file=${file}`]));
    await works(SALES);
    await world.organisation.registerCertificate(certificate.certificatePem);
  });

  test("people can sign in with a client that signs, and refreshing signs too", async () => {
    const flags = [`--client-id=${CERTIFICATE_CLIENT_ID}`, `--certificate=${certificate.certificateFile}`];
    succeeded(await home.add([...flags, `--key=${certificate.keyFile}`]));
    await token(home.address, "--force");
    expect(world.tokenRequests.at(-1)).toMatchObject({ grantType: "refresh_token", status: 200 });
    expect(world.tokenRequests.at(-1)?.parameters).toContain("client_assertion");
  });

  test("a service account opens the mailbox that it names, with its key file or without it", async () => {
    succeeded(await addServiceAccount(INFO));
    await works(INFO);
    succeeded(await addServiceAccount(SALES, ["--key-in-vault"]));
    writeSecretFile(join(home.folder, "service.json"), "gone");
    const first = await token(SALES);
    expect(await token(SALES, "--force")).not.toBe(first);
    await works(SALES);
  });

  test("says in status and show that nobody signs in, and login asks for a new token", async () => {
    succeeded(await addApplication(INFO));
    const first = await token(INFO);
    expect(succeeded(await home.mailkey(["status"])).stdout).toMatch(/info@mail\.test .* nobody .* ok/);
    expect(succeeded(await home.mailkey(["show", INFO])).stdout).toContain("nobody has to");
    const { stderr } = succeeded(await home.mailkey(["login", INFO]));
    expect(stderr).toContain("There is nobody to sign in for info@mail.test");
    expect(await token(INFO)).not.toBe(first);
  });

  test("a mailbox that is not open to the application is kept, with what an administrator has to do", async () => {
    const { status, stderr } = await addApplication("boss@mail.test");
    expect(status).toBe(69);
    expect(stderr).toContain("Add-MailboxPermission");
    expect(succeeded(await home.mailkey(["list"])).stdout).toContain("boss@mail.test");
  });

  test("an outage is waited out and costs nothing", async () => {
    succeeded(await addApplication(INFO));
    const first = await token(INFO);
    await world.stopAuthorizationServer();
    expect(await token(INFO)).toBe(first);
    const refused = await home.mailkey(["token", INFO, "--force"], { env: {} });
    expect([refused.status, refused.stdout]).toEqual([75, ""]);
    await world.startAuthorizationServer();
    expect(await token(INFO, "--force")).not.toBe(first);
  }, 90_000);

  test("a wrong secret is refused with where the right one belongs, and nothing is kept", async () => {
    const file = writeSecretFile(join(home.folder, "wrong"), "not-the-application's-secret\n");
    const flags = [...applicationFlags(world), `--client-id=${APPLICATION_ID}`, `--client-secret-file=${file}`];
    const { status, stderr } = await add(INFO, flags);
    expect(status).toBe(78);
    expect(stderr).toContain("invalid_client");
    expect(stderr).not.toContain("not-the-application's-secret");
    expect(succeeded(await home.mailkey(["list", "--json"])).stdout).toBe("[]\n");
  });

  test("a key that others can read is not used", async () => {
    succeeded(await addServiceAccount(INFO));
    chmodSync(join(home.folder, "service.json"), 0o644);
    const { status, stderr } = await home.mailkey(["token", INFO, "--force"]);
    expect(status).toBe(78);
    expect(stderr).toContain("can be read or changed by other users");
  });

  test("the endpoint of many organisations is refused before anybody is asked", async () => {
    const asked = world.tokenRequests.length;
    const { status, stderr } = await addApplication(INFO, [`--token-endpoint=${world.endpoints.token}`]);
    expect([status, world.tokenRequests.length]).toEqual([78, asked]);
    expect(stderr).toContain("AADSTS9001023");
    expect(stderr).toContain("--tenant TENANT");
  });

  test("personal accounts have no such grant", async () => {
    const { status, stderr } = await addApplication("me@outlook.com", ["--provider=microsoft-personal"]);
    expect(status).toBe(78);
    expect(stderr).toContain("lets no application in without a person");
  });

  test("no key, secret, passphrase, assertion or token is printed or written anywhere but where it is asked for", async () => {
    const locked = await makeClientCertificate(home.folder, "locked", { passphrase: "open sesame 4711" });
    await world.organisation.registerCertificate(locked.certificatePem);
    const passphrase = writeSecretFile(join(home.folder, "passphrase"), "open sesame 4711\n");
    const results = [
      await addSigning(INFO, locked, [`--key-passphrase-file=${passphrase}`, "--verbose"]),
      await addServiceAccount(SALES, ["--key-in-vault", "--verbose"]),
      await addApplication("boss@mail.test", ["--verbose", "--json"]),
    ];
    for (const address of [INFO, SALES])
      for (const words of [["show"], ["test"], ["login"]])
        results.push(await home.mailkey([...words, address, "--verbose"]));
    world.expireNow();
    results.push(await home.mailkey(["test", INFO, "--force", "--json"]));
    for (const words of [["list"], ["status"], ["doctor"], ["revoke", INFO, "--yes"]])
      results.push(await home.mailkey([...words, "--json", "--verbose"]));
    await world.organisation.registerCertificate(certificate.certificatePem); // the key is now a wrong one
    results.push(await home.mailkey(["token", INFO, "--force", "--verbose"]));
    expect(results.map(({ status }) => status)).toEqual([0, 0, 69, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 78]);

    const keyLines = locked.keyPem.split("\n").filter((line) => line.length > 40);
    const secrets = [...world.secrets, ...keyLines, APPLICATION_SECRET, "open sesame 4711"];
    expect(secrets.length).toBeGreaterThan(40);
    const printed = results.map(({ stdout, stderr }) => stdout + stderr).join("\n");
    const accounts = join(home.folder, ".config/mailkey/accounts");
    const written = readdirSync(accounts).map((name) => readFileSync(join(accounts, name), "utf8"));
    const state = join(home.folder, ".local/state/mailkey/status");
    written.push(...readdirSync(state).map((name) => readFileSync(join(state, name), "utf8")));
    for (const text of [printed, ...written]) expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  }, 90_000);
});
