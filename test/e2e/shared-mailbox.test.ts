/** Mailboxes that a person may open besides their own: one sign-in, one refresh token, several mailboxes; against the real Dovecot. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OWN_CLIENT_ID } from "../../lab/registrations.ts";
import { mailkeyFlags } from "../../lab/mailkey-flags.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { Home, succeeded } from "./harness.ts";
import { withPrograms } from "./programs.ts";

const INFO = "info@mail.test";
const SALES = "sales@mail.test";

withPrograms(["dovecot"])("a shared mailbox", () => {
  let world: World;
  let home: Home;
  let me: string;

  beforeAll(async () => {
    world = await startWorld({ mail: "dovecot", sharedMailboxes: [INFO, SALES] });
    me = world.address;
    world.organisation.openMailbox(INFO, me);
  }, 60_000);
  afterAll(() => world.stop());
  beforeEach(async () => {
    home = new Home(world);
    succeeded(await home.add(["--no-test"]));
  });
  afterEach(() => home.dispose());

  const run = (...words: string[]) => home.mailkey(words);
  const share = (...extra: string[]) => run("add", INFO, "--login-as", me, ...extra);
  const vaultFiles = () => readdirSync(join(home.folder, ".local/state/mailkey/vault"));
  const accountFile = (address: string) => join(home.folder, ".config/mailkey/accounts", `${address}.toml`);
  const token = async (address: string, ...extra: string[]) => succeeded(await run("token", address, ...extra)).stdout;

  test("is opened with the sign-in that is there: nobody signs in, and IMAP, POP3 and SMTP are tried as the mailbox", async () => {
    const signIns = world.tokenRequests.length;
    const { stderr, stdout } = succeeded(await share());
    expect(stderr).toContain(`the sign-in of ${me}`);
    expect(stderr).toMatch(/IMAP .* works[\s\S]*SMTP .* works/);
    expect(stdout).toContain(`token ${INFO}`);
    expect(world.tokenRequests).toHaveLength(signIns);
    const tested = succeeded(await run("test", INFO)).stdout;
    expect(tested.match(/ works /g)).toHaveLength(3);
    const sasl = Buffer.from(await token(INFO, "--format", "sasl"), "base64").toString();
    expect(sasl).toBe(`user=${INFO}\u0001auth=Bearer ${(await token(me)).trim()}\u0001\u0001`);
  });

  test("has no credential of its own: one refresh token serves both, whoever renews", async () => {
    const signedIn = world.liveRefreshTokens(me);
    succeeded(await share());
    expect(vaultFiles()).toHaveLength(1);
    expect(readFileSync(accountFile(INFO), "utf8")).toContain(`credential = "${me}"`);
    const renewed = await token(INFO, "--force");
    expect(await token(me)).toBe(renewed);
    expect(world.liveRefreshTokens(me)).toBe(signedIn);
  });

  test("shares one renewal when both are asked at once", async () => {
    succeeded(await share());
    world.setAccessTokenSeconds(1);
    succeeded(await run("login", me, "--no-test"));
    world.setAccessTokenSeconds(3600);
    const before = world.refreshCount();
    const answers = await Promise.all([me, INFO, me, INFO].map((address) => run("token", address, "--min-ttl=100")));
    expect(answers.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(new Set(answers.map(({ stdout }) => stdout)).size).toBe(1);
    expect(world.refreshCount() - before).toBe(1);
  });

  test("is told to sign in again by the other's name, and signing in by either name mends both", async () => {
    succeeded(await share());
    world.revokeGrants(me);
    const refused = await run("token", INFO, "--force");
    expect([refused.status, refused.stdout]).toEqual([77, ""]);
    expect(refused.stderr).toContain(`mailkey login ${me}`);
    const status = await run("status");
    expect(status.status).toBe(77);
    expect(status.stdout.match(/sign in again/g)).toHaveLength(2);
    succeeded(await run("login", INFO));
    await token(me);
    await token(INFO);
    expect(vaultFiles()).toHaveLength(1);
  });

  test("leaves the sign-in alone when it is removed, and the account stays as long as it is needed", async () => {
    succeeded(await share());
    const kept = await run("remove", me, "--yes");
    expect(kept.status).toBe(78);
    expect(kept.stderr).toContain(`mailkey remove ${INFO}`);
    succeeded(await run("remove", INFO, "--yes"));
    expect(existsSync(accountFile(INFO))).toBe(false);
    await token(me);
    succeeded(await run("remove", me, "--yes"));
    expect(vaultFiles()).toEqual([]);
  });

  test("is not what revokes the sign-in", async () => {
    succeeded(await share());
    const refused = await run("revoke", INFO, "--yes");
    expect(refused.status).toBe(64);
    expect(refused.stderr).toContain(`mailkey revoke ${me}`);
    succeeded(await run("revoke", me, "--yes"));
    expect((await run("token", INFO)).status).toBe(77);
  });

  test("that the person may not open is kept and says so", async () => {
    const result = await run("add", SALES, "--share", me);
    expect(result.status).toBe(69);
    expect(result.stderr).toMatch(/IMAP .* does not work/);
    expect(result.stderr).toContain("have the owner or an administrator open the mailbox");
    expect(result.stderr).not.toContain("mailkey login");
  });

  test("has a sign-in of its own where the flags ask for one, as the person and not the mailbox", async () => {
    succeeded(await share("--replace", ...mailkeyFlags(world), `--client-id=${OWN_CLIENT_ID}`));
    expect(vaultFiles()).toHaveLength(2);
    expect(readFileSync(accountFile(INFO), "utf8")).toContain(`login = "${me}"`);
    // ... and gives it up again, with its credential
    succeeded(await share("--replace"));
    expect(vaultFiles()).toHaveLength(1);
  });

  test("refuses a sign-in by the mailbox's own name when a person was named", async () => {
    const flags = [...mailkeyFlags(world), `--client-id=${OWN_CLIENT_ID}`];
    const result = await home.mailkey(["add", INFO, "--login-as", me, ...flags], { env: { LAB_LOGIN: INFO } });
    expect(result.status).toBe(77);
    expect(existsSync(accountFile(INFO))).toBe(false);
  });

  test("shares with no circle: not with itself, not instead of the one that is shared, and at the source", async () => {
    expect((await run("add", me, "--replace", "--share", me)).status).toBe(64);
    succeeded(await share());
    const circle = await run("add", me, "--replace", "--share", INFO);
    expect(circle.status).not.toBe(0);
    expect(circle.stderr).toContain("cannot share its own sign-in");
    world.organisation.openMailbox(SALES, me);
    succeeded(await run("add", SALES, "--share", INFO));
    expect(readFileSync(accountFile(SALES), "utf8")).toContain(`credential = "${me}"`);
  });

  test("whose account is gone says which", async () => {
    succeeded(await share());
    succeeded(await home.program("rm", [accountFile(me)]));
    const result = await run("token", INFO);
    expect([result.status, result.stdout]).toEqual([78, ""]);
    expect(result.stderr).toContain(`uses the sign-in of ${me}, which is not there`);
    expect(succeeded(await run("list")).stdout).toContain("misconfigured");
  });
});
